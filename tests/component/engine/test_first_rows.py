"""The first rows that are shown before an export are those of its file."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import ID, NAME
from doseexport.engine.first_rows import (
    MOST_BLOCKS,
    MOST_COLUMNS,
    MOST_ROWS,
    explain_no_rows,
    fetch_first_rows,
)
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.errors import ExportError
from tests.component.canary import CANARY, TRACES
from tests.component.exporting import export, list_distinct_specs, parse, read_csv
from tests.workbooks import Sheets


def fetch(url, seconds_left=None, **body):
    context = RequestContext(parse(**body), "ada", datetime(2026, 11, 23, tzinfo=UTC))
    database = Database({"conninfo": url}, seconds_left=seconds_left)
    return fetch_first_rows(context, database, lambda _: None)


def as_shown(table, rows):
    """Return the headings and as many rows of a file as a table shows, cut to its columns."""
    width = len(table.headings)
    padded = ([*row, *[""] * width][:width] for row in rows)
    heading, *data = list(padded)[: len(table.rows) + 1]
    return tuple(heading), data


def without_guard(rows):
    """Return rows without the apostrophe that keeps a spreadsheet from running a text."""
    return [[re.sub(r"\A'(?=[=+\-@\t\r\n])", "", cell) for cell in row] for row in rows]


CSV = [name for name, spec in list_distinct_specs().items() if spec.format == "csv" and not spec.needs]


@pytest.mark.parametrize("export_type", CSV)
def test_first_rows_of_a_csv_are_those_of_the_file(sample_url, export_type):
    spec = catalogue.find_spec(export_type)
    body = {
        "type": export_type,
        "include_names": spec.can_include(NAME),
        "include_ids": spec.can_include(ID),
    }
    (table,) = fetch(sample_url, **body)
    rows = read_csv(export(sample_url, **body)[0])
    heading, data = as_shown(table, rows)
    assert table.headings == heading
    assert [row.cells for row in table.rows] == without_guard(data)
    assert len(table.rows) == MOST_ROWS
    assert table.has_more_columns == (len(rows[1]) > len(heading))
    assert len(heading) <= MOST_COLUMNS


@pytest.mark.parametrize("export_type", ["ct-xlsx", "rf-xlsx", "mg-xlsx"])
def test_first_rows_of_a_workbook_are_those_of_all_data(sample_url, export_type):
    (table,) = fetch(sample_url, type=export_type)
    heading, data = as_shown(table, Sheets(export(sample_url, type=export_type)[0])["All data"])
    assert (table.name, table.headings) == ("All data", heading)
    shown = [row.cells for row in table.rows]
    assert [[bool(cell) for cell in row] for row in shown] == [[cell != "" for cell in row] for row in data]
    assert [row[0] for row in shown] == [row[0] for row in data]


def test_first_rows_of_several_sheets_are_those_of_each(sample_url):
    tables = fetch(sample_url, type="mg-nhsbsp-xlsx")
    sheets = Sheets(export(sample_url, type="mg-nhsbsp-xlsx")[0])
    assert [table.name for table in tables] == ["2D", "DBT", "CEM", "Excluded"]
    for table in tables:
        assert table.headings == tuple(sheets[table.name][0])


def test_first_rows_of_tables_are_those_of_studies(sample_url):
    (table,) = fetch(sample_url, type="rf-tables")
    with zipfile.ZipFile(io.BytesIO(export(sample_url, type="rf-tables")[0])) as file:
        rows = read_csv(file.read("studies.csv"))
    assert table.headings == tuple(rows[0])
    assert [row.cells for row in table.rows] == rows[1 : MOST_ROWS + 1]
    assert [str(row.study_id) for row in table.rows] == [row[0] for row in rows[1 : MOST_ROWS + 1]]


def test_first_rows_follow_filters_and_order(sample_url):
    filters = {"date_from": "2022-01-01", "dlp_min": 300}
    (table,) = fetch(sample_url, filters=filters, order="oldest_first")
    rows = read_csv(export(sample_url, filters=filters, order="oldest_first")[0])
    assert [row.cells[0] for row in table.rows] == [row[0] for row in rows[1 : MOST_ROWS + 1]]


def test_first_rows_show_no_more_events_than_the_file_has(sample_url):
    (table,) = fetch(sample_url, options={"max_events": 1})
    assert table.headings[-1].startswith("E1 ")
    assert not table.has_more_columns
    (table,) = fetch(sample_url)
    assert table.headings[-1].startswith(f"E{MOST_BLOCKS} ")


@pytest.mark.parametrize("export_type", ["ct-csv", "ct-xlsx", "mg-csv", "nm-tables"])
def test_first_rows_name_patients_only_as_the_request_does(canary_url, export_type):
    def show(**included):
        (table,) = fetch(canary_url, type=export_type, **included)
        assert table.rows
        return json.dumps([table.headings, [row.cells for row in table.rows]])

    plain, names, ids = show(), show(include_names=True), show(include_ids=True)
    assert [trace for trace in TRACES if trace in plain] == []
    assert f"{CANARY}^Jo" in names
    assert f"ID{CANARY}" not in names
    assert f"ID{CANARY}" in ids
    assert f"{CANARY}^Jo" not in ids


def test_first_rows_of_no_study_are_no_table(sample_url):
    assert fetch(sample_url, filters={"patient_name": "nobody of this name"}) == []


def test_first_rows_give_ids_that_find_the_study(sample_url):
    (table,) = fetch(sample_url, type="rf-csv")
    study = table.rows[3].study_id
    with psycopg.connect(sample_url) as connection:
        query = "SELECT accession_number FROM remapp_generalstudymoduleattr WHERE id = %s"
        (accession,) = connection.execute(query, (study,)).fetchone()
    assert accession in table.rows[3].cells


def test_first_rows_end_when_their_time_is_over(sample_url):
    with psycopg.connect(sample_url) as holder:
        holder.execute("LOCK TABLE remapp_generalstudymoduleattr IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ExportError) as caught:
            fetch(sample_url, lambda: 1.0)
    assert caught.value.code in {"OUT_OF_TIME", "TABLES_LOCKED"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "ct-audit"}, "The rows of an audit are known after its last study."),
        (
            {"options": {"pseudonyms": "trial"}},
            "Only the worker knows pseudonyms, so their rows are in the file only.",
        ),
        ({}, ""),
    ],
)
def test_first_rows_say_why_only_the_file_has_them(body, reason):
    assert explain_no_rows(parse(**body)) == reason
