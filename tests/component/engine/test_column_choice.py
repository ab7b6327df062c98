"""Files without the columns that a request leaves out, compared with whole files."""

import io

import openpyxl
import pytest

from doseexport import catalogue
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
    whole = openpyxl.load_workbook(io.BytesIO(export(sample_url, type=export_type)[0]))
    data, _ = export(sample_url, type=export_type, options={"leave_out": ", ".join(left)})
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == whole.sheetnames
    for name in ("All data", *whole.sheetnames[2:5]):
        rows, expected = ([[*row] for row in each[name].values] for each in (book, whole))
        assert rows == without(expected, left)


def test_all_data_without_columns_is_like_the_csv(sample_url):
    options = {"leave_out": "Institution, Protocol, Exposure time"}
    rows = read_csv(export(sample_url, type="ct-csv", options=options)[0])
    book = openpyxl.load_workbook(io.BytesIO(export(sample_url, type="ct-xlsx", options=options)[0]))
    assert [*next(book["All data"].values)] == rows[0]


def test_file_names_the_columns_that_are_left_out(sample_url):
    data, _ = export(sample_url, type="ct-xlsx", options={"leave_out": "Age, Sex"})
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert ("Option", "leave_out: Age, Sex") in [row[:2] for row in book["About"].values]
