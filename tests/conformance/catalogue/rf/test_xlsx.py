"""rf-xlsx equals OpenREM's own workbook, whose values are whole, but for the listed deviations."""

from collections import Counter, defaultdict
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.catalogue.rf.comparison import (
    EVENT_COLUMNS,
    GROUP_COLUMNS,
    NEWEST_FIRST,
    STUDY_COLUMNS,
    is_number,
    is_same,
    name_study,
)
from tests.conformance.tables import read_csv, same_number
from tests.conformance.workbook_tables import (
    OTHER_SHEETS,
    open_workbook,
    pad_time,
    read_frequencies,
    write_date,
    write_time,
)
from tests.oracles.rf import RfArchive
from tests.oracles.rf_groups import group_cells, groups_of

Row = list[Any]

GROUPED_OTHERWISE = {
    45: [2, 53, 28, 3, 16, 31, 7, 1, 16, 5, 10, 1, 8, 15, 79, 26, 10, 1, 1, 1, 2],
    46: [31, 17, 1],
    52: [1, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 7, 45, 3, 6, 3, 2, 1],
}
"""Our groups where an angle or a rate of 0 counts (D10)."""
THEIR_GROUPS = {45: 14, 46: 2, 52: 11}


@pytest.fixture(scope="module")
def our_path(export, openrem_url: str) -> Path:
    return export("rf-xlsx", openrem_url)


@pytest.fixture(scope="module")
def ours(our_path: Path):
    return open_workbook(our_path)


@pytest.fixture(scope="module")
def theirs(reference):
    return open_workbook(reference("rf_xlsx__nofilter.xlsx"))


def read_studies(book) -> tuple[list[str], dict[int, Row]]:
    """Return the headings of All data, and its rows by the studies' ids."""
    headings, *rows = (list(row) for row in book["All data"].values)
    return headings, {name_study(row, headings): row for row in rows}


def cut_groups(row: Row) -> list[Row]:
    """Return a row's groups without those that are blank."""
    starts = range(STUDY_COLUMNS, len(row), GROUP_COLUMNS)
    blocks = (row[start : start + GROUP_COLUMNS] for start in starts)
    return [block for block in blocks if any(cell is not None for cell in block)]


def test_rf_xlsx_all_data_has_openrems_headings_as_far_as_openrem_has_groups(ours, theirs) -> None:
    own, other = read_studies(ours)[0], read_studies(theirs)[0]
    assert own[: len(other)] == other
    assert (len(own), len(other)) == (STUDY_COLUMNS + 21 * GROUP_COLUMNS, STUDY_COLUMNS + 14 * GROUP_COLUMNS)


def test_rf_xlsx_columns_of_studies_are_openrems(ours, theirs) -> None:
    headings, own = read_studies(ours)
    _, other = read_studies(theirs)
    assert list(own) == NEWEST_FIRST
    assert set(own) == set(other)
    differences = [
        (study, heading, cell, found)
        for study, row in own.items()
        for heading, cell, found in zip(headings[:STUDY_COLUMNS], row, other[study], strict=False)
        if not is_same(heading, cell, found)
    ]
    assert differences == []


def test_d06_rf_workbook_has_the_newest_study_first(ours, theirs) -> None:
    for sheet in (each for each in ours.worksheets[1:-2] if each.title != "Warnings"):
        headings, *rows = (list(row) for row in sheet.values)
        places = [NEWEST_FIRST.index(name_study(row, headings)) for row in rows]
        assert places == sorted(places)
    assert list(read_studies(theirs)[1]) != NEWEST_FIRST


def test_rf_xlsx_groups_of_all_other_studies_are_openrems(ours, theirs) -> None:
    headings, own = read_studies(ours)
    _, other = read_studies(theirs)
    names = headings[STUDY_COLUMNS : STUDY_COLUMNS + GROUP_COLUMNS]
    compared = 0
    for study, row in own.items():
        if study in GROUPED_OTHERWISE:
            continue
        groups, found = cut_groups(row), cut_groups(other[study])
        assert len(groups) == len(found)
        for pair in zip(groups, found, strict=True):
            for heading, cell, value in zip(names, *pair, strict=True):
                is_counted_fourfold = study == 44 and heading == "G1 No. exposures"
                assert is_counted_fourfold or is_same(heading, cell, value), (study, heading, cell, value)
                compared += 1
    assert compared == GROUP_COLUMNS * 23


def test_d10_groups_differ_where_the_first_exposure_has_an_angle_or_a_rate_of_0(ours, theirs) -> None:
    own, other = read_studies(ours)[1], read_studies(theirs)[1]
    for study, sizes in GROUPED_OTHERWISE.items():
        assert [group[2] for group in cut_groups(own[study])] == sizes
        found = [group[2] for group in cut_groups(other[study])]
        assert len(found) == THEIR_GROUPS[study]
        assert sum(sizes) == sum(found)


def test_d11_exposure_with_two_filters_is_counted_once(ours, theirs) -> None:
    counts = [read_studies(book)[1][44][STUDY_COLUMNS + 2] for book in (ours, theirs)]
    assert counts == [20, 80]
    assert [book["skelet"].max_row - 1 for book in (ours, theirs)] == [20, 80]
    assert [dict(read_frequencies(book, 7))["Skelet"] for book in (ours, theirs)] == [20, 80]


def test_rf_xlsx_every_group_equals_a_second_computation(ours, openrem_url: str) -> None:
    archive = RfArchive(openrem_url)
    _, rows = read_studies(ours)
    for study in archive.studies:
        groups = cut_groups(rows[study["id"]])
        expected = [group_cells(archive, events) for events in groups_of(archive, study)]
        assert len(groups) == len(expected)
        assert sum(group[2] for group in groups) == len(archive.events_of(study))
        for group, cells in zip(groups, expected, strict=True):
            del cells["Standard acquisition name"]
            for (heading, text), value in zip(cells.items(), group, strict=True):
                if text == "":
                    assert value is None, heading
                elif is_number(heading):
                    assert same_number(repr(value), text), heading
                else:
                    assert value == text, heading


def read_exposures(book) -> dict[str, list[Row]]:
    """Return the rows of each protocol's sheet."""
    return {
        sheet.title: [list(row) for row in sheet.values][1:]
        for sheet in book
        if sheet.title not in OTHER_SHEETS
    }


def test_rf_xlsx_protocol_sheets_are_openrems_with_the_same_columns(ours, theirs) -> None:
    assert list(read_exposures(ours)) == sorted(read_exposures(theirs))
    for title in read_exposures(theirs):
        headings = [[cell.value for cell in book[title][1]] for book in (ours, theirs)]
        assert headings[0] == headings[1]
        assert len(headings[0]) == STUDY_COLUMNS + EVENT_COLUMNS


def test_rf_xlsx_every_exposure_of_openrem_is_present_once_cell_for_cell(ours, theirs) -> None:
    """OpenREM's rows have no ids: the same rows have to be there as often, study 44's a fourth as often."""
    own, other = read_exposures(ours), read_exposures(theirs)
    headings = [cell.value for cell in ours["unknown"][1]]
    total = 0
    for title, rows in other.items():
        left = defaultdict(list)
        for row in own[title]:
            left[name_study(row, headings)].append(row)
        rest = Counter(map(tuple, rows))
        if title == "skelet":
            assert {count % 4 for count in rest.values()} == {0}
            rest = Counter({row: count // 4 for row, count in rest.items()})
        for row in rest.elements():
            candidates = left[name_study(row, headings)]
            match = next(each for each in candidates if is_same_row(headings, each, row))
            candidates.remove(match)
            total += 1
        assert not any(left.values())
    assert total == sum(map(len, own.values())) == 545
    assert sum(map(len, other.values())) == 605


def test_rf_xlsx_filter_thickness_of_0_has_four_decimals_where_openrem_writes_an_exponent(
    ours, theirs
) -> None:
    column = STUDY_COLUMNS + 7
    found = {}
    for name, book in (("ours", ours), ("theirs", theirs)):
        cells = [row[column - 1] for rows in read_exposures(book).values() for row in rows]
        found[name] = Counter(cell for cell in cells if cell in ("0.0000", "0E-8"))
        assert book["skelet"].cell(1, column).value == "Mean filter thickness (mm)"
    assert found == {"ours": {"0.0000": 3}, "theirs": {"0E-8": 3}}


def is_same_row(headings: list[str], ours: Row, theirs: Row) -> bool:
    """Return whether all cells of two rows are the same."""
    return all(is_same(*cells) for cells in zip(headings, ours, theirs, strict=True))


def test_d12_time_of_an_exposure_is_a_date_time_cell_where_openrems_is_text(ours, theirs) -> None:
    column = STUDY_COLUMNS + 1
    for title in read_exposures(theirs):
        own, other = ours[title].cell(2, column), theirs[title].cell(2, column)
        assert (own.is_date, other.data_type) == (True, "s")
        assert "h" in own.number_format
        assert "yy" in own.number_format


def test_rf_xlsx_summary_frequencies_are_openrems(ours, theirs) -> None:
    assert [cell.value for cell in ours["Summary"][4][:2]] == ["Total number of exams", 12]
    for column in (1, 4):
        assert ours["Summary"].cell(6, column).value == theirs["Summary"].cell(6, column).value
        assert dict(read_frequencies(ours, column)) == dict(read_frequencies(theirs, column))
    own, other = (dict(read_frequencies(book, 7)) for book in (ours, theirs))
    assert (sum(own.values()), sum(other.values())) == (545, 605)
    own["Unknown"] = own.pop("")
    assert other == {**own, "Skelet": 80}


def test_d28_rf_summary_has_our_title_and_its_series_are_acquisitions(ours, theirs) -> None:
    assert ours["Summary"]["A1"].value == "RF export"
    titles = [book["Summary"].cell(6, 7).value for book in (ours, theirs)]
    assert titles == ["Acquisition protocol", "Series Protocol"]
    for column in (1, 4, 7):
        found = read_frequencies(ours, column)
        assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


def test_rf_xlsx_all_data_starts_with_the_csvs_cells(ours, export, openrem_url: str) -> None:
    table = read_csv(export("rf-csv", openrem_url))
    headings, *rows = (list(row) for row in ours["All data"].values)
    assert headings[:STUDY_COLUMNS] == table.headings
    for row, texts in zip(rows, table.rows, strict=True):
        for heading, cell, text in zip(table.headings, row, texts, strict=False):
            assert write_cell(heading, cell) == (pad_time(text) if heading == "Study time" else text)


def write_cell(heading: str, cell: Any) -> str:
    """Return a cell of All data as the csv has it."""
    if cell is None:
        return ""
    if isinstance(cell, time):
        return write_time(cell)
    if isinstance(cell, date):
        return write_date(cell)
    return f"{float(cell):.12f}".rstrip("0").rstrip(".") if is_number(heading) else plain_text(cell)


def plain_text(cell: str) -> str:
    return cell.replace("_x000D_", "\r")
