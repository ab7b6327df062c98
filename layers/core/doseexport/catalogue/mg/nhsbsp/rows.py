"""The rows of NHSBSP's dose surveys (export-rules §6): a csv of all kept, a workbook of surveys. Pure.

Patients are numbered from 1 without gaps, over the studies that keep an exposure, whatever survey it
belongs to: so the numbers are those of every sheet and of the csv.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from doseexport.catalogue.columns import DATE, NUMBER, TIME, Cells, Column
from doseexport.catalogue.layouts import FileContext, Row, Sheet
from doseexport.catalogue.mg.nhsbsp.exposures import YES, Exposure, Rules
from doseexport.catalogue.mg.nhsbsp.medians import Medians
from doseexport.catalogue.mg.nhsbsp.surveys import SURVEYS, ViewNumbers, find_place

COLUMNS = (
    Column("Counts number", "", NUMBER, "the first as asked for; DBT and CEM follow it"),
    Column("Patient number", "", NUMBER, "from 1 without gaps, the same in every survey"),
    Column("View code", "", meaning="side, view, and from the second the number of the exposure"),
    Column("kV", "", NUMBER, "kV (113733, DCM), mean over pulses"),
    Column("Anode", "", meaning="material, in short (111632, DCM)"),
    Column("Filter", "", meaning="materials, in short (113757, DCM)"),
    Column("Thickness", "", NUMBER, "mm, compressed (111633, DCM)"),
    Column("mAs", "", NUMBER, "mAs (113736, DCM), sum over pulses"),
    Column("large cassette used", "", meaning="blank"),
    Column("auto/man", "", meaning="AUTO or MANUAL"),
    Column("Auto mode", "", meaning="Exposure Control Mode (0018,7060)"),
    Column("Density setting", "", meaning="blank"),
    Column("Age", "", NUMBER, "years at the study"),
    Column("Comment", "", meaning="blank"),
    Column("AEC density mode", "", meaning="blank"),
)
"""The survey software's own columns, in its order."""

_TOLD_APART = (
    Column("Study date", "", DATE, "(0008,0020)"),
    Column("Study time", "", TIME, "(0008,0030)"),
    Column("Acquisition protocol", "", meaning="(125203, DCM)"),
    Column("Laterality", "", meaning="as stored (G-C171, SRT)"),
    Column("View", "", meaning="as stored (111031, DCM)"),
    Column("Reason", "", meaning="why it is here"),
)
_SUMMARY = (
    Column("Counts", "", meaning="2D, DBT or CEM"),
    Column("Counts number", "", NUMBER, "option survey_number, and the two after it"),
    Column("View", "", meaning="View code without its number"),
    Column("n", "", NUMBER, "exposures"),
    Column("Median thickness (mm)", "", NUMBER, "mm (111633, DCM)"),
    Column("Median AGD (mGy)", "", NUMBER, "mGy (111631, DCM)"),
)

_CSV = (Sheet("NHSBSP", COLUMNS),)
_WORKBOOK = (
    *(Sheet(survey, COLUMNS) for survey in SURVEYS),
    Sheet("Excluded", (*COLUMNS, *_TOLD_APART)),
    Sheet("Review", (*COLUMNS, *_TOLD_APART)),
    Sheet("Summary", _SUMMARY),
)
_EXCLUDED, _REVIEW, _SUMMARISED = range(len(SURVEYS), len(_WORKBOOK))


@dataclass(frozen=True, slots=True)
class Study:
    """The cells of a study, as COPY text gives them; the study stream has these columns in this order."""

    date: str
    time: str
    age: str
    is_test_patient: str


class Intake:
    """Numbers the patients, keeps or leaves out their exposures, and writes what is common to all rows."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._rules = Rules.read(options)
        self._has_whole_years = options["whole_years"] == YES
        self._first_survey = int(options["survey_number"])
        self._patients = self._empty = 0
        self._left_out: Counter[str] = Counter()

    def admit(self, study: Study, exposures: Sequence[Exposure]) -> tuple[str, list[str]]:
        """Return the patient's number, blank without a kept exposure, and why each is left out, or ''."""
        self._empty += not exposures
        is_test = study.is_test_patient == YES
        reasons = [self._rules.explain_exclusion(each, is_test_patient=is_test) for each in exposures]
        self._left_out.update(filter(None, reasons))
        if all(reasons):
            return "", reasons
        self._patients += 1
        return str(self._patients), reasons

    def number_survey(self, survey: int = 0) -> str:
        """Return the number of a survey, by its place among them."""
        return str(self._first_survey + survey)

    def write(self, survey: str, patient: str, view: str, exposure: Exposure, study: Study) -> Cells:
        """Return the cells of the survey software's columns."""
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
            self._write_age(study.age),
            "",
            "",
        ]

    def _write_age(self, age: str) -> str:
        return f"{Decimal(age).to_integral_value(ROUND_FLOOR):f}" if age and self._has_whole_years else age

    @property
    def exclusions(self) -> Mapping[str, int]:
        """How many exposures were left out, by reason, the most frequent first."""
        return dict(self._left_out.most_common())

    @property
    def warnings(self) -> list[str]:
        """How many studies have no exposure, and how many exposures were left out, by reason."""
        empty = [f"No exposure in {self._empty} of the studies: they have no row."] if self._empty else []
        return empty + [
            f"{times} of the exposures left out: {reason}." for reason, times in self.exclusions.items()
        ]


class Csv:
    """Every exposure kept, in one survey."""

    sheets = _CSV

    def __init__(self, start: FileContext) -> None:
        self._intake = Intake(start.options)

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the study's rows."""
        patient = Study(*study)
        exposures = [Exposure(*event) for event in events]
        number, reasons = self._intake.admit(patient, exposures)
        views = ViewNumbers()
        survey = self._intake.number_survey()
        for exposure, reason in zip(exposures, reasons, strict=True):
            if not reason:
                yield 0, self._intake.write(survey, number, views.name(exposure), exposure, patient)

    def end(self) -> Sequence[Row]:
        """Return nothing: a csv has no summary."""
        return ()

    @property
    def exclusions(self) -> Mapping[str, int]:
        """What is left out, by reason."""
        return self._intake.exclusions

    @property
    def warnings(self) -> Sequence[str]:
        """What is not in the file."""
        return self._intake.warnings


class Workbook:
    """A sheet for each survey, what is left out, what a person has to look at, and medians."""

    sheets = _WORKBOOK

    def __init__(self, start: FileContext) -> None:
        self._intake = Intake(start.options)
        self._medians = Medians()
        self._on_review: Counter[str] = Counter()

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the study's rows."""
        patient = Study(*study)
        exposures = [Exposure(*event) for event in events]
        number, reasons = self._intake.admit(patient, exposures)
        views = ViewNumbers()
        for exposure, reason in zip(exposures, reasons, strict=True):
            if reason:
                row = self._intake.write("", number, exposure.view, exposure, patient)
                yield _EXCLUDED, row + _tell_apart(patient, exposure, reason)
            else:
                yield from self._place(patient, number, exposure, views)

    def _place(self, study: Study, number: str, exposure: Exposure, views: ViewNumbers) -> Iterator[Row]:
        place = find_place(exposure)
        row = self._intake.write("", number, exposure.view, exposure, study)
        if place.survey:
            survey = SURVEYS.index(place.survey)
            row[0] = self._intake.number_survey(survey)
            row[2] = views.name(exposure, place.survey)
            self._medians.add(survey, exposure.view, exposure.thickness, exposure.agd)
            yield survey, row
        if place.review:
            self._on_review[place.survey] += 1
            yield _REVIEW, row + _tell_apart(study, exposure, place.review)

    def end(self) -> Iterator[Row]:
        """Yield the rows of the summary."""
        for each in self._medians.summarise():
            name, number = SURVEYS[each.survey], self._intake.number_survey(each.survey)
            yield _SUMMARISED, [name, number, each.view, str(each.exposures), each.thickness, each.agd]

    @property
    def exclusions(self) -> Mapping[str, int]:
        """What is left out, by reason."""
        return self._intake.exclusions

    @property
    def warnings(self) -> Sequence[str]:
        """What is in no survey, and what is in one but has to be looked at."""
        homeless = self._on_review[""]
        doubtful = self._on_review.total() - homeless
        counted = (
            (homeless, f"{homeless} of the exposures are in no survey, only on the sheet Review."),
            (doubtful, f"{doubtful} of the exposures in a survey are on the sheet Review too."),
        )
        return [*self._intake.warnings, *(message for times, message in counted if times)]


def _tell_apart(study: Study, exposure: Exposure, reason: str) -> Cells:
    view = exposure.view_text or exposure.view_code
    return [study.date, study.time, exposure.protocol, exposure.laterality, view, reason]
