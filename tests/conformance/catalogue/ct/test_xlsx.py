"""ct-xlsx holds what ct-csv holds, and as many acquisitions as OpenREM's workbook."""

from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.conformance.tables import EVENT_COLUMNS, STUDY_COLUMNS, Table
from tests.conformance.workbook_tables import (
    OTHER_SHEETS,
    READERS,
    find_differences,
    open_workbook,
    read_frequencies,
)

THEIRS = "ct_xlsx__nofilter.xlsx"
PROTOCOLS = """
SELECT coalesce(event.acquisition_protocol, ''), count(*) FROM remapp_ctirradiationeventdata event
JOIN remapp_ctradiationdose dose ON dose.id = event.ct_radiation_dose_id
JOIN remapp_generalstudymoduleattr study ON study.id = dose.general_study_module_attributes_id
WHERE study.modality_type = 'CT' GROUP BY 1"""
TABLES = {"Study Description": 1, "Requested Procedure": 4, "Acquisition protocol": 7}


@pytest.fixture(scope="module")
def ours(our_xlsx: Path):
    return open_workbook(our_xlsx)


@pytest.fixture(scope="module")
def theirs(reference):
    return open_workbook(reference(THEIRS))


@pytest.mark.parametrize("reader", READERS)
def test_ct_xlsx_all_data_holds_the_csvs_cells(reader: str, our_xlsx: Path, our_csv: Table) -> None:
    headings, *rows = READERS[reader](our_xlsx, "All data")
    assert find_differences(our_csv, headings, rows) == []


@pytest.mark.parametrize("reader", READERS)
def test_ct_xlsx_all_data_with_names_and_ids_holds_the_csvs_cells(
    reader: str, openrem_url: str, export
) -> None:
    from tests.conformance.tables import read_csv

    inclusions = ("--include-names", "--include-ids")
    csv = read_csv(export("ct-csv", openrem_url, *inclusions))
    headings, *rows = READERS[reader](export("ct-xlsx", openrem_url, *inclusions), "All data")
    birth = headings.index("Date of birth")
    assert [f"{row[birth]:%Y-%m-%d}" if row[birth] else "" for row in rows] == csv.column("Date of birth")
    for table in (headings, *rows, csv.headings, *csv.rows):
        del table[birth]
    assert find_differences(csv, headings, rows) == []


@pytest.mark.parametrize("reader", READERS)
def test_ct_xlsx_protocol_sheets_hold_every_event_of_the_csv_once(reader, our_xlsx, our_csv, ours) -> None:
    wanted = Table([], [])
    found = []
    for sheet in ours.sheetnames:
        if sheet not in OTHER_SHEETS:
            headings, *rows = READERS[reader](our_xlsx, sheet)
            found += rows
            wanted.rows.extend(rows_of_sheet(our_csv, sheet))
    table = Table(headings, wanted.rows)
    assert len(found) == 75
    assert find_differences(table, headings, found) == []


def test_ct_xlsx_protocol_sheets_are_openrems_in_alphabetical_order(ours, theirs) -> None:
    names = [name for name in ours.sheetnames if name != "Warnings"]
    assert names == ["Summary", "All data", *sorted(theirs.sheetnames[2:]), "Columns", "About"]


def test_ct_xlsx_protocol_sheet_has_as_many_acquisitions_as_openrems(ours, theirs) -> None:
    def sizes(book) -> dict[str, int]:
        return {sheet.title: sheet.max_row - 1 for sheet in book if sheet.title not in OTHER_SHEETS}

    assert sizes(ours) == sizes(theirs)
    assert (sum(sizes(ours).values()), sizes(ours)["unknown"]) == (75, 38)


@pytest.mark.parametrize(("title", "column"), TABLES.items())
def test_ct_xlsx_summary_frequencies_are_openrems(title: str, column: int, ours, theirs) -> None:
    assert ours["Summary"].cell(6, column).value == theirs["Summary"].cell(6, column).value == title
    assert dict(read_frequencies(ours, column)) == dict(read_frequencies(theirs, column))


def test_ct_xlsx_summary_counts_15_exams_75_acquisitions_and_38_without_a_protocol(ours, theirs) -> None:
    for book in (ours, theirs):
        assert [cell.value for cell in book["Summary"][4][:2]] == ["Total number of exams", 15]
        counts = dict(read_frequencies(book, TABLES["Acquisition protocol"]))
        assert (sum(counts.values()), counts[""]) == (75, 38)


def test_ct_xlsx_protocol_frequencies_are_those_of_the_database(ours, openrem_url: str) -> None:
    with psycopg.connect(openrem_url) as connection:
        wanted = dict(connection.execute(PROTOCOLS).fetchall())
    assert dict(read_frequencies(ours, TABLES["Acquisition protocol"])) == wanted


def test_d28_equal_frequencies_are_sorted_by_name_where_openrems_are_not(ours, theirs) -> None:
    for column in TABLES.values():
        found = read_frequencies(ours, column)
        assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    unsorted = read_frequencies(theirs, TABLES["Acquisition protocol"])
    assert unsorted != sorted(unsorted, key=lambda pair: (-pair[1], pair[0]))


def test_d28_title_is_our_own(ours, theirs) -> None:
    assert ours["Summary"]["A1"].value == "CT export"
    assert ours["Summary"]["A2"].value.startswith("Dose Export ")
    assert "OpenREM" in theirs["Summary"]["A1"].value


def test_ct_xlsx_sheets_hold_one_protocol_each_and_no_foreign_one(ours) -> None:
    protocols = Counter()
    for sheet in ours:
        if sheet.title not in OTHER_SHEETS:
            protocols.update({row[STUDY_COLUMNS] for row in list(sheet.values)[1:]})
    assert set(protocols.values()) == {1}


def rows_of_sheet(csv: Table, sheet: str) -> list[list[str]]:
    """Return the rows that a protocol's sheet has to have: each study's cells, then its event's."""
    rows = []
    for row in csv.rows:
        for first in range(STUDY_COLUMNS, len(row), EVENT_COLUMNS):
            event = row[first : first + EVENT_COLUMNS]
            if any(event) and name_sheet(event[0]) == sheet:
                rows.append(row[:STUDY_COLUMNS] + event)
    return rows


def name_sheet(protocol: str) -> str:
    """Return the sheet of a protocol, by OpenREM's rule as far as its test files need it."""
    return protocol.lower().replace(" ", "_").replace("/", "|")[:31] or "unknown"
