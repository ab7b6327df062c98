"""Write the workbook with rustpy-xlsxwriter, a writer in Rust, for comparison.

Run as `python -m tests.benchmarks.rust_xlsx TYPE URL FILE`.
"""

import sys
from datetime import time, timedelta
from typing import Any

from rustpy_xlsxwriter import FastExcel

from doseexport.catalogue import Cells, Column
from tests.benchmarks.same_rows import READ, open_workbook

Record = dict[str, Any]


def main(export_type: str, url: str, path: str) -> None:
    """Collect the records of every sheet, because a sheet is written at once, then write the sheets."""
    with open_workbook(export_type, url) as book:
        all_data: list[list[Any]] = []
        sheets: dict[str, list[Record]] = {name: [] for name in book.sheets}
        for study, events, blocks in book.rows:
            head = convert(study, book.study)
            all_data.append([*head, *(cell for block in blocks for cell in convert(block, book.block))])
            for event in events:
                cells = [*head, *convert(event, book.event)]
                record = dict(zip(book.sheet_headings, cells, strict=True))
                sheets[event[book.position]].append(record)
        width = max(map(len, all_data))
        headings = book.headings((width - len(book.study)) // len(book.block))
        file = FastExcel(path, autofit=False)
        file.sheet("All data", [dict(zip(headings, row, strict=False)) for row in all_data])
        for protocol, records in sheets.items():
            file.sheet(book.sheets[protocol], records)
        file.save()


def convert(cells: Cells, columns: tuple[Column, ...]) -> list[Any]:
    """Return the cells as Python values, and blank ones as None."""
    return [
        _read(column.kind.name, text) if text else None for column, text in zip(columns, cells, strict=False)
    ]


def _read(kind: str, text: str) -> Any:
    value = READ[kind](text)
    if not isinstance(value, time):
        return value
    # rustpy-xlsxwriter would write a time as text.
    length = timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    return length / timedelta(days=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
