"""Read sheets with two independent readers, and compare their cells with the csv's."""

import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from python_calamine import CalamineWorkbook

from tests.conformance.tables import Table, is_number

PACKAGE = "datapackage.json"
OTHER_SHEETS = ("Summary", "All data", "Warnings", "Columns", "About")

Rows = list[list[Any]]


def list_protocols(book: Workbook) -> list[Any]:
    """Return the sheets of protocols of a modality's workbook."""
    return [sheet for sheet in book if sheet.title not in OTHER_SHEETS]


def read_by_openpyxl(path: Path, sheet: str) -> Rows:
    """Return a sheet's rows as openpyxl reads them; a blank cell is None."""
    return [list(row) for row in open_workbook(path)[sheet].iter_rows(values_only=True)]


@cache
def open_workbook(path: Path) -> Workbook:
    """Return a workbook as openpyxl loads it, which takes seconds, so that all tests of it share it."""
    return load_workbook(path)


def read_by_calamine(path: Path, sheet: str) -> Rows:
    """Return a sheet's rows as calamine reads them; a blank cell is None."""
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()
    return [[None if cell == "" else cell for cell in row] for row in rows]


def read_cells(file: bytes) -> dict[str, Any]:
    """Return the cells of a workbook by sheet, without Warnings, Columns and About, or of all others files.

    Those are the whole csv, or the tables of a zip.
    """
    if not zipfile.is_zipfile(io.BytesIO(file)):
        return {"csv": file}
    with zipfile.ZipFile(io.BytesIO(file)) as package:
        if PACKAGE in package.namelist():
            return {name: package.read(name) for name in package.namelist() if name != PACKAGE}
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    return {
        name: book.get_sheet_by_name(name).to_python()
        for name in book.sheet_names
        if name not in ("Warnings", "Columns", "About")
    }


READERS = {"openpyxl": read_by_openpyxl, "calamine": read_by_calamine}


def find_differences(csv: Table, headings: list[str], rows: Rows) -> list[tuple[str, str, Any]]:
    """Return heading, csv cell and sheet cell wherever a sheet's rows are not the csv's."""
    assert headings == csv.headings
    assert len(rows) == len(csv.rows)
    return [
        (heading, text, value)
        for ours, row in zip(csv.rows, rows, strict=True)
        for heading, text, value in zip(headings, ours, row, strict=True)
        if not is_same(heading, text, value)
    ]


def is_same(heading: str, text: str, value: Any) -> bool:
    """Return whether a sheet's cell is of the right type and holds what the csv holds."""
    if text == "":
        return value is None
    if heading == "Study date":
        return isinstance(value, date) and write_date(value) == text
    if heading == "Study time":
        return isinstance(value, time | timedelta) and write_time(value) == pad_time(text)
    if is_number(heading):
        return isinstance(value, int | float) and float(text) == value
    return isinstance(value, str) and value.replace("_x000D_", "\r") == text


def write_date(value: date) -> str:
    """Return a date cell as the csv writes it."""
    return f"{value:%Y-%m-%d}"


def write_time(value: time | timedelta) -> str:
    """Return a time cell with six digits of a second's fraction."""
    if isinstance(value, timedelta):
        value = (datetime(1900, 1, 1, tzinfo=UTC) + value).time()
    return f"{value:%H:%M:%S.%f}"


def pad_time(text: str) -> str:
    """Return a time of the csv with six digits of a second's fraction."""
    return text if "." in text else f"{text}.000000"


def read_frequencies(book: Workbook, column: int) -> list[tuple[str, int]]:
    """Return the Summary's names and counts below the heading in this column (1 = A)."""
    rows = book["Summary"].iter_rows(min_row=7, min_col=column, max_col=column + 1, values_only=True)
    return [(name or "", number) for name, number in rows if number is not None]
