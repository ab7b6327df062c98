"""A warning about some studies says which: in the manifest, and in workbooks on the sheet Warnings."""

import io
import json

import openpyxl
import psycopg
import pytest
import python_calamine

from doseexport.engine.manifest import FileFacts, write_manifest
from tests.component.exporting import export, parse

OF_STUDY = "general_study_module_attributes_id"
NO_PATIENT = "No patient record in 2 of the studies: its cells are blank."
TWO_EQUIPMENTS = "Several equipment records in 1 of the studies: the first was used."
ODD = {"accession_number": "=007"}
LOST_LENGTHS = "No scanning length in 3 of the events: its cell is blank."


@pytest.fixture(scope="module")
def studies(postgres, small_sample_url):
    """The database's URL, and the ids and accession numbers of its CT studies, of which three are odd."""
    url = postgres.create_database("warned", small_sample_url.rpartition("/")[2])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        ids = [
            row[0]
            for row in connection.execute(
                f"""SELECT study.id FROM remapp_generalstudymoduleattr study
                JOIN remapp_ctradiationdose report ON report.{OF_STUDY} = study.id
                JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = report.id
                WHERE modality_type = 'CT' AND study_description NOT LIKE 'broken%'
                GROUP BY study.id HAVING count(*) >= 3 ORDER BY study.id LIMIT 3"""
            )
        ]
        connection.execute(f"DELETE FROM remapp_patientmoduleattr WHERE {OF_STUDY} = ANY(%s)", [ids[:2]])
        connection.execute(
            f"INSERT INTO remapp_generalequipmentmoduleattr ({OF_STUDY}) VALUES (%s)", [ids[2]]
        )
        connection.execute(
            f"""DELETE FROM remapp_scanninglength WHERE ct_irradiation_event_data_id IN (
            SELECT event.id FROM remapp_ctirradiationeventdata event
            JOIN remapp_ctradiationdose report ON report.id = event.ct_radiation_dose_id
            WHERE report.{OF_STUDY} = %s ORDER BY event.id LIMIT 3)""",
            [ids[0]],
        )
        connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET accession_number = '=007' || id WHERE id = ANY(%s)",
            [ids],
        )
    return url, ids


def find(warnings, message):
    (found,) = [each for each in warnings if each.message == message]
    return [(study.id, study.accession_number, study.rows) for study in found.studies], found.more


@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_warning_lists_its_studies_with_the_accession_numbers_that_the_file_shows(studies, kind):
    url, (first, second, third) = studies
    _, report = export(url, type=kind, filters=ODD)
    warnings = report.study_warnings
    listed, more = find(warnings, NO_PATIENT)
    assert (sorted(listed), more) == ([(n, f"=007{n}", 1) for n in (first, second)], 0)
    assert find(warnings, TWO_EQUIPMENTS) == ([(third, f"=007{third}", 1)], 0)
    assert {each.message for each in warnings} <= set(report.warnings)


def test_warning_counts_the_events_of_a_study(studies):
    url, (first, *_) = studies
    _, report = export(url, type="ct-csv", filters={"accession_number": f"=007{first}"})
    assert find(report.study_warnings, LOST_LENGTHS) == ([(first, f"=007{first}", 3)], 0)


def test_warning_of_a_form_without_accession_numbers_has_ids_only(studies):
    url, (first, *_) = studies
    _, report = export(url, type="ct-phe2019", filters=ODD)
    (lengths,) = [each for each in report.study_warnings if each.message.startswith("No scanning length")]
    assert first in {study.id for study in lengths.studies}
    assert {study.accession_number for study in lengths.studies} == {None}


def read_openpyxl(data):
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(data))["Warnings"].values]


def read_calamine(data):
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return [[cell or None for cell in row] for row in book.get_sheet_by_name("Warnings").to_python()]


@pytest.mark.parametrize("read", [read_openpyxl, read_calamine])
def test_workbook_lists_the_studies_on_a_sheet_of_its_own(studies, read):
    data, report = export(studies[0], type="ct-xlsx", filters=ODD)
    headings, *rows = read(data)
    assert headings == ["Warning", "Study ID", "Accession number", "Number"]
    assert rows == [
        [warning.message, study.id, study.accession_number or None, study.rows]
        for warning in report.study_warnings
        for study in warning.studies
    ]
    (sheet,) = [each for each in report.sheets if each.name == "Warnings"]
    assert (sheet.rows, sheet.rows_above) == (len(rows), 1)


def test_workbook_without_warnings_has_no_such_sheet(studies):
    url, ids = studies
    with psycopg.connect(url, autocommit=True) as connection:
        (plain,) = connection.execute(
            """UPDATE remapp_generalstudymoduleattr SET accession_number = 'plain' WHERE id = (
            SELECT min(id) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT' AND id <> ALL(%s)
            AND study_description NOT LIKE 'broken%%') RETURNING id""",
            [ids],
        ).fetchone()
    data, report = export(url, type="ct-xlsx", filters={"accession_number": "plain"})
    assert report.warnings == report.study_warnings == (), plain
    assert "Warnings" not in openpyxl.load_workbook(io.BytesIO(data)).sheetnames


def test_manifest_lists_the_studies(studies):
    url, (*_, third) = studies
    _, report = export(url, type="ct-csv", filters=ODD)
    facts = FileFacts("x.csv", 1, "0" * 64)
    manifest = json.loads(write_manifest(None, parse(type="ct-csv"), report, facts))
    assert {
        "message": TWO_EQUIPMENTS,
        "studies": [{"id": third, "accession_number": f"=007{third}", "rows": 1}],
        "more": 0,
    } in manifest["study_warnings"]
