"""PHE's radiography forms over the sample and over awkward studies, against a second computation."""

import io
import itertools
from datetime import date, datetime

import psycopg
import pytest
import python_calamine

from tests.component.exporting import export
from tests.databases import awkward_dx
from tests.oracles.dx_phe2019 import DxForms

FORMS = {
    "dx-phe2019-projection": "PHE DX 2019 Single Projection",
    "dx-phe2019-study": "PHE DX 2019 Exam",
}
DATE = 3
FIRST_BLOCKS = {"dx-phe2019-projection": 13, "dx-phe2019-study": 20}
NO_EVENTS = {
    "dx-phe2019-projection": "No event in {} of the studies: the projection's cells are blank.",
    "dx-phe2019-study": "No event in {} of the studies: the projections' cells are blank.",
}

# Thirty events and more of one study, made of its first: the pulses go with them.
MULTIPLY = """
INSERT INTO remapp_irradeventxraydata (acquisition_protocol, dose_area_product, projection_xray_radiation_dose_id)
SELECT 'Copy ' || n, n * 0.000001, report.id FROM generate_series(1, 30) AS n
CROSS JOIN (SELECT min(projection_xray_radiation_dose_id) AS id FROM remapp_irradeventxraydata event
    JOIN remapp_projectionxrayradiationdose report ON report.id = projection_xray_radiation_dose_id
    JOIN remapp_generalstudymoduleattr study ON study.id = general_study_module_attributes_id
    WHERE modality_type = 'DX') AS report;
INSERT INTO remapp_irradeventxraysourcedata (exposure_control_mode, grid_focal_distance, irradiation_event_xray_data_id)
SELECT 'MODE ' || id, id, id FROM remapp_irradeventxraydata WHERE acquisition_protocol LIKE 'Copy %';
UPDATE remapp_generalstudymoduleattr SET number_of_events = 31 WHERE id = (
    SELECT general_study_module_attributes_id FROM remapp_projectionxrayradiationdose report
    JOIN remapp_irradeventxraydata ON projection_xray_radiation_dose_id = report.id
    WHERE acquisition_protocol = 'Copy 1')
"""  # noqa: E501


@pytest.fixture(scope="module")
def awkward_url(postgres):
    """Studies with one oddity each. Read it only."""
    url = postgres.create_database("awkward_dx_survey")
    awkward_dx.make(url)
    return url


@pytest.fixture(scope="module")
def long_url(postgres, awkward_url):
    """The same with a study of more than thirty events. Read it only."""
    url = postgres.create_database("long_dx_survey", awkward_url.rpartition("/")[2])
    with psycopg.connect(url) as connection:
        connection.execute(MULTIPLY)
    return url


def read_form(data, form):
    """The form's rows, headings first."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return book.get_sheet_by_name(FORMS[form]).to_python(skip_empty_area=False)


def assert_same_cells(row, expected, context):
    """Each cell holds the expected text. Where one row is shorter, the other has only blanks."""
    for n, (cell, text) in enumerate(itertools.zip_longest(row, expected, fillvalue="")):
        if isinstance(cell, float):
            assert cell == pytest.approx(float(text), rel=1e-14, abs=0), f"{context}, column {n}"
        elif isinstance(cell, date):
            assert (n, cell) == (DATE, datetime.fromisoformat(text).date()), context
        else:
            assert cell == text.replace("\ufffe", "_xFFFE_"), f"{context}, column {n}"


def expect(url, form, projections):
    archive = DxForms(url)
    rows = archive.projection_form() if form.endswith("projection") else archive.study_form(projections)
    return archive, list(rows)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("database", ["sample_url", "awkward_url", "long_url"])
def test_dx_phe2019_every_cell_follows_the_rules(request, form, database):
    url = request.getfixturevalue(database)
    data, report = export(url, type=form)
    archive, expected = expect(url, form, 20)
    _, *rows = read_form(data, form)
    assert len(rows) == len(expected) == report.studies == len(archive.studies)
    for number, (row, wanted) in enumerate(zip(rows, expected, strict=True), start=1):
        assert_same_cells(row, wanted, f"row {number}")


def test_dx_phe2019_six_projections_suffice_for_studies_of_six(awkward_url):
    archive, expected = expect(awkward_url, "dx-phe2019-study", 6)
    few = {study["id"]: row for study, row in zip(archive.studies, expected, strict=True)}
    data, _ = export(awkward_url, type="dx-phe2019-study", filters={"events": "2"})
    headings, *rows = read_form(data, "dx-phe2019-study")
    assert len(headings) == 94
    for number, row in enumerate(rows, start=1):
        wanted = few[row[2]]
        assert_same_cells(row, [*wanted[:1], str(number), *wanted[2:]], f"row {number}")


@pytest.mark.parametrize("form", FORMS)
def test_dx_phe2019_study_without_events_stays_and_is_reported(awkward_url, form):
    data, report = export(awkward_url, type=form, filters={"accession_number": "[no events]"})
    _, row = read_form(data, form)
    assert report.warnings == (NO_EVENTS[form].format(1),)
    assert row[1] == 1
    assert {*row[FIRST_BLOCKS[form] :]} == {""}


@pytest.mark.parametrize("form", FORMS)
def test_dx_phe2019_left_out_data_is_reported(long_url, form):
    _, report = export(long_url, type=form)
    archive = DxForms(long_url)
    counts = [len(archive.events_of(study)) for study in archive.studies]
    assert NO_EVENTS[form].format(counts.count(0)) in report.warnings
    if form == "dx-phe2019-projection":
        several = sum(count > 1 for count in counts)
        words = f"Several events in {several} of the studies: only the first is in the form."
    else:
        words = (
            "More than 20 events in 1 of the studies: the further events continue to the right,"
            " under the last headings and beyond them, without DAP."
        )
    assert words in report.warnings


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("oddity", "words"),
    [
        ("two sources", "Several X-ray source data in 1 of the events: the first was used."),
        ("no source", "No X-ray source data in 1 of the events: its cells are blank."),
        ("two patients", "Several patient records in 1 of the studies: the first was used."),
        ("no distances", "No distances in 1 of the events: their cells are blank."),
    ],
)
def test_dx_phe2019_irregular_row_is_reported(awkward_url, form, oddity, words):
    _, report = export(awkward_url, type=form, filters={"accession_number": f"[{oddity}]"})
    assert words in report.warnings
    assert report.studies == 1


@pytest.mark.parametrize("form", FORMS)
def test_dx_phe2019_shows_no_identities(form, sample_url):
    with psycopg.connect(sample_url) as connection:
        sql = (
            "SELECT patient_name, patient_id FROM remapp_patientmoduleattr"
            " JOIN remapp_generalstudymoduleattr study ON study.id = general_study_module_attributes_id"
            " WHERE modality_type = 'DX' AND length(patient_id) > 5"
        )
        known = {text for pair in connection.execute(sql) for text in pair if text}
    rows = read_form(export(sample_url, type=form)[0], form)
    assert known
    assert not known & {cell for row in rows for cell in row}
