"""The rows of NHSBSP dose surveys: one csv, or a workbook of three surveys (docs/export-rules.md §6).

Patients are numbered from 1 without gaps. Studies without a selected exposure get no number. A patient has
the same number in the csv and on every sheet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from doseexport.catalogue.columns import ALWAYS, COUNTED, NEVER, NO_SOURCE, NUMBER, Cells, Column
from doseexport.catalogue.layouts import FileContext, Row, Sheet
from doseexport.catalogue.mg.nhsbsp.exposures import YES, Exposure, Rules
from doseexport.catalogue.mg.nhsbsp.medians import Medians
from doseexport.catalogue.mg.nhsbsp.surveys import SURVEYS, ViewNumbers, assign_survey
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.study import AGE, DATE_OF_STUDY, TIME_OF_STUDY


def _leave_blank(heading: str) -> Column:
    return Column(heading, "", meaning="Blank: to fill in", source=NO_SOURCE, blank=ALWAYS)


_SURVEY_NUMBER = Column(
    "Survey number",
    "",
    NUMBER,
    "Number of the survey; the surveys DBT and CEM of a workbook have the next two",
    "option survey_number",
    blank="the exposure is in no survey",
)
COLUMNS = (
    _SURVEY_NUMBER,
    Column(
        "Patient number",
        "",
        NUMBER,
        "Number of the study among those with a selected exposure, from 1 without gaps",
        COUNTED,
        blank="no exposure of the study is selected",
    ),
    Column(
        "View code",
        "",
        meaning="Side and view of the exposure, then its number from the second of that view on",
        source=f"{exposures.LATERALITY.source}, {exposures.VIEW.source}",
        dicom=f"{exposures.LATERALITY.dicom}, {exposures.VIEW.dicom}",
        conversion="first letter of the side, then the survey's name of the view",
        blank=NEVER,
    ),
    exposures.KVP.made("kV"),
    Column(
        "Anode",
        "",
        meaning="Material of the anode's target",
        source="irradeventxraysourcedata.anode_target_material_id",
        dicom="111632 DCM",
        conversion="W, Mo or Rh, else the meaning of the code",
    ),
    exposures.FILTERS.made("Filter", rows="different ones, joined by |"),
    exposures.COMPRESSION.made("Thickness"),
    exposures.TUBE_LOAD.made("mAs"),
    _leave_blank("large cassette used"),
    exposures.MODE.made(
        "auto/man",
        meaning="Exposure control: AUTO or MANUAL",
        conversion="a mode that contains auto: AUTO; else one that contains man: MANUAL",
        blank="not recorded, or another mode",
    ),
    exposures.MODE.made("Auto mode"),
    _leave_blank("Density setting"),
    AGE.made("Age", conversion="whole years, rounded down, with the option whole_years"),
    _leave_blank("Comment"),
    _leave_blank("AEC density mode"),
)
"""The columns of the survey software, in its order."""

_REVIEW_COLUMNS = (
    DATE_OF_STUDY.made("Study date"),
    TIME_OF_STUDY.made("Study time"),
    exposures.PROTOCOL.made("Acquisition protocol"),
    exposures.LATERALITY.made("Laterality"),
    exposures.VIEW.made("View", conversion="the meaning of the code, or the code without a meaning"),
    Column("Reason", "", meaning="Why the exposure is on this sheet", source=COUNTED, blank=NEVER),
)
_OVER_EXPOSURES = "the exposures of the survey and view that have a value"
_SUMMARY = (
    Column("Survey", "", meaning="Survey: 2D, DBT or CEM", source=COUNTED, blank=NEVER),
    _SURVEY_NUMBER.named("Survey number", blank=NEVER),
    COLUMNS[2].named("View", meaning="Side and view of the exposures"),
    Column("n", "", NUMBER, "Number of exposures", "irradeventxraydata.id", blank=NEVER, rows="counted"),
    exposures.COMPRESSION.made(
        "Median thickness (mm)", meaning="Median thickness of the compressed breast", rows=_OVER_EXPOSURES
    ),
    exposures.AGD.made("Median AGD (mGy)", meaning="Median average glandular dose", rows=_OVER_EXPOSURES),
)

_CSV = (Sheet("NHSBSP", COLUMNS),)
_WORKBOOK = (
    *(Sheet(survey, COLUMNS) for survey in SURVEYS),
    Sheet("Excluded", (*COLUMNS, *_REVIEW_COLUMNS)),
    Sheet("Review", (*COLUMNS, *_REVIEW_COLUMNS)),
    Sheet("Summary", _SUMMARY),
)
_EXCLUDED, _REVIEW, _SUMMARISED = range(len(SURVEYS), len(_WORKBOOK))


@dataclass(frozen=True, slots=True)
class StudyCells:
    """The cells of a study. The study stream has these columns in this order."""

    date: str
    time: str
    age: str
    is_test_patient: str


class ExposureSelection:
    """Selection of exposures: it numbers patients, excludes exposures and builds the common cells of rows."""

    def __init__(self, context: FileContext) -> None:
        options = context.options
        self._warn = context.warn
        self._rules = Rules.read(options)
        self._has_whole_years = options["whole_years"] == YES
        self._first_survey = int(options["survey_number"])
        self._patients = 0
        self._excluded: Counter[str] = Counter()

    def select(self, study: StudyCells, exposures: Sequence[Exposure]) -> tuple[str, list[str]]:
        """Return the patient's number and the reason to exclude each exposure, "" for one that is selected.

        The number is blank if no exposure is selected.
        """
        if not exposures:
            self._warn("No exposure in {n} of the studies: they have no row.")
        is_test_patient = study.is_test_patient == YES
        reasons = [self._rules.explain_exclusion(each, is_test_patient=is_test_patient) for each in exposures]
        self._excluded.update(filter(None, reasons))
        if all(reasons):
            return "", reasons
        self._patients += 1
        return str(self._patients), reasons

    def number_survey(self, survey: int = 0) -> str:
        """Return the number of the survey with this index."""
        return str(self._first_survey + survey)

    def build_cells(
        self, survey: str, patient: str, view: str, exposure: Exposure, study: StudyCells
    ) -> Cells:
        """Return the cells of COLUMNS."""
        return [
            survey,
            patient,
            view,
            exposure.kv,
            exposure.anode,
            " | ".join(exposure.filters),
            exposure.thickness,
            exposure.mas,
            "",
            exposure.control,
            exposure.mode,
            "",
            self._format_age(study.age),
            "",
            "",
        ]

    def _format_age(self, age: str) -> str:
        return f"{Decimal(age).to_integral_value(ROUND_FLOOR):f}" if age and self._has_whole_years else age

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The number of excluded exposures by reason, the most frequent first."""
        return dict(self._excluded.most_common())

    @property
    def warnings(self) -> list[str]:
        """The number of excluded exposures by reason."""
        return [f"{_count(times)} excluded: {reason}." for reason, times in self.exclusions.items()]


class CsvBuilder:
    """Builder of a csv of one survey with all selected exposures."""

    sheets = _CSV

    def __init__(self, context: FileContext) -> None:
        self._selection = ExposureSelection(context)

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the rows of a study."""
        patient = StudyCells(*study)
        exposures = [Exposure(*event) for event in events]
        number, reasons = self._selection.select(patient, exposures)
        views = ViewNumbers()
        survey = self._selection.number_survey()
        for exposure, reason in zip(exposures, reasons, strict=True):
            if not reason:
                yield 0, self._selection.build_cells(survey, number, views.name(exposure), exposure, patient)

    def end(self) -> Sequence[Row]:
        """Return no rows: a csv has no summary."""
        return ()

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The number of excluded exposures by reason."""
        return self._selection.exclusions

    @property
    def warnings(self) -> Sequence[str]:
        """The warnings about exposures that are not in the file."""
        return self._selection.warnings


class WorkbookBuilder:
    """Builder of a workbook with a sheet per survey, excluded exposures, exposures to review, and medians."""

    sheets = _WORKBOOK

    def __init__(self, context: FileContext) -> None:
        self._selection = ExposureSelection(context)
        self._medians = Medians()
        self._on_review: Counter[str] = Counter()

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the rows of a study."""
        patient = StudyCells(*study)
        exposures = [Exposure(*event) for event in events]
        number, reasons = self._selection.select(patient, exposures)
        views = ViewNumbers()
        for exposure, reason in zip(exposures, reasons, strict=True):
            if reason:
                row = self._selection.build_cells("", number, exposure.view, exposure, patient)
                yield _EXCLUDED, row + _review_cells(patient, exposure, reason)
            else:
                yield from self._assign(patient, number, exposure, views)

    def _assign(
        self, study: StudyCells, number: str, exposure: Exposure, views: ViewNumbers
    ) -> Iterator[Row]:
        assigned = assign_survey(exposure)
        row = self._selection.build_cells("", number, exposure.view, exposure, study)
        if assigned.survey:
            survey = SURVEYS.index(assigned.survey)
            row[0] = self._selection.number_survey(survey)
            row[2] = views.name(exposure, assigned.survey)
            self._medians.add(survey, exposure.view, exposure.thickness, exposure.agd)
            yield survey, row
        if assigned.review:
            self._on_review[assigned.survey] += 1
            yield _REVIEW, row + _review_cells(study, exposure, assigned.review)

    def end(self) -> Iterator[Row]:
        """Yield the rows of the sheet Summary."""
        for each in self._medians.summarise():
            name, number = SURVEYS[each.survey], self._selection.number_survey(each.survey)
            yield _SUMMARISED, [name, number, each.view, str(each.exposures), each.thickness, each.agd]

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The number of excluded exposures by reason."""
        return self._selection.exclusions

    @property
    def warnings(self) -> Sequence[str]:
        """The warnings of a csv, and the number of exposures to review."""
        unassigned = self._on_review[""]
        doubtful = self._on_review.total() - unassigned
        counted = (
            (unassigned, f"{_count(unassigned)} in no survey: see the sheet Review."),
            (doubtful, f"{_count(doubtful)} of the surveys to review: see the sheet Review."),
        )
        return [*self._selection.warnings, *(message for times, message in counted if times)]


def _review_cells(study: StudyCells, exposure: Exposure, reason: str) -> Cells:
    view = exposure.view_text or exposure.view_code
    return [study.date, study.time, exposure.protocol, exposure.laterality, view, reason]


def _count(exposures: int) -> str:
    return "1 exposure" if exposures == 1 else f"{exposures} exposures"
