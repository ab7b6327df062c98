"""dx-xlsx holds what dx-csv holds, and OpenREM's workbook the same at its own precision."""

from collections import Counter
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.catalogue.dx.workbook import Difference, find_differences_between, shorten
from tests.conformance.tables import Table, read_csv
from tests.conformance.workbook_tables import (
    OTHER_SHEETS,
    READERS,
    find_differences,
    open_workbook,
    read_frequencies,
)

STUDY_COLUMNS = 19
EVENT_COLUMNS = 21
TABLES = {"Study Description": 1, "Requested Procedure": 4, "Acquisition protocol": 7}
GUARDED = ("Study description", "'- - - - -", "- - - - -")

LISTED = {
    ("mAs", 8.4, None): "D04",
    ("mAs", 8, None): "D04",
    ("mAs", 13.6, None): "D04",
    ("mAs", 14, None): "D04",
    ("kVp", 170 / 3, 50): "D23",
    ("DAP total (cGy.cm^2)", None, 0): "D25",
}


@pytest.fixture(scope="module")
def our_path(export, openrem_url: str) -> Path:
    return export("dx-xlsx", openrem_url)


@pytest.fixture(scope="module")
def csv(export, openrem_url: str) -> Table:
    return read_csv(export("dx-csv", openrem_url))


@pytest.fixture(scope="module")
def ours(our_path: Path):
    return open_workbook(our_path)


@pytest.fixture(scope="module")
def theirs(reference):
    return open_workbook(reference("dx_xlsx__nofilter.xlsx"))


@pytest.fixture(scope="module")
def differences(ours, theirs) -> list[Difference]:
    return find_differences_between(ours, theirs)


@pytest.mark.parametrize("reader", READERS)
def test_dx_xlsx_all_data_holds_the_csvs_cells(reader: str, our_path: Path, csv: Table) -> None:
    headings, *rows = READERS[reader](our_path, "All data")
    assert find_differences(csv, headings, rows) == [GUARDED]


@pytest.mark.parametrize("reader", READERS)
def test_dx_xlsx_protocol_sheets_hold_every_event_of_the_csv_once(reader, our_path, csv, ours) -> None:
    wanted, found = Table([], []), []
    for sheet in ours.sheetnames:
        if sheet not in OTHER_SHEETS:
            headings, *rows = READERS[reader](our_path, sheet)
            found += rows
            wanted.rows.extend(rows_of_sheet(csv, sheet))
    assert len(found) == 23
    assert find_differences(Table(headings, wanted.rows), headings, found) == [GUARDED]


def rows_of_sheet(csv: Table, sheet: str) -> list[list[str]]:
    """Return the rows that a protocol's sheet has to have: each study's cells, then its event's."""
    rows = []
    for row in csv.rows:
        for first in range(STUDY_COLUMNS, len(row), EVENT_COLUMNS):
            event = row[first : first + EVENT_COLUMNS]
            if any(event) and (event[0].lower().replace(" ", "_")[:31] or "unknown") == sheet:
                rows.append(row[:STUDY_COLUMNS] + event)
    return rows


def test_dx_xlsx_every_cell_equals_openrems_but_for_listed_deviations(differences) -> None:
    assert [each for each in differences if name_deviation(each) == "not listed"] == []


def name_deviation(difference: Difference) -> str:
    """Return the name of a difference that is listed."""
    heading, ours, theirs = difference
    listed = {(name, shorten(own), shorten(other)): found for (name, own, other), found in LISTED.items()}
    return listed.get((heading, shorten(ours), shorten(theirs)), "not listed")


def test_d04_dx_mas_are_computed_in_the_workbook_too(differences) -> None:
    assert sum(name_deviation(each) == "D04" for each in differences) == 4


def test_d23_dx_kvp_is_the_mean_of_the_pulses_where_openrem_has_a_later_one(differences) -> None:
    found = [each for each in differences if name_deviation(each) == "D23"]
    assert [(round(each.ours, 4), each.theirs) for each in found] == [(56.6667, 50)]


def test_d25_dx_total_that_is_not_recorded_is_blank_where_openrem_has_0(differences) -> None:
    found = [each for each in differences if name_deviation(each) == "D25"]
    assert [(each.ours, each.theirs) for each in found] == [(None, 0)]


def test_d09_dx_dates_and_times_are_cells_of_their_kind(ours, theirs) -> None:
    for heading, kind in (("Study date", datetime), ("Study time", time)):
        for sheet in set(ours.sheetnames) - {"Summary", "Warnings", "Columns", "About"}:
            assert {type(value) for value in column(ours[sheet], heading) if value is not None} <= {kind}
        assert kind in {type(value) for value in column(ours["All data"], heading)}
        assert {type(value) for value in column(theirs["All data"], heading)} <= {int, float, type(None)}


def column(sheet, heading: str) -> list[Any]:
    """Return the values below a heading."""
    headings, *rows = sheet.values
    return [row[headings.index(heading)] for row in rows]


def test_d21_dx_numbers_are_whole_where_openrems_went_through_float32(ours, theirs) -> None:
    assert 2.39 in column(ours["All data"], "DAP total (cGy.cm^2)")
    (near,) = [
        value for value in column(theirs["All data"], "Total DAP (cGy·cm²)") if round(value, 4) == 2.39
    ]
    assert near != 2.39


def test_d21_dx_comments_and_test_patients_are_in_the_workbook(ours, theirs) -> None:
    own, other = ([str(heading) for heading in next(book["All data"].values)] for book in (ours, theirs))
    for heading in ("Study Comments", "Test patient?", "E1 Comment"):
        assert heading in own
        assert heading not in other


def test_dx_xlsx_sheets_are_openrems_and_as_long(ours, theirs) -> None:
    def sizes(book) -> dict[str, int]:
        return {sheet.title: sheet.max_row - 1 for sheet in book if sheet.title not in OTHER_SHEETS}

    names = [name for name in ours.sheetnames if name != "Warnings"]
    assert names == ["Summary", "All data", *sorted(theirs.sheetnames[2:]), "Columns", "About"]
    assert sizes(ours) == sizes(theirs)
    assert sum(sizes(ours).values()) == 23


def test_dx_xlsx_summary_is_openrems(ours, theirs) -> None:
    for title, position in TABLES.items():
        assert ours["Summary"].cell(6, position).value == theirs["Summary"].cell(6, position).value == title
        assert Counter(read_frequencies(ours, position)) == Counter(read_frequencies(theirs, position))
    for book in (ours, theirs):
        assert [cell.value for cell in book["Summary"][4][:2]] == ["Total number of exams", 12]
        assert sum(number for _, number in read_frequencies(book, 7)) == 23


def test_d28_dx_title_is_our_own_and_equal_frequencies_are_sorted_by_name(ours, theirs) -> None:
    assert (ours["Summary"]["A1"].value, "OpenREM" in theirs["Summary"]["A1"].value) == ("DX export", True)
    for position in TABLES.values():
        found = read_frequencies(ours, position)
        assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
