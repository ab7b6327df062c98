"""Write the workbook with plain xlsxwriter in constant_memory mode, for comparison.

Writes are typed, and blank cells are left out.

Run as `python -m tests.benchmarks.plain_xlsx TYPE URL FILE`.
"""

import sys
from typing import Any

import xlsxwriter

from doseexport.catalogue import Cells, Column
from tests.benchmarks.same_rows import READ, ModalityWorkbook, open_workbook

MOST_COLUMNS = 16_384
FORMATS = {"date": "yyyy-mm-dd", "time": "hh:mm:ss", "datetime": "yyyy-mm-dd hh:mm:ss"}


class PlainWorkbook:
    """A workbook with All data and one sheet per protocol, written cell by cell."""

    def __init__(self, path: str, source: ModalityWorkbook) -> None:
        self.book = xlsxwriter.Workbook(path, {"constant_memory": True})
        self.source = source
        self.formats = {kind: self.book.add_format({"num_format": form}) for kind, form in FORMATS.items()}
        self.all_data = self.add_sheet("All data", [])
        self.sheets = {
            key: self.add_sheet(name, source.sheet_headings) for key, name in source.sheets.items()
        }

    def add_sheet(self, name: str, headings: list[str]) -> list[Any]:
        """Add a sheet. Return it with the number of its last written row."""
        sheet = self.book.add_worksheet(name)
        sheet.write_row(0, 0, headings)
        return [sheet, 0]

    def write(self, study: Cells, events: list[Cells], blocks: list[Cells]) -> None:
        """Write one row of All data, cut at the last column of a sheet, and one row per event."""
        most = (MOST_COLUMNS - len(self.source.study)) // len(self.source.block)
        self.write_row(self.all_data, study, self.source.block, blocks[:most])
        for event in events:
            self.write_row(self.sheets[event[self.source.position]], study, self.source.event, [event])

    def write_row(
        self, page: list[Any], study: Cells, columns: tuple[Column, ...], blocks: list[Cells]
    ) -> None:
        """Write the cells of a row by type."""
        page[1] += 1
        self.write_cells(page, 0, self.source.study, study)
        for number, block in enumerate(blocks):
            self.write_cells(page, len(self.source.study) + number * len(columns), columns, block)

    def write_cells(self, page: list[Any], first: int, columns: tuple[Column, ...], cells: Cells) -> None:
        """Write cells, starting at column `first`."""
        sheet, row = page
        for number, (column, text) in enumerate(zip(columns, cells, strict=False), start=first):
            kind = column.kind.name
            if not text:
                continue
            if kind == "number":
                sheet.write_number(row, number, float(text))
            elif kind == "text":
                sheet.write_string(row, number, text)
            else:
                sheet.write_datetime(row, number, READ[kind](text), self.formats[kind])


def main(export_type: str, url: str, path: str) -> None:
    """Write the workbook. All data has no headings, because its width is known only after the last row."""
    with open_workbook(export_type, url) as source:
        book = PlainWorkbook(path, source)
        for row in source.rows:
            book.write(*row)
        book.book.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
