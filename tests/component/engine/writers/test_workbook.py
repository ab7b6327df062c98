"""Counts and warnings of a workbook where names and pulses are recorded several times."""

import io

import psycopg
import pytest
import python_calamine
from local import sample

from tests.component.exporting import export
from tests.databases.sampled import select


@pytest.fixture(scope="module")
def small_url(postgres):
    """A few studies of every modality, with standard names switched on. Read it only."""
    url = postgres.create_database("workbook_counts")
    sample.fill(url, 20, rf=4)
    sample.enable_standard_names(url)
    return url


@pytest.fixture
def url(make_database, small_url):
    return make_database(small_url)


def run(url, query, *values):
    with psycopg.connect(url) as connection:
        connection.execute(query, values)


def read_summary(data):
    """Title → value → count."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    rows = book.get_sheet_by_name("Summary").to_python(skip_empty_area=False)
    return {
        title: {row[n]: row[n + 1] for row in rows[6:] if row[n + 1] != ""}
        for n, title in enumerate(rows[5])
        if n % 3 == 0
    }


def name_first(url, names):
    """Give the RF study of lowest id, and its first event, links to all of these standard names, in order."""
    found = select(
        url,
        """SELECT study.id AS study, min(event.id) AS event, min(event.acquisition_protocol) AS protocol
        FROM remapp_generalstudymoduleattr study
        JOIN remapp_projectionxrayradiationdose report ON report.general_study_module_attributes_id = study.id
        JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id
        WHERE modality_type = 'RF' GROUP BY study.id ORDER BY study.id LIMIT 1""",
    )[0]
    run(
        url,
        "UPDATE remapp_generalstudymoduleattr SET study_description = 'one', procedure_code_meaning = 'one',"
        " requested_procedure_code_meaning = 'one' WHERE id = %s",
        found["study"],
    )
    run(url, "TRUNCATE remapp_generalstudymoduleattr_standard_names")
    columns = ("study_description", "requested_procedure_code_meaning", "procedure_code_meaning")
    for column, name in zip(columns, names, strict=False):
        run(
            url,
            f"""WITH made AS (INSERT INTO remapp_standardnames (standard_name, modality, {column})
                VALUES (%s, 'RF', 'one') RETURNING id),
            linked AS (INSERT INTO remapp_irradeventxraydata_standard_protocols
                (irradeventxraydata_id, standardnames_id) SELECT %s, id FROM made)
            INSERT INTO remapp_generalstudymoduleattr_standard_names
                (generalstudymoduleattr_id, standardnames_id) SELECT %s, id FROM made""",
            name,
            found["event"],
            found["study"],
        )


def test_workbook_counts_study_and_exposure_once_for_a_standard_name_of_several_rows(url):
    name_first(url, ["Mapped thrice"] * 3)
    summary = read_summary(export(url, type="rf-xlsx")[0])
    assert summary["Standard study name"]["Mapped thrice"] == 1
    assert summary["Standard acquisition name"]["Mapped thrice"] == 1


def test_workbook_ignores_standard_name_of_nothing(url):
    name_first(url, ["", None, "Named"])
    data, _ = export(url, type="rf-xlsx", filters={"study_description": "one"})
    assert read_summary(data)["Standard study name"] == {"Named": 1}
    assert read_summary(data)["Standard acquisition name"] == {"Named": 1}
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    heading, row = book.get_sheet_by_name("All data").to_python(skip_empty_area=False)[:2]
    cells = dict(zip(heading, row, strict=True))
    assert cells["Standard study name (study)"] == cells["Standard study name (request)"] == ""


def test_workbook_reports_only_shown_texts_as_cut(url):
    run(
        url,
        """INSERT INTO remapp_kvp (kvp, irradiation_event_xray_source_data_id)
        SELECT 70.125, (SELECT min(source.id) FROM remapp_irradeventxraysourcedata source
            JOIN remapp_irradeventxraydata event ON event.id = source.irradiation_event_xray_data_id
            JOIN remapp_projectionxrayradiationdose report
                ON report.id = event.projection_xray_radiation_dose_id
            JOIN remapp_generalstudymoduleattr study ON study.id = report.general_study_module_attributes_id
            WHERE study.modality_type = 'RF')
        FROM generate_series(1, 6000)""",
    )
    assert not list_cuts(url)
    run(url, "UPDATE remapp_projectionxrayradiationdose SET comment = repeat('é', 32768)")
    reports = select(
        url,
        """SELECT count(DISTINCT study.id) AS studies FROM remapp_generalstudymoduleattr study
        JOIN remapp_projectionxrayradiationdose ON general_study_module_attributes_id = study.id
        WHERE modality_type = 'RF'""",
    )[0]["studies"]
    assert list_cuts(url) == [
        f"{reports} texts were cut to 32,767 characters, the most that a cell can hold."
    ]


def list_cuts(url):
    return [words for words in export(url, type="rf-xlsx")[1].warnings if "were cut" in words]
