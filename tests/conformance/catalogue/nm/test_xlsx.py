"""nm-xlsx holds what nm-csv holds, and OpenREM's workbook the same at float32 precision."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conformance.catalogue.nm.comparison import (
    MOMENTS,
    ONLY_OURS,
    ONLY_THEIRS,
    is_number,
    is_same,
    translate_heading,
)
from tests.conformance.tables import Table, read_csv, same_number
from tests.conformance.workbook_tables import OTHER_SHEETS, READERS, open_workbook, read_frequencies

DIGITS = 6
EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
INCLUSIONS = ((), ("--include-names", "--include-ids"))


@pytest.fixture(scope="module")
def our_file(export, openrem_url) -> Path:
    return export("nm-xlsx", openrem_url)


@pytest.fixture(scope="module")
def ours(our_file):
    return open_workbook(our_file)


@pytest.fixture(scope="module")
def theirs(reference):
    return open_workbook(reference("nm_xlsx__nofilter.xlsx"))


@pytest.fixture(scope="module")
def csv(export, openrem_url) -> Table:
    return read_csv(export("nm-csv", openrem_url))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("inclusions", INCLUSIONS, ids=["plain", "names and IDs"])
def test_nm_xlsx_all_data_holds_the_csvs_cells(reader: str, inclusions, openrem_url: str, export) -> None:
    csv = read_csv(export("nm-csv", openrem_url, *inclusions))
    headings, *rows = READERS[reader](export("nm-xlsx", openrem_url, *inclusions), "All data")
    assert headings == csv.headings
    assert len(headings) == 211 + 3 * bool(inclusions)
    for texts, values in zip(csv.rows, rows, strict=True):
        for heading, text, value in zip(headings, texts, values, strict=True):
            assert is_same(heading, text, value), (heading, text, value)


@pytest.mark.parametrize("reader", READERS)
def test_nm_xlsx_each_description_has_a_sheet_with_its_rows(
    reader: str, our_file: Path, ours, csv: Table
) -> None:
    all_rows = READERS[reader](our_file, "All data")
    position = csv.headings.index("Study description")
    found = []
    for sheet in ours.sheetnames:
        if sheet not in OTHER_SHEETS:
            headings, *rows = READERS[reader](our_file, sheet)
            assert headings == csv.headings
            assert {name_sheet(row[position]) for row in rows} == {sheet}
            found += rows
    assert sorted(map(str, found)) == sorted(map(str, all_rows[1:]))


def test_nm_xlsx_sheets_are_openrems(ours, theirs) -> None:
    names = [name for name in ours.sheetnames if name != "Warnings"]
    assert names == ["Summary", "All data", *sorted(theirs.sheetnames[2:]), "Columns", "About"]


def read_theirs(theirs) -> list[dict[str, object]]:
    """Return OpenREM's rows by the csv's headings."""
    header, *rows = theirs["All data"].iter_rows(values_only=True)
    headings = [translate_heading(heading) for heading in header]
    return [dict(zip(headings, row, strict=True)) for row in rows]


def agrees(heading: str, text: str, value: object) -> bool:
    """Return whether OpenREM's cell means what our csv's does, at the precision of its workbook."""
    if text == "" or value is None:
        return text == "" and value is None
    if heading in ("Study date", "Study time") or MOMENTS.fullmatch(heading):
        return abs(read_moment(heading, text) - timedelta(days=value)) < timedelta(milliseconds=1)
    if is_number(heading):
        return same_number(text, repr(value), DIGITS) or float(text) == value
    return text == value


def read_moment(heading: str, text: str) -> timedelta:
    """Return the time that a date, a time of day or a moment is after the workbook's epoch."""
    if heading == "Study time":
        text = f"1899-12-30 {text}"
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH


def test_d21_every_value_of_openrems_workbook_is_in_ours_under_the_csvs_heading(csv: Table, theirs) -> None:
    others = read_theirs(theirs)
    shared = [heading for heading in csv.headings if heading not in ONLY_OURS]
    assert set(others[0]) - set(csv.headings) == ONLY_THEIRS
    assert set(csv.headings) - set(others[0]) == ONLY_OURS
    compared = 0
    for row, other in zip(csv.rows, others, strict=True):
        own = dict(zip(csv.headings, row, strict=True))
        for heading in shared:
            assert agrees(heading, own[heading], other[heading]), (heading, own[heading], other[heading])
            compared += 1
    assert compared == 5 * len(shared) == 1005


def test_d21_numbers_of_nm_are_whole_where_openrems_went_through_float32(csv: Table, theirs) -> None:
    heights = [row["Height"] for row in read_theirs(theirs)]
    assert 1.720000028610229 in heights
    assert csv.column("Height")[0] == "1.72"


def test_d21_children_stand_in_numeric_order_where_openrems_stand_as_texts(ours, theirs) -> None:
    def numbers(headings: list[str]) -> list[int]:
        return [int(name.split()[-1]) for name in headings if name.startswith("Organ Dose Finding Site")]

    def translated(book) -> list[str]:
        return [translate_heading(cell.value) for cell in book["All data"][1]]

    assert numbers(translated(ours)) == list(range(1, 24))
    assert numbers(translated(theirs)) == sorted(range(1, 24), key=str)


def test_d09_dates_and_moments_of_nm_are_cells_of_their_kind(ours, theirs) -> None:
    headings = [cell.value for cell in ours["All data"][1]]
    dated = [
        n
        for n, name in enumerate(headings, start=1)
        if name.startswith("Study date") or name == "Study time" or MOMENTS.fullmatch(name)
    ]
    cells = [ours["All data"].cell(row, n) for row in range(2, 7) for n in dated]
    filled = [cell for cell in cells if cell.value is not None]
    assert len(filled) == 20
    assert all(cell.is_date for cell in filled)
    assert not any(cell.is_date for row in theirs["All data"].iter_rows() for cell in row)


@pytest.mark.parametrize(("title", "column"), [("Study Description", 1), ("Requested Procedure", 4)])
def test_nm_xlsx_summary_frequencies_are_openrems(title: str, column: int, ours, theirs) -> None:
    assert ours["Summary"].cell(6, column).value == theirs["Summary"].cell(6, column).value == title
    assert dict(read_frequencies(ours, column)) == dict(read_frequencies(theirs, column))
    assert len(dict(read_frequencies(ours, column))) == 5


def test_nm_xlsx_summary_counts_5_exams_and_no_protocols(ours, theirs) -> None:
    assert [cell.value for cell in ours["Summary"][4][:2]] == ["Total number of exams", 5]
    assert ours["Summary"].max_column == 5
    assert theirs["Summary"]["G6"].value == "Acquisition protocol"
    assert read_frequencies(theirs, 7) == []


def test_d28_title_of_nm_is_our_own(ours, theirs) -> None:
    assert ours["Summary"]["A1"].value == "NM export"
    assert "OpenREM" in theirs["Summary"]["A1"].value


def name_sheet(description: str | None) -> str:
    """Return the sheet of a description, by OpenREM's rule as far as its test files need it."""
    return (description or "unknown").lower().replace(" ", "_").replace("/", "|")[:31]
