"""Write the workbook with one pandas data frame per sheet, as OpenREM writes some sheets, for comparison.

Run as `python -m tests.benchmarks.pandas_xlsx TYPE URL FILE`.
"""

import sys
from datetime import date, datetime, time
from typing import Any

import pandas as pd

from doseexport.catalogue import Cells, Column
from tests.benchmarks.same_rows import READ, open_workbook


def main(export_type: str, url: str, path: str) -> None:
    """Collect the rows of every sheet, then write the frames."""
    with open_workbook(export_type, url) as book:
        all_data: list[list[Any]] = []
        sheets: dict[str, list[list[Any]]] = {name: [] for name in book.sheets}
        for study, events, blocks in book.rows:
            head = convert(study, book.study)
            all_data.append([*head, *(cell for block in blocks for cell in convert(block, book.block))])
            for event in events:
                sheets[event[book.position]].append([*head, *convert(event, book.event)])
        width = max(map(len, all_data))
        widest = (width - len(book.study)) // len(book.block)
        all_data = [[*row, *[None] * (width - len(row))] for row in all_data]
        options = {"strings_to_formulas": False, "strings_to_urls": False}
        with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
            frame = pd.DataFrame(all_data, columns=book.headings(widest))
            frame.to_excel(writer, sheet_name="All data", index=False)
            for protocol, rows in sheets.items():
                frame = pd.DataFrame(rows, columns=book.sheet_headings)
                frame.to_excel(writer, sheet_name=book.sheets[protocol], index=False)


def convert(cells: Cells, columns: tuple[Column, ...]) -> list[Any]:
    """Return the cells as Python values."""
    return [
        _read(column.kind.name, text) if text else None for column, text in zip(columns, cells, strict=False)
    ]


def _read(kind: str, text: str) -> Any:
    value = READ[kind](text)
    # pandas would write a time without a date as text.
    midnight = datetime.combine(date.min, time.min)
    return datetime.combine(date.min, value) - midnight if isinstance(value, time) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
