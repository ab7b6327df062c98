"""One study of many events does not widen a file without a word."""

import io

import openpyxl
import psycopg
import pytest
from local import sample

from doseexport.domain.request import parse_request
from doseexport.errors import RequestError
from tests.component.exporting import export, read_csv

MANY = 700
EVENT_COLUMNS = 24


@pytest.fixture(scope="module")
def wide(postgres):
    """The URL of a database in which one CT study has MANY events, and the id of that study."""
    url = postgres.create_database("wide")
    sample.fill(url, 30)
    with psycopg.connect(url, autocommit=True) as connection:
        (study,) = connection.execute(
            f"""WITH one AS (SELECT study.id, max(event.id) AS event FROM remapp_generalstudymoduleattr study
                JOIN remapp_ctradiationdose report ON report.general_study_module_attributes_id = study.id
                JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = report.id
                WHERE study_description NOT LIKE 'broken%' GROUP BY study.id HAVING count(*) = 3
                ORDER BY study.id LIMIT 1), added AS (
                INSERT INTO remapp_ctirradiationeventdata (acquisition_protocol, ct_radiation_dose_id)
                SELECT 'copy ' || n, ct_radiation_dose_id FROM remapp_ctirradiationeventdata event, one,
                    generate_series(1, {MANY} - 3) n WHERE event.id = one.event)
            SELECT id FROM one"""
        ).fetchone()
    return url, study


@pytest.fixture(scope="module")
def whole(wide):
    data, report = export(wide[0], type="ct-csv")
    return read_csv(data), report


def find(report, *words):
    return [each for each in report.warnings if all(word in each for word in words)]


def test_csv_names_the_study_that_makes_every_row_wide(wide, whole):
    (header, *_), report = whole
    (warning,) = find(report, "every row")
    assert warning == (
        f"Study {wide[1]} has {MANY} events, so every row has {len(header):,} columns, and spreadsheets"
        " open only 16,384 of them. Choose the workbook, or leave events out by the option max_events."
    )
    assert len(header) > 16_384


def test_csv_of_ordinary_studies_says_nothing_of_its_width(wide):
    _, report = export(wide[0], type="dx-csv")
    assert not find(report, "every row")


def test_max_events_leaves_events_out_of_the_csv_and_names_their_studies(wide, whole):
    url, study = wide
    (full, *full_rows), plain = whole
    data, report = export(url, type="ct-csv", options={"max_events": "3"})
    header, *rows = read_csv(data)
    width = len(full) - MANY * EVENT_COLUMNS
    assert header == full[: width + 3 * EVENT_COLUMNS]
    assert rows == [row[: len(header)] for row in full_rows]
    (warning,) = find(report, "left out")
    assert warning.startswith("Events beyond the first 3 of a study are left out: ")
    assert f"{MANY - 3} of study {study}" in warning
    (listed,) = [each for each in report.study_warnings if each.message == warning]
    left_out = {each.id: each.rows for each in listed.studies}
    assert left_out[study] == MANY - 3
    filled = [
        sum(any(row[n : n + EVENT_COLUMNS]) for n in range(width, len(row), EVENT_COLUMNS))
        for row in full_rows
    ]
    assert sum(left_out.values()) == sum(max(0, number - 3) for number in filled)
    assert (report.studies, report.events) == (plain.studies, plain.events)


def test_max_events_that_no_study_exceeds_changes_nothing(wide, whole):
    data, report = export(wide[0], type="ct-csv", options={"max_events": str(MANY)})
    assert read_csv(data) == whole[0]
    assert not find(report, "left out")


def test_max_events_leaves_events_out_of_all_data_and_keeps_them_on_their_sheets(wide):
    url, study = wide
    data, report = export(url, type="ct-xlsx", options={"max_events": "3"})
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    headings = [cell for cell in next(book["All data"].values) if cell]
    assert headings[-1].startswith("E3 ")
    assert not [name for name in book.sheetnames if name.startswith("All data from")]
    assert f"copy_{MANY - 3}" in book.sheetnames
    (warning,) = find(report, "left out")
    assert warning.startswith("Events beyond the first 3 of a study are left out of All data: ")
    assert f"{MANY - 3} of study {study}" in warning


@pytest.mark.parametrize("value", ["0", "-1", "none", "1.5"])
def test_max_events_is_a_number_or_all(value):
    with pytest.raises(RequestError, match="must be a whole number"):
        parse_request({"type": "ct-csv", "options": {"max_events": value}}, may_see_patients=False)
