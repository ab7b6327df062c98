"""The rows of PHE's survey forms of 2019 for radiography (docs/export-rules.md §8.3, §8.4).

Users paste a form into the template of the survey, so a missing value leaves its cell blank and never
shifts others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from doseexport.catalogue.columns import ALWAYS, CODED, COUNTED, NEVER, NO_SOURCE, NUMBER, Cells, Column
from doseexport.catalogue.layouts import NO_EXCLUSIONS, FileContext, Row, Sheet
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.phe2019 import join_texts
from doseexport.catalogue.shared.study import AGE, DATE_OF_STUDY, HEIGHT, MASS, SEX, STUDY_ID
from doseexport.catalogue.shared.totals import COMPUTED


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


def describe_filtration(materials: str, thicknesses: str) -> str:
    """Return materials, then thicknesses (mm), of one filter or several. Return "" without any material."""
    return f"{materials} {thicknesses}" if materials.strip(" |") else ""


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


_TO_FILL_IN = "Blank in the form: to fill in"


def _leave_blank(heading: str) -> Column:
    return Column(heading, "", meaning=_TO_FILL_IN, source=NO_SOURCE, blank=ALWAYS)


_POSITION = "irradeventxraydata.patient_"
_PROJECTION = (
    _leave_blank("Detector used"),
    exposures.GRID.made("Grid used"),
    exposures.SOURCE_TO_DETECTOR.made(
        "FDD", unit="cm", conversion="÷ 10 from mm", blank="not recorded, or 0"
    ),
    Column(
        "Filtration in mm Al",
        "",
        meaning="Materials of the filters, then their thicknesses in mm",
        source=f"{exposures.FILTERS.source}, {exposures.THICKNESSES.source}",
        unit="mm",
        dicom=f"{exposures.FILTERS.dicom}, {exposures.THICKNESSES.dicom}",
        conversion=f"{exposures.SHORT}; {exposures.THICKNESSES.conversion}",
        blank="no filter with a material",
        rows=exposures.LISTED,
    ),
    exposures.MODE.made("AEC used"),
    exposures.KVP.made("kVp"),
    exposures.TUBE_LOAD.made("mAs"),
    Column(
        "Patient position",
        "",
        meaning="Orientation of the patient, its modifier, and the relation to the table",
        source=f"{_POSITION}orientation_cid_id, {_POSITION}orientation_modifier_cid_id,"
        f" {_POSITION}table_relationship_cid_id",
        dicom="113743 DCM, 113744 DCM, 113745 DCM",
        conversion=f"{CODED}, joined by commas",
    ),
    _leave_blank("Detector in bucky"),
    Column(
        "Other projection info",
        "",
        meaning="Exposure index and view of the image",
        source=f"{exposures.EXPOSURE_INDEX.source}, {exposures.VIEW.source}",
        dicom=f"{exposures.EXPOSURE_INDEX.dicom}, {exposures.VIEW.dicom}",
        conversion=f"index with two decimals, left out if 0; {CODED}",
    ),
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


_NAMES_OF_STUDY = (
    "generalstudymoduleattr.procedure_code_meaning, generalstudymoduleattr.requested_procedure_code_meaning,"
    " generalstudymoduleattr.study_description"
)
_NAME = Column(
    "Protocol name",
    "",
    meaning="Procedure, requested procedure and description of the study",
    source=_NAMES_OF_STUDY,
    dicom="(0008,1032), (0032,1064), (0008,1030)",
    conversion="joined by |, without missing parts",
)
_NAME_WITH_PROTOCOL = _NAME.named(
    "Protocol name",
    meaning=f"{_NAME.meaning}, and acquisition protocol",
    source=f"{_NAMES_OF_STUDY}, {exposures.PROTOCOL.source}",
    dicom=f"{_NAME.dicom}, {exposures.PROTOCOL.dicom}",
)


def _exam_columns(dap: Column, name: Column) -> tuple[Column, ...]:
    return (
        Column("", ""),
        Column("PHE Record No", "", NUMBER, "Number of the study in the form, from 1", COUNTED, blank=NEVER),
        STUDY_ID.made("Contributor's record ID"),
        DATE_OF_STUDY.made("Exam date"),
        dap,
        Column("DAP dose units", "", meaning="Unit of DAP: cGy·cm²", source=NO_SOURCE, blank=NEVER),
        name,
        MASS.made("Patient weight"),
        Column("", ""),
        Column("", ""),
        AGE.made("Patient age"),
        SEX.made("Sex"),
        HEIGHT.made("Height"),
    )


def _exam_cells(number: int, exam: Exam, dap: str, protocol: str = "") -> Cells:
    names = join_texts((exam.procedure, exam.requested, exam.description, protocol))
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
                *_exam_columns(exposures.DAP_CGYCM2.made("Projection DAP dose"), _NAME_WITH_PROTOCOL),
                *_PROJECTION,
                *map(_leave_blank, _ENDING),
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


_STUDY_DAP = Column(
    "Study DAP dose",
    "",
    NUMBER,
    "Dose-area product of all planes of the study",
    "generalstudymoduleattr.total_dap",
    "cGy·cm²",
    "113722 DCM",
    conversion=f"{exposures.FROM_GYM2}; {COMPUTED}",
    blank="not recorded, or 0",
)
_PROJECTIONS = Column(
    "number of projections",
    "",
    NUMBER,
    "Number of events that OpenREM counted",
    "generalstudymoduleattr.number_of_events",
    conversion="where OpenREM has stored no number: the number of events",
    blank="no dose report",
)


def _lay_out_study(projections: int) -> Sheet:
    numbers = range(1, projections + 1)
    block = (Column("", ""), *_PROJECTION)
    ending = zip(_ENDING, block, strict=False)  # the first further block is under these headings
    kinds = tuple(column.kind for column in block)
    dap = exposures.DAP_CGYCM2
    columns = (
        *_exam_columns(_STUDY_DAP, _NAME),
        _PROJECTIONS,
        *(dap.made(f"Projection {n} DAP", pattern="Projection <n> DAP") for n in numbers),
        *(
            column
            for n in numbers
            for column in (
                exposures.PROTOCOL.made(f"Projection {n} Name", pattern="Projection <n> Name"),
                *_PROJECTION,
            )
        ),
        *(replace(_leave_blank(heading), kind=below.kind) for heading, below in ending),
    )
    return Sheet("PHE DX 2019 Exam", columns, overflow=kinds[len(_ENDING) :] + kinds[: len(_ENDING)])
