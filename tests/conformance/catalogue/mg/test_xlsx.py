"""mg-xlsx holds what mg-csv holds, and OpenREM's workbook the same at float32 precision."""

import re
from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.catalogue.mg.comparison import NUMBERS
from tests.conformance.tables import Table, read_csv
from tests.conformance.workbook_tables import (
    OTHER_SHEETS,
    open_workbook,
    pad_time,
    read_frequencies,
    write_date,
    write_time,
)

THEIRS = "mg_xlsx__nofilter.xlsx"
STUDY_COLUMNS, EVENT_COLUMNS = 16, 22
TABLES = {"Study Description": 1, "Requested Procedure": 4, "Acquisition protocol": 7}
NAMES_AND_IDS = ("--include-names", "--include-ids")

# Headings of OpenREM's protocol sheets, and ours.
STUDY_MEANINGS = {
    "Institution": "Institution", "Manufacturer": "Manufacturer", "Model": "Model name",
    "Station name": "Station name", "Display name": "Display name", "Operator": "Operator",
    "Patient sex": "Sex", "Study description": "Study description",
    "Requested procedure": "Requested procedure", "Accession number": "Accession number",
    "Number of events": "No. events", "Patient age": "Age",
}  # fmt: skip
EVENT_MEANINGS = {
    "View": "View", "View Modifier": "View Modifier", "Laterality": "Laterality",
    "Acquisition protocol": "Acquisition", "Target": "Target", "Filters": "Filter",
    "Filter thicknesses (mm)": "Filter thickness", "Mode": "Mode",
    "Exposure mode description": "Exposure mode description", "Thickness": "Thickness",
    "Radiological thickness": "Radiological thickness", "Force": "Force", "Mag": "Mag", "Area": "Area",
    "Focal spot size": "Focal spot size", "kVp Mean": "kVp", "ESD": "ESD", "AGD": "AGD",
    "% Fibroglandular tissue": "% Fibroglandular tissue",
}  # fmt: skip
# Of other tables there than in OpenREM's own csv: no counterpart.
NOT_COMPARED = {"mA", "ms", "uAs"}
# Columns of the workbook that the csv has not, by OpenREM's headings.
BOOK_STUDY = {
    "Patient height (m)": "Height", "Patient weight (kg)": "Mass (kg)", "Total AGD Left": "Total AGD Left",
    "Total AGD Right": "Total AGD Right", "Total AGD Both": "Total AGD Both",
}  # fmt: skip
BOOK_EVENT = {"Number of pulses": "Number of pulses"}
MEANINGS = {**STUDY_MEANINGS, **EVENT_MEANINGS, **BOOK_STUDY, **BOOK_EVENT}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def our_mg_csv(openrem_url: str, export) -> Table:
    return read_csv(export("mg-csv", openrem_url))


@pytest.fixture(scope="module")
def our_path(openrem_url: str, export) -> Path:
    return export("mg-xlsx", openrem_url)


@pytest.fixture(scope="module")
def ours(our_path: Path):
    return open_workbook(our_path)


@pytest.fixture(scope="module")
def theirs(reference):
    return open_workbook(reference(THEIRS))


def write_cell(value: Any) -> str:
    """Return a cell as the csv writes it; numbers as Python writes them."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return write_date(value)
    if isinstance(value, time | timedelta):
        return write_time(value)
    return value if isinstance(value, str) else repr(float(value))


def write_csv_cell(heading: str, text: str) -> str:
    """Return a csv's cell as `write_cell` would, of the type that its column has."""
    heading = heading.rpartition(" ")[2] if heading.startswith("E") and heading[1].isdigit() else heading
    if heading == "Study time" and text:
        return pad_time(text)
    return repr(float(text)) if heading in NUMBERS and text else text


def select_csv_columns(sheet: Any) -> list[list[str]]:
    """Return a sheet's rows as texts, its header first, without the columns that the csv has not."""
    headings, *rows = sheet.values
    own = {*BOOK_STUDY.values(), *BOOK_EVENT.values()}
    shown = [n for n, heading in enumerate(headings) if re.sub(r"^E\d+ ", "", heading) not in own]
    return [[headings[n] for n in shown], *([write_cell(row[n]) for n in shown] for row in rows)]


def group_studies(csv: Table, study_columns: int) -> list[tuple[list[str], list[list[str]]]]:
    """Return each study's cells of the csv with its exposures' cells, in the csv's order."""
    studies: list[tuple[list[str], list[list[str]]]] = []
    for row in csv.rows:
        cells = [write_csv_cell(*pair) for pair in zip(csv.headings, row, strict=True)]
        if not studies or studies[-1][0] != cells[:study_columns]:
            studies.append((cells[:study_columns], []))
        studies[-1][1].append(cells[study_columns:])
    return studies


@pytest.mark.parametrize("inclusions", [(), NAMES_AND_IDS], ids=["plain", "with names and IDs"])
def test_mg_xlsx_all_data_has_one_row_per_study_with_the_csvs_rows_side_by_side(
    inclusions, openrem_url, export
) -> None:
    csv = read_csv(export("mg-csv", openrem_url, *inclusions))
    book = open_workbook(export("mg-xlsx", openrem_url, *inclusions))
    headings, *rows = select_csv_columns(book["All data"])
    studies = group_studies(csv, len(csv.headings) - EVENT_COLUMNS)
    most = max(len(exposures) for _, exposures in studies)
    expected = csv.headings[:-EVENT_COLUMNS]
    expected += [f"E{n} {name}" for n in range(1, most + 1) for name in csv.headings[-EVENT_COLUMNS:]]
    assert headings == expected
    assert rows == [
        study + [cell for exposure in exposures for cell in exposure]
        + [""] * (EVENT_COLUMNS * (most - len(exposures)))
        for study, exposures in studies
    ]  # fmt: skip


def test_mg_xlsx_protocol_sheets_hold_every_row_of_the_csv_once(ours, our_mg_csv: Table) -> None:
    wanted = defaultdict(list)
    for study, exposures in group_studies(our_mg_csv, STUDY_COLUMNS):
        for exposure in exposures:
            wanted[exposure[3].lower().replace(" ", "_") or "unknown"].append(study + exposure)
    found = {sheet.title: select_csv_columns(sheet) for sheet in ours if sheet.title not in OTHER_SHEETS}
    assert {name: rows[1:] for name, rows in found.items()} == wanted
    assert all(rows[0] == our_mg_csv.headings for rows in found.values())


def test_mg_xlsx_columns_that_the_csv_has_not_follow_the_study_and_end_each_exposure(ours) -> None:
    headings = [cell.value for cell in ours["All data"][1]]
    assert headings[STUDY_COLUMNS : STUDY_COLUMNS + len(BOOK_STUDY) + 1] == [*BOOK_STUDY.values(), "E1 View"]
    ends = [n for n, heading in enumerate(headings) if heading.endswith("Number of pulses")]
    assert ends == list(
        range(STUDY_COLUMNS + len(BOOK_STUDY) + EVENT_COLUMNS, len(headings), EVENT_COLUMNS + 1)
    )


def test_mg_xlsx_sheets_are_openrems(ours, theirs) -> None:
    assert ours.sheetnames == [*theirs.sheetnames, "Warnings", "Columns", "About"]


@pytest.mark.parametrize("title", TABLES)
def test_mg_xlsx_summary_counts_what_openrem_counts(title: str, ours, theirs) -> None:
    column = TABLES[title]
    assert ours["Summary"].cell(6, column).value == theirs["Summary"].cell(6, column).value == title
    assert dict(read_frequencies(ours, column)) == dict(read_frequencies(theirs, column))


def read_exposures(book: Any) -> list[Row]:
    """Return the rows of all protocol sheets, by their headings."""
    rows = []
    for sheet in book:
        if sheet.title not in OTHER_SHEETS:
            headings, *values = sheet.values
            rows += [dict(zip(headings, row, strict=True)) for row in values]
    return rows


def round_cell(value: Any) -> Any:
    """Return a number at six digits, which survive a float32 mean; '' as a missing cell."""
    if isinstance(value, int | float):
        return f"{value:.5e}"
    return None if value == "" else value


def count_cells(rows: list[Row], headings: list[str]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(round_cell(row[heading]) for heading in headings) for row in rows)


def test_mg_xlsx_protocol_sheets_equal_openrems_at_float32_precision(ours, theirs) -> None:
    mine = count_cells(read_exposures(ours), list(MEANINGS.values()))
    assert mine == count_cells(read_exposures(theirs), list(MEANINGS))
    assert mine.total() == 26
    assert {*MEANINGS.values(), *NOT_COMPARED, "Test patient?", "Study Comments"} == {
        cell.value for cell in ours["routine"][1]
    } - {"Study date", "Study time"}


def test_d21_mg_number_is_whole_where_openrems_went_through_float32(ours, theirs) -> None:
    assert 46.1 in {row["Thickness"] for row in read_exposures(ours)}
    thicknesses = {row["Thickness"] for row in read_exposures(theirs)}
    assert 46.1 not in thicknesses
    assert 46.09999847412109 in thicknesses


def single_exposures(book: Any, pulses: str) -> list[Row]:
    """Return the rows of exposures that are no pulses, of either file."""
    return [
        row for row in read_exposures(book) if not row.get(pulses) and " | " not in (row.get("Filter") or "")
    ]


def test_mg_xlsx_single_stored_exposure_is_the_same_in_both(ours, theirs) -> None:
    keys = ["Thickness", "AGD", "kVp", "uAs", "mA"]
    mine, their = single_exposures(ours, "-"), single_exposures(theirs, "Number of pulses")
    assert count_cells(mine, keys) == count_cells(their, keys)
    assert len(mine) == 13


def test_d04b_pristinas_exposure_is_computed_where_openrem_has_none(ours, theirs) -> None:
    def pristina(book: Any) -> list[Row]:
        return [row for row in read_exposures(book) if str(row["Station name"]).startswith("Pristina")]

    assert {row["uAs"] for row in pristina(theirs)} == {None}
    assert len(pristina(ours)) == 9
    # Of the text that holds the pulses' currents and times, as float32 wrote them.
    assert count_digits(row["uAs"] for row in pristina(ours)) == count_digits(
        add_pulses(row) for row in pristina(theirs)
    )


def add_pulses(row: Row) -> float:
    """Return the sum of current times time over the pulses of one of OpenREM's rows, in uAs."""
    pulses = (row[f"{what} Concatenated"].split(" | ") for what in ("mA", "ms"))
    return sum(float(current) * float(length) for current, length in zip(*pulses, strict=True))


def count_digits(numbers: Any, digits: int = 6) -> Counter[str]:
    return Counter(f"{number:.{digits - 1}e}" for number in numbers)


def test_d26_giottos_exposure_is_the_sum_of_its_pulses_where_openrem_has_the_first_and_their_mean(
    ours, theirs
) -> None:
    mine = [row["uAs"] for row in read_exposures(ours) if row["Accession number"] == "giottotomo"]
    rows = [row for row in read_exposures(theirs) if row["Accession number"] == "giottotomo"]
    sums = [sum(map(float, row["uAs Concatenated"].split(" | "))) for row in rows]
    assert sorted(mine) == sorted(sums) == [119850, 135680, 139890, 152040]
    assert sorted(row["uAs"] for row in rows) == [6220, 6230, 6510, 6560]


def test_d26_current_and_time_are_the_stored_averages_as_in_the_csv_where_openrem_has_the_first_pulse(
    ours, theirs
) -> None:
    mine = [row for row in read_exposures(ours) if row["Station name"] == "Pristina2"]
    rows = [row for row in read_exposures(theirs) if row["Station name"] == "Pristina2"]
    assert {f"{row['mA']:.2f}" for row in rows} == {"2.00", "2.01"}
    assert {row["mA"] for row in mine} == {16.24, 16.2, 16.165, 16.08, 16.345, 16.325}
    assert max(row["ms"] for row in rows) < 52
    assert min(row["ms"] for row in mine) > 600


def test_d22_mg_every_column_has_a_heading_where_openrem_leaves_28_without(ours, theirs) -> None:
    assert sum(cell.value is None for cell in theirs["All data"][1]) == 28
    assert all(cell.value for sheet in ours if sheet.title not in ("Summary", "About") for cell in sheet[1])


def test_d09_mg_dates_and_times_are_cells_of_their_kind(ours, theirs) -> None:
    mine, row = read_exposures(ours)[0], read_exposures(theirs)[0]
    assert (type(row["Study date"]), type(row["Study time"])) == (int, float)
    assert isinstance(mine["Study date"], datetime)
    assert isinstance(mine["Study time"], time)
    days = {row["Study date"] for row in read_exposures(theirs)}
    assert {(row["Study date"] - datetime(1899, 12, 30)).days for row in read_exposures(ours)} == days  # noqa: DTZ001


def test_d21_mg_studies_are_in_one_order_where_openrems_start_again(ours, theirs) -> None:
    def dates(book: Any) -> list[Any]:
        headings, *rows = book["All data"].values
        return [row[headings.index("Study date")] for row in rows]

    assert dates(ours) == sorted(dates(ours), reverse=True)
    assert dates(theirs) != sorted(dates(theirs), reverse=True)
