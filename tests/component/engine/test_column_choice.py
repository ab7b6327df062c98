"""Files without the columns that a request leaves out, compared with whole files."""

import io

import pytest
from python_calamine import CalamineWorkbook

from doseexport import catalogue
from doseexport.catalogue.columns import STANDARD
from doseexport.catalogue.shared.column_choice import list_choices
from tests.component.exporting import export, read_csv

EVERY_SECOND = slice(1, None, 2)


def choose(export_type):
    """Return every second heading that may be left out, of those that are in every file."""
    columns = list_choices(catalogue.find_spec(export_type))
    return [column.heading for column in columns if not column.included_by][EVERY_SECOND]


def without(rows, left):
    """Return rows without the columns whose headings, with or without a number in front, are left out."""
    places = [n for n, heading in enumerate(rows[0]) if not is_left(heading, left)]
    return [[row[n] for n in places] for row in rows]


def open_book(data):
    return CalamineWorkbook.from_filelike(io.BytesIO(data))


def is_left(heading, left):
    first, _, rest = heading.partition(" ")
    return heading in left or (first[:1] == "E" and first[1:].isdigit() and rest in left)


@pytest.mark.parametrize("export_type", ["ct-csv", "dx-csv", "mg-csv", "rf-csv"])
def test_csv_without_columns_is_the_whole_one_without_them(sample_url, export_type):
    left = choose(export_type)
    whole = read_csv(export(sample_url, type=export_type)[0])
    data, report = export(sample_url, type=export_type, options={"leave_out": ", ".join(left)})
    assert read_csv(data) == without(whole, left)
    assert not {entry.column for entry in report.dictionary} & set(left)


@pytest.mark.parametrize("export_type", ["ct-xlsx", "dx-xlsx", "mg-xlsx", "rf-xlsx"])
def test_workbook_without_columns_has_the_same_sheets_without_them(sample_url, export_type):
    left = choose(export_type)
    whole = open_book(export(sample_url, type=export_type)[0])
    book = open_book(export(sample_url, type=export_type, options={"leave_out": ", ".join(left)})[0])
    assert book.sheet_names == whole.sheet_names
    for name in ("All data", *whole.sheet_names[2:5]):
        rows, expected = (each.get_sheet_by_name(name).to_python() for each in (book, whole))
        assert rows == without(expected, left)


@pytest.mark.parametrize("export_type", ["ct-xlsx", "dx-xlsx", "mg-xlsx", "rf-xlsx"])
def test_workbook_without_columns_of_standard_names_has_their_sheets(standard_url, export_type):
    columns = list_choices(catalogue.find_spec(export_type))
    left = [column.heading for column in columns if column.included_by == STANDARD]
    whole = open_book(export(standard_url, type=export_type)[0])
    book = open_book(export(standard_url, type=export_type, options={"leave_out": ", ".join(left)})[0])
    assert any(name.startswith("(standard)") for name in whole.sheet_names)
    assert book.sheet_names == whole.sheet_names
    for name in whole.sheet_names[:-2]:
        rows, expected = (each.get_sheet_by_name(name).to_python() for each in (book, whole))
        assert rows == (expected if name == "Summary" else without(expected, left))


def test_all_data_without_columns_is_like_the_csv(sample_url):
    options = {"leave_out": "Institution, Protocol, Exposure time"}
    rows = read_csv(export(sample_url, type="ct-csv", options=options)[0])
    book = open_book(export(sample_url, type="ct-xlsx", options=options)[0])
    assert book.get_sheet_by_name("All data").to_python(nrows=1) == rows[:1]


def test_file_names_the_columns_that_are_left_out(sample_url):
    data, _ = export(sample_url, type="ct-xlsx", options={"leave_out": "Age, Sex"})
    about = open_book(data).get_sheet_by_name("About").to_python()
    assert ["Option", "leave_out: Age, Sex"] in [row[:2] for row in about]
