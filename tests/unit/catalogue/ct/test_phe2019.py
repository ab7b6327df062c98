"""The CT survey form: four series with headings, further ones after the comments, no localisers."""

import pytest

from doseexport.catalogue import FileContext
from doseexport.catalogue.ct.phe2019 import LOCALISER, SurveyForm
from doseexport.engine.study_warnings import WarningLog

STUDY = ["45.8", "75", "178", "667.72"]
FIRST_SERIES, TOTAL, COMMENTS, FURTHER_SERIES = 4, 36, 37, 38  # E, AK, AL, AM


def make_event(n, kind="Spiral Acquisition", code="P5-08001"):
    return [*block(n), code, kind]


def block(n):
    return [f"length {n}", f"start {n}", f"end {n}", "120", "32 cm", "", f"ctdi {n}", f"dlp {n}"]


@pytest.fixture
def form():
    return SurveyForm(FileContext((), (), {}, {}))


@pytest.fixture
def log():
    return WarningLog()


def build_rows(form, events, study=STUDY):
    ((sheet, cells),) = form.build_rows(study, events)
    assert sheet == 0
    return cells


def test_form_headings_are_in_their_columns():
    headings = [column.heading for column in SurveyForm.sheets[0].columns]
    assert headings[:FIRST_SERIES] == ["Patient No", "Age (yrs)", "Weight (kg)", "Height (cm)"]
    series = [
        "Imaged length",
        "Start position",
        "End position",
        "kV",
        "CTDI phantom",
        "Scan FOV (mm)",
        "CTDIvol (mGy)*",
        "DLP (mGy.cm)*",
    ]
    assert headings[FIRST_SERIES:TOTAL] == series * 4
    assert headings[TOTAL:] == ["Total DLP* (whole scan) mGy.cm", "Patient comments"]


def test_form_numbers_patients_from_1(form):
    assert [build_rows(form, [])[0] for _ in range(3)] == ["1", "2", "3"]


def test_form_fills_blocks_of_series_in_order(form):
    cells = build_rows(form, [make_event(1), make_event(2)])
    assert cells[:FIRST_SERIES] == ["1", "45.8", "75", "178"]
    assert cells[FIRST_SERIES:TOTAL] == block(1) + block(2) + [""] * 16
    assert cells[TOTAL:] == ["667.72", "Series types: Spiral Acquisition, Spiral Acquisition"]


@pytest.mark.parametrize("count", [5, 6, 30])
def test_form_puts_further_series_after_the_comments(form, count):
    cells = build_rows(form, [make_event(n) for n in range(count)])
    assert cells[FIRST_SERIES:TOTAL] == [cell for n in range(4) for cell in block(n)]
    assert cells[TOTAL] == "667.72"
    assert cells[COMMENTS].count("Spiral") == count
    assert cells[FURTHER_SERIES:] == [cell for n in range(4, count) for cell in block(n)]


def test_form_leaves_out_localisers_by_code(form):
    cells = build_rows(form, [make_event(1, "Scout", LOCALISER), make_event(2)])
    assert cells[FIRST_SERIES : FIRST_SERIES + 8] == block(2)
    assert cells[COMMENTS] == "Series types: Spiral Acquisition"


def test_form_treats_series_without_type_as_unknown(form):
    cells = build_rows(form, [make_event(1, "", ""), make_event(2, "Free Acquisition")])
    assert cells[COMMENTS] == "Series types: unknown type, Free Acquisition"


def test_form_has_a_row_for_study_without_series(form):
    cells = build_rows(form, [make_event(1, code=LOCALISER)])
    assert cells == ["1", "45.8", "75", "178", *[""] * 32, "667.72", "Series types: "]


def test_form_warns_of_studies_wider_than_the_form(log):
    form = SurveyForm(FileContext((), (), {}, {}, warn=log.add))
    build_rows(form, [make_event(n) for n in range(4)])
    assert not list(log.describe())
    for _ in range(2):
        build_rows(form, [make_event(n) for n in range(5)])
    ((message, concerned),) = log.describe()
    assert message.startswith("More than 4 series in {n} of the studies:")
    assert concerned.rows == 2
    assert form.end() == ()
