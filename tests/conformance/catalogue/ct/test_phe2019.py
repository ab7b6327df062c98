"""ct-phe2019 equals OpenREM's own form in every cell but for the listed deviations."""

from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook

from tests.conformance.tables import same_number
from tests.conformance.workbook_tables import READERS

SHEET = "PHE CT 2019"
# Cells of every row up to the widest: equal, and the kV of two sources with its zeros.
COUNTS = {"": 1401, "D13": 9}


@pytest.fixture(scope="module")
def fill_form(export):
    """Fill the form, `fill_form(url, *options)`, and return its file."""

    def fill(url: str, *options: str) -> Path:
        file = export("ct-phe2019", url, *options)
        return file.rename(file.with_suffix(".xlsx"))

    return fill


@pytest.fixture(scope="module")
def our_file(fill_form, openrem_url) -> Path:
    return fill_form(openrem_url)


@pytest.fixture(scope="module")
def theirs(reference) -> list[tuple[Any, ...]]:
    return list(load_workbook(reference("ct_phe2019__nofilter.xlsx"))[SHEET].iter_rows(values_only=True))


def deviation(own: Any, other: Any) -> str:
    """Return "" for equal cells, the name of a listed deviation, or "not listed"."""
    if own == other and type(own) is type(other):
        return ""
    if isinstance(own, int | float) and isinstance(other, int | float):
        return "" if same_number(repr(own), repr(other)) else "not listed"
    if isinstance(own, str) and isinstance(other, str) and " | " in own:
        values = zip(own.split(" | "), other.split(" | "), strict=True)
        return "D13" if all(same_number(*pair) for pair in values) else "not listed"
    return "not listed"


@pytest.mark.parametrize("reader", READERS)
def test_ct_phe2019_every_cell_equals_openrems_but_for_listed_deviations(
    reader: str, our_file, theirs
) -> None:
    rows = READERS[reader](our_file, SHEET)
    assert rows[0][:38] == list(theirs[0][:38])
    assert [len(row) for row in rows] == [len(row) for row in theirs]
    found = Counter(
        deviation(own, other)
        for row, other_row in zip(rows[1:], theirs[1:], strict=True)
        for own, other in zip(row, other_row, strict=True)
    )
    assert found == COUNTS


def test_d13_kv_of_two_sources_is_plain_where_openrem_keeps_8_decimals(our_file, theirs) -> None:
    rows = READERS["openpyxl"](our_file, SHEET)
    pairs = {
        (own, other)
        for row, other_row in zip(rows, theirs, strict=True)
        for own, other in zip(row, other_row, strict=True)
        if isinstance(own, str) and " | " in own
    }
    assert ("100 | 140", "100.00000000 | 140.00000000") in pairs
    assert {own for own, _ in pairs} == {"100 | 140", "120 | 120", "140 | 140", "100 | 100", "80 | 80"}


def test_ct_phe2019_form_is_the_first_sheet_and_warnings_and_about_follow(our_file) -> None:
    assert load_workbook(our_file).sheetnames == [SHEET, "Warnings", "Columns", "About"]


def test_ct_phe2019_form_has_no_localiser_of_the_test_files(our_file, openrem_url: str) -> None:
    sql = (
        "SELECT count(*) FROM remapp_ctirradiationeventdata event"
        " JOIN remapp_contextid code ON code.id = event.ct_acquisition_type_id WHERE code_value = '113805'"
    )
    with psycopg.connect(openrem_url) as connection:
        assert connection.execute(sql).fetchone()[0] > 0
    comments = [row[37] for row in READERS["openpyxl"](our_file, SHEET)[1:]]
    assert not any("Constant Angle" in text for text in comments)


def test_p43_localiser_is_known_by_code_with_any_text(our_file, altered, fill_form) -> None:
    url = altered("""
        UPDATE remapp_contextid SET code_meaning = 'Topogramm' WHERE code_value = '113805';
        UPDATE remapp_contextid SET code_meaning = 'Acquisition' WHERE code_value = '113806'""")
    rows = READERS["openpyxl"](fill_form(url), SHEET)
    expected = [
        [
            cell.replace("Stationary Acquisition", "Acquisition") if isinstance(cell, str) else cell
            for cell in row
        ]
        for row in READERS["openpyxl"](our_file, SHEET)
    ]
    assert rows == expected
    assert any(", Acquisition" in row[37] for row in rows)


def test_ct_phe2019_takes_ct_filters_and_orders_and_numbers_what_remains(openrem_url: str, fill_form) -> None:
    inclusions = ("--filter=dlp_min=541.1", "--order=-total_dlp")
    rows = READERS["openpyxl"](fill_form(openrem_url, *inclusions), SHEET)[1:]
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    totals = [row[36] for row in rows]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] == 541.1
