"""The rows of the csv and the workbook from given studies and exposures."""

from dataclasses import astuple

import pytest

from doseexport.catalogue import find_spec
from doseexport.catalogue.layouts import FileContext
from doseexport.catalogue.mg.nhsbsp.rows import StudyCells
from doseexport.catalogue.mg.nhsbsp.surveys import DERIVED_LOAD
from doseexport.engine.study_warnings import WarningLog
from tests.unit.catalogue.mg.nhsbsp.exposures import OPTIONS, make_exposure

HEADINGS = [
    "Survey number",
    "Patient number",
    "View code",
    "kV",
    "Anode",
    "Filter",
    "Thickness",
    "mAs",
    "large cassette used",
    "auto/man",
    "Auto mode",
    "Density setting",
    "Age",
    "Comment",
    "AEC density mode",
]
FURTHER = ["Study date", "Study time", "Acquisition protocol", "Laterality", "View", "Reason"]
STUDY = StudyCells("2026-11-23", "09:08:07", "61.5", "")
DBT = {"type_code": "113613"}
CEM = {"filter_texts": "Copper"}


def build_rows(form, studies, **options):
    """Sheet → rows as dictionaries, and the warnings, of studies: pairs of a Study and exposures."""
    spec = find_spec(f"mg-nhsbsp-{form}")
    log = WarningLog()
    start = FileContext(spec.studies.columns, spec.events.columns, {}, OPTIONS | options, warn=log.add)
    arranger = spec.layout.make_builder(start)
    sheets = {sheet.name: [] for sheet in arranger.sheets}
    rows = [
        row
        for study, events in studies
        for row in arranger.build_rows(list(astuple(study)), [list(astuple(event)) for event in events])
    ]
    for index, cells in [*rows, *arranger.end()]:
        sheet = arranger.sheets[index]
        sheets[sheet.name].append(dict(zip(sheet.rows_above[0], cells, strict=True)))
    return sheets, [*(message.format(n=each.rows) for message, each in log.describe()), *arranger.warnings]


def column(rows, *headings):
    return [tuple(row[heading] for heading in headings) for row in rows]


def test_study_cells_are_those_of_the_study_stream():
    headings = [each.heading for each in find_spec("mg-nhsbsp-csv").studies.columns]
    assert headings == list(StudyCells.__slots__)


def test_csv_has_the_headings_that_the_survey_software_pastes():
    (sheet,) = find_spec("mg-nhsbsp-csv").layout.make_builder(FileContext((), (), {}, OPTIONS)).sheets
    assert [each.heading for each in sheet.columns] == HEADINGS


def test_workbook_has_three_surveys_left_out_review_and_summary():
    sheets = find_spec("mg-nhsbsp-xlsx").layout.make_builder(FileContext((), (), {}, OPTIONS)).sheets
    headings = {sheet.name: [each.heading for each in sheet.columns] for sheet in sheets}
    assert list(headings) == ["2D", "DBT", "CEM", "Excluded", "Review", "Summary"]
    assert headings["2D"] == headings["DBT"] == headings["CEM"] == HEADINGS
    assert headings["Excluded"] == headings["Review"] == HEADINGS + FURTHER


def test_csv_row_of_an_exposure():
    sheets, warnings = build_rows("csv", [(STUDY, [make_exposure()])])
    values = ["1", "1", "LCC", "28", "W", "Rh", "43", "90.2", "", "AUTO", "AUTOMATIC", "", "61.5", "", ""]
    assert sheets == {"NHSBSP": [dict(zip(HEADINGS, values, strict=True))]}
    assert warnings == []


@pytest.mark.parametrize("age", ["61.5", "61.999", "61"])
def test_age_in_whole_years_is_of_completed_years(age):
    sheets, _ = build_rows("csv", [(StudyCells("", "", age, ""), [make_exposure()])], whole_years="yes")
    assert column(sheets["NHSBSP"], "Age") == [("61",)]


def test_age_that_is_missing_stays_missing_in_whole_years():
    sheets, _ = build_rows("csv", [(StudyCells("", "", "", ""), [make_exposure()])], whole_years="yes")
    assert column(sheets["NHSBSP"], "Age") == [("",)]


STUDIES = [
    (STUDY, [make_exposure(), make_exposure(**DBT), make_exposure(**CEM), make_exposure()]),
    (STUDY, [make_exposure(laterality=""), make_exposure(protocol="scout")]),
    (STUDY, []),
    (STUDY, [make_exposure(protocol="biopsy"), make_exposure(**DBT)]),
    (STUDY, [make_exposure(type_code="113612", type_text="Stepping Acquisition")]),
    (STUDY, [make_exposure(**CEM), make_exposure(**CEM)]),
]


def test_patients_are_numbered_without_gaps_alike_in_surveys_and_csv():
    csv, _ = build_rows("csv", STUDIES)
    assert column(csv["NHSBSP"], "Patient number", "View code") == [
        ("1", "LCC"), ("1", "LCC2"), ("1", "LCC3"), ("1", "LCC4"), ("2", "LCC"), ("3", "LCC"),
        ("4", "LCC"), ("4", "LCC2"),
    ]  # fmt: skip
    xlsx, _ = build_rows("xlsx", STUDIES)
    numbers = {sheet: column(rows, "Patient number", "View code") for sheet, rows in list(xlsx.items())[:5]}
    assert numbers == {
        "2D": [("1", "LCC"), ("1", "LCC2")],
        "DBT": [("1", "LCC"), ("2", "LCC")],
        "CEM": [("1", "LCC"), ("4", "LCC"), ("4", "LCC2")],
        "Excluded": [("", "CC"), ("", "LCC"), ("2", "LCC")],
        "Review": [("3", "LCC")],
    }


def test_surveys_are_numbered_consecutively_from_the_first():
    xlsx, _ = build_rows("xlsx", STUDIES, survey_number="7")
    assert {row["Survey number"] for row in xlsx["2D"]} == {"7"}
    assert {row["Survey number"] for row in xlsx["DBT"]} == {"8"}
    assert {row["Survey number"] for row in xlsx["CEM"]} == {"9"}
    assert {row["Survey number"] for row in xlsx["Excluded"] + xlsx["Review"]} == {""}
    csv, _ = build_rows("csv", STUDIES, survey_number="7")
    assert {row["Survey number"] for row in csv["NHSBSP"]} == {"7"}


def test_left_out_exposure_is_listed_with_reason_and_no_patient():
    xlsx, warnings = build_rows("xlsx", STUDIES)
    assert column(xlsx["Excluded"], *FURTHER) == [
        ("2026-11-23", "09:08:07", "ROUTINE", "", "cranio-caudal", "no laterality"),
        ("2026-11-23", "09:08:07", "scout", "Left", "cranio-caudal", 'protocol contains "scout"'),
        ("2026-11-23", "09:08:07", "biopsy", "Left", "cranio-caudal", 'protocol contains "biopsy"'),
    ]
    assert set(warnings) == {
        "No exposure in 1 of the studies: they have no row.",
        "1 exposure excluded: no laterality.",
        '1 exposure excluded: protocol contains "scout".',
        '1 exposure excluded: protocol contains "biopsy".',
        "1 exposure in no survey: see the sheet Review.",
    }


def test_doubtful_exposure_is_in_its_survey_and_on_review():
    doubtful = make_exposure(**DBT, has_exposure="", view_code="99", view_text="")
    xlsx, _ = build_rows("xlsx", [(STUDY, [doubtful])])
    assert xlsx["DBT"] == []  # without a view it is left out
    doubtful = make_exposure(**DBT, has_exposure="", view_text="")
    xlsx, warnings = build_rows("xlsx", [(STUDY, [doubtful, doubtful])])
    wanted = [("2", "1", "LCC"), ("2", "1", "LCC2")]
    for sheet in ("DBT", "Review"):
        assert column(xlsx[sheet], "Survey number", "Patient number", "View code") == wanted
    assert column(xlsx["Review"], "View", "Reason") == [("R-10242", DERIVED_LOAD)] * 2
    assert warnings == ["2 exposures of the surveys to review: see the sheet Review."]


def test_exposure_is_somewhere_and_in_one_survey_at_most():
    xlsx, _ = build_rows("xlsx", STUDIES)
    in_surveys = sum(len(xlsx[survey]) for survey in ("2D", "DBT", "CEM"))
    assert in_surveys == 7
    assert in_surveys + len(xlsx["Excluded"]) + len(xlsx["Review"]) == sum(len(each) for _, each in STUDIES)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_test_patient_is_left_out_only_on_request(form):
    studies = [(StudyCells("", "", "", "yes"), [make_exposure()] * 2), (STUDY, [make_exposure()])]
    sheets, _ = build_rows(form, studies)
    first = next(iter(sheets.values()))
    assert column(first, "Patient number") == [("1",), ("1",), ("2",)]
    sheets, warnings = build_rows(form, studies, exclude_test_patients="yes")
    assert column(next(iter(sheets.values())), "Patient number") == [("1",)]
    assert warnings == ["2 exposures excluded: test patient."]


def test_summary_counts_exposures_by_survey_and_view():
    exposures = [
        make_exposure(thickness="40", agd="1"),
        make_exposure(thickness="50", agd="1.5"),
        make_exposure(thickness="", agd="2.5"),
        make_exposure(laterality="Right", thickness="", agd=""),
        make_exposure(**DBT, thickness="41.25", agd="0"),
        make_exposure(protocol="scout", thickness="1000", agd="1000"),
        make_exposure(type_code="113612", thickness="1000", agd="1000"),
    ]
    xlsx, _ = build_rows("xlsx", [(STUDY, exposures)], survey_number="4")
    assert [list(row.values()) for row in xlsx["Summary"]] == [
        ["2D", "4", "LCC", "3", "45", "1.5"],
        ["2D", "4", "RCC", "1", "", ""],
        ["DBT", "5", "LCC", "1", "41.25", "0"],
    ]
    assert list(xlsx["Summary"][0]) == [
        "Survey", "Survey number", "View", "n", "Median thickness (mm)", "Median AGD (mGy)",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_study_without_exposures_has_no_row_and_is_reported(form):
    sheets, warnings = build_rows(form, [(STUDY, []), (STUDY, [make_exposure()]), (STUDY, [])])
    assert column(next(iter(sheets.values())), "Patient number") == [("1",)]
    assert warnings == ["No exposure in 2 of the studies: they have no row."]
