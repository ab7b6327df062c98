"""The rows of PHE's 2019 forms for radiography, made of cells (export-rules §8.3, §8.4).

A form is pasted as it is: its cells stay where they are, whatever is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from doseexport.catalogue.columns import DATE, NUMBER, Cells, Column
from doseexport.catalogue.layouts import NO_EXCLUSIONS, FileContext, Row, Sheet


class Exam(NamedTuple):
    """A study's cells: DAP in cGy·cm², weight in kg, age in years, height in m."""

    record: str
    date: str
    dap: str
    procedure: str
    requested: str
    description: str
    weight: str
    age: str
    sex: str
    height: str
    projections: str


class Projection(NamedTuple):
    """An event's cells: DAP in cGy·cm², grid focal distance in mm, focus to detector (fdd) in cm."""

    dap: str
    protocol: str
    grid: str
    fdd: str
    materials: str
    thicknesses: str
    aec: str
    kvp: str
    mas: str
    orientation: str
    modifier: str
    table: str
    exposure_index: str
    view: str


def join_names(*names: str) -> str:
    """Return the names that are there, with " | " between them."""
    return " | ".join(filter(None, names))


def describe_filtration(materials: str, thicknesses: str) -> str:
    """Return materials and then thicknesses (mm); nothing without a material."""
    return f"{materials} {thicknesses}" if materials else ""


def describe_position(orientation: str, modifier: str, table: str) -> str:
    """Return how the patient lay; without an orientation it starts with the comma of what follows."""
    return orientation + "".join(f", {each}" for each in (modifier, table) if each)


def describe_view(exposure_index: str, view: str) -> str:
    """Return exposure index (two decimals) and view; without an index it starts with the space."""
    index = Decimal(exposure_index or 0)
    rounded = index.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return (f"EI: {rounded:f}" if index else "") + (f" {view}" if view else "")


def describe_projection(event: Projection) -> Cells:
    """Return the ten cells from "Detector used" to "Other projection info"."""
    return [
        "",
        event.grid,
        event.fdd,
        describe_filtration(event.materials, event.thicknesses),
        event.aec,
        event.kvp,
        event.mas,
        describe_position(event.orientation, event.modifier, event.table),
        "",
        describe_view(event.exposure_index, event.view),
    ]


_PROJECTION = (
    Column("Detector used", "", meaning="always blank"),
    Column("Grid used", "", NUMBER, "mm, focal distance of the grid"),
    Column("FDD", "", NUMBER, "cm, source to detector"),
    Column("Filtration in mm Al", "", meaning="materials, then thicknesses in mm"),
    Column("AEC used", "", meaning="exposure control mode"),
    Column("kVp", "", NUMBER, "kV"),
    Column("mAs", "", NUMBER, "mAs"),
    Column("Patient position", "", meaning="orientation, modifier, relation to the table"),
    Column("Detector in bucky", "", meaning="always blank"),
    Column("Other projection info", "", meaning="exposure index and view"),
)

_ENDING = (
    "Additional one",
    "Additional two",
    "Additional three",
    "Additional four",
    "SNOMED CT code",
    "NICIP code",
    "Variation in dose collection",
    "Other information, comments",
)


def _exam_columns(dap: str) -> tuple[Column, ...]:
    return (
        Column("", ""),
        Column("PHE Record No", "", NUMBER, "number of the row"),
        Column("Contributor's record ID", "", NUMBER, "OpenREM's number of the study"),
        Column("Exam date", "", DATE, "(0008,0020)"),
        Column(dap, "", NUMBER, "cGy.cm^2"),
        Column("DAP dose units", "", meaning="cGy·cm²"),
        Column("Protocol name", "", meaning="procedure, requested procedure, study description"),
        Column("Patient weight", "", NUMBER, "kg"),
        Column("", ""),
        Column("", ""),
        Column("Patient age", "", NUMBER, "years"),
        Column("Sex", "", meaning="(0010,0040)"),
        Column("Height", "", NUMBER, "m"),
    )


def _exam_cells(number: int, exam: Exam, dap: str, protocol: str = "") -> Cells:
    names = join_names(exam.procedure, exam.requested, exam.description, protocol)
    who = [exam.weight, "", "", exam.age, exam.sex, exam.height]
    return ["", str(number), exam.record, exam.date, dap, "cGy·cm²", names, *who]


class SingleProjection:
    """The rows of the form for one projection: a study's first event."""

    exclusions = NO_EXCLUSIONS
    sheets: Sequence[Sheet] = (
        Sheet(
            "PHE DX 2019 Single Projection",
            (
                *_exam_columns("Projection DAP dose"),
                *_PROJECTION,
                *(Column(heading, "", meaning="always blank") for heading in _ENDING),
            ),
        ),
    )

    def __init__(self, _: FileContext) -> None:
        self._studies = self._empty = self._several = 0

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Return the study's row."""
        self._studies += 1
        self._empty += not events
        self._several += len(events) > 1
        event = Projection(*(events[0] if events else [""] * len(Projection._fields)))
        exam = _exam_cells(self._studies, Exam(*study), event.dap, event.protocol)
        yield 0, [*exam, *describe_projection(event)]

    def end(self) -> Iterable[Row]:
        """Return nothing: every row is known with its study."""
        return ()

    @property
    def warnings(self) -> Sequence[str]:
        """What the form does not show."""
        return (
            *_warn(self._empty, "No event in {n} of the studies: the projection's cells are blank."),
            *_warn(self._several, "Several events in {n} of the studies: only the first is in the form."),
        )


FEW = 6
MANY = 20


class WholeStudy:
    """The rows of the form for studies: their projections side by side, six, or twenty if one has more."""

    exclusions = NO_EXCLUSIONS

    def __init__(self, start: FileContext) -> None:
        self._projections = MANY if start.widths["events"] > FEW else FEW
        self._studies = self._empty = self._over = 0
        self.sheets: Sequence[Sheet] = (_lay_out_study(self._projections),)

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Return the study's row; the blocks of events beyond the form go on to its right."""
        self._studies += 1
        self._empty += not events
        self._over += len(events) > self._projections
        exam = Exam(*study)
        found = [Projection(*cells) for cells in events]
        daps = [event.dap for event in found[: self._projections]]
        daps += [""] * (self._projections - len(daps))
        blocks = [cell for event in found for cell in (event.protocol, *describe_projection(event))]
        yield 0, [*_exam_cells(self._studies, exam, exam.dap), exam.projections, *daps, *blocks]

    def end(self) -> Iterable[Row]:
        """Return nothing: every row is known with its study."""
        return ()

    @property
    def warnings(self) -> Sequence[str]:
        """What the form does not show, or not in its place."""
        return (
            *_warn(self._empty, "No event in {n} of the studies: the projections' cells are blank."),
            *_warn(
                self._over,
                f"More than {self._projections} events in {{n}} of the studies: the further ones follow to"
                " the right, under the last headings and past them, without their DAP.",
            ),
        )


def _lay_out_study(projections: int) -> Sheet:
    numbers = range(1, projections + 1)
    block = (Column("", ""), *_PROJECTION)
    ending = zip(_ENDING, block, strict=False)  # a block that goes on lies under these
    kinds = tuple(column.kind for column in block)
    columns = (
        *_exam_columns("Study DAP dose"),
        Column("number of projections", "", NUMBER, "events of the study"),
        *(Column(f"Projection {n} DAP", "", NUMBER, "cGy.cm^2") for n in numbers),
        *(
            column
            for n in numbers
            for column in (Column(f"Projection {n} Name", "", meaning="acquisition protocol"), *_PROJECTION)
        ),
        *(Column(heading, "", below.kind, "always blank") for heading, below in ending),
    )
    return Sheet("PHE DX 2019 Exam", columns, overflow=kinds[len(_ENDING) :] + kinds[: len(_ENDING)])


def _warn(count: int, message: str) -> Iterator[str]:
    if count:
        yield message.format(n=count)
