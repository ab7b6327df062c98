"""Compare mammography files of OpenREM with ours: which cells are numbers, and which rows correspond."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from tests.conformance.tables import Cell, Table, cell_at, same_number

NUMBERS = frozenset({
    "Age", "No. events", "Thickness", "Radiological thickness", "Force", "Mag", "Area", "Focal spot size",
    "kVp", "mA", "ms", "uAs", "ESD", "AGD", "% Fibroglandular tissue",
    "Survey number", "Patient number", "kV", "mAs",
})  # fmt: skip
SURVEYS = ("2D", "DBT", "CEM")

Row = dict[str, Any]


def pair_rows(ours: Table, theirs: Table) -> Iterator[list[Cell]]:
    """Yield every row of two tables whose rows and headings are the same, as cells beside each other."""
    assert ours.headings == theirs.headings
    for number, (own, their) in enumerate(zip(ours.rows, theirs.rows, strict=True)):
        yield [
            Cell((str(number),), heading, own[n], cell_at(their, n))
            for n, heading in enumerate(ours.headings)
        ]


def name_deviation(cell: Cell) -> str:
    """Return "" for equal texts, the name of a listed deviation, or "not listed"."""
    if cell.ours == cell.theirs:
        return ""
    if cell.heading in NUMBERS:
        return "D17" if same_number(cell.ours, cell.theirs) else "not listed"
    return "D01" if cell.ours.replace(",", ";") == cell.theirs else "not listed"


def read_sheets(path: Path) -> dict[str, list[Row]]:
    """Return every sheet's rows by their headings."""
    sheets = {}
    for sheet in load_workbook(path):
        headings, *rows = sheet.values
        sheets[sheet.title] = [dict(zip(headings, row, strict=True)) for row in rows]
    return sheets


def read_rows(table: Table) -> list[Row]:
    """Return a csv's rows by their headings."""
    return [dict(zip(table.headings, row, strict=True)) for row in table.rows]
