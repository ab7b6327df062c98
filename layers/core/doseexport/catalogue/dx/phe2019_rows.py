"""The rows of PHE's survey forms of 2019 for radiography (docs/export-rules.md §8.3, §8.4).

Users paste a form into the template of the survey, so a missing value leaves its cell blank and never
shifts others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from doseexport.catalogue.columns import DATE, NUMBER, Cells, Column
from doseexport.catalogue.layouts import NO_EXCLUSIONS, FileContext, Row, Sheet


class Exam(NamedTuple):
    """The cells of a study: DAP in cGy·cm², weight in kg, age in years, height in m."""

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
    """The cells of an event: DAP in cGy·cm², grid focal distance in mm, focus to detector (fdd) in cm."""

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
    """Return the names that are not empty, joined by " | "."""
    return " | ".join(filter(None, names))


def describe_filtration(materials: str, thicknesses: str) -> str:
    """Return materials, then thicknesses (mm). Return the empty text without a material."""
    return f"{materials} {thicknesses}" if materials else ""


def describe_position(orientation: str, modifier: str, table: str) -> str:
    """Return the patient position. Without an orientation the text begins with a comma, as in OpenREM."""
    return orientation + "".join(f", {each}" for each in (modifier, table) if each)


def describe_view(exposure_index: str, view: str) -> str:
    """Return exposure index (two decimals) and view. Without an index the text begins with a space."""
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
    patient = [exam.weight, "", "", exam.age, exam.sex, exam.height]
    return ["", str(number), exam.record, exam.date, dap, "cGy·cm²", names, *patient]


class SingleProjection:
    """Builder of the form for single projections: the first event of each study."""

    exclusions = NO_EXCLUSIONS
    warnings = ()
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

    def __init__(self, context: FileContext) -> None:
        self._warn = context.warn
        self._studies = 0

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Yield the row of a study."""
        self._studies += 1
        if not events:
            self._warn("No event in {n} of the studies: the projection's cells are blank.")
        if len(events) > 1:
            self._warn("Several events in {n} of the studies: only the first is in the form.")
        event = Projection(*(events[0] if events else [""] * len(Projection._fields)))
        exam = _exam_cells(self._studies, Exam(*study), event.dap, event.protocol)
        yield 0, [*exam, *describe_projection(event)]

    def end(self) -> Iterable[Row]:
        """Return no rows: every row belongs to a study."""
        return ()


FEW = 6
MANY = 20


class WholeStudy:
    """Builder of the form for whole studies. It has room for 6 projections, or 20 if needed."""

    exclusions = NO_EXCLUSIONS
    warnings = ()

    def __init__(self, context: FileContext) -> None:
        self._projections = MANY if context.widths["events"] > FEW else FEW
        self._warn = context.warn
        self._studies = 0
        self.sheets: Sequence[Sheet] = (_lay_out_study(self._projections),)

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Yield the row of a study. The blocks of events that exceed the form continue to its right."""
        self._studies += 1
        if not events:
            self._warn("No event in {n} of the studies: the projections' cells are blank.")
        if len(events) > self._projections:
            self._warn(
                f"More than {self._projections} events in {{n}} of the studies: the further events"
                " continue to the right, under the last headings and beyond them, without DAP."
            )
        exam = Exam(*study)
        found = [Projection(*cells) for cells in events]
        daps = [event.dap for event in found[: self._projections]]
        daps += [""] * (self._projections - len(daps))
        blocks = [cell for event in found for cell in (event.protocol, *describe_projection(event))]
        yield 0, [*_exam_cells(self._studies, exam, exam.dap), exam.projections, *daps, *blocks]

    def end(self) -> Iterable[Row]:
        """Return no rows: every row belongs to a study."""
        return ()


def _lay_out_study(projections: int) -> Sheet:
    numbers = range(1, projections + 1)
    block = (Column("", ""), *_PROJECTION)
    ending = zip(_ENDING, block, strict=False)  # the first further block is under these headings
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
