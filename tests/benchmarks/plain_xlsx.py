"""The rival of xlsx: plain xlsxwriter in constant_memory mode, writing the same cells.

Run as `python -m tests.benchmarks.plain_xlsx URL FILE`. It reads the same rows by the same COPY.
"""

import sys
from datetime import date, time
from typing import Any

import xlsxwriter

from doseexport.database import Database
from doseexport.database_formats import TEXT
from doseexport.exports import Column, Wishes
from doseexport.query import build_queries
from doseexport.request import ExportRequest
from doseexport.rows import Tally, merge_streams
from doseexport.writers.copy_text import split_row
from doseexport.writers.layout import block_headings
from doseexport.writers.sheet_names import SheetNames


class PlainBook:
    """All data and a sheet per protocol, cell by cell."""

    def __init__(self, path: str, request: ExportRequest, protocols: list[str], widest: int) -> None:
        self.book = xlsxwriter.Workbook(path, {"constant_memory": True})
        self.study = request.spec.studies.wanted(Wishes())
        self.events = request.spec.events.wanted(Wishes())
        self.formats = {kind: self.book.add_format({"num_format": form}) for kind, form in FORMATS.items()}
        names = SheetNames()
        self.all_data = self.add_sheet("All data", max(1, widest))
        self.sheets = {protocol: self.add_sheet(names.name_protocol(protocol), 1) for protocol in protocols}

    def add_sheet(self, name: str, blocks: int) -> list[Any]:
        """Return the sheet and its last written row."""
        sheet = self.book.add_worksheet(name)
        headings = [column.heading for column in self.study]
        for number in range(1, blocks + 1):
            headings += block_headings("E", self.events, number)
        sheet.write_row(0, 0, headings)
        return [sheet, 0]

    def write_study(self, study: list[str], events: list[list[str]]) -> None:
        """Write one row of All data, and one of its protocol's sheet for each event."""
        self.write_row(self.all_data, study, events)
        for event in events:
            self.write_row(self.sheets[event[0]], study, [event])

    def write_row(self, page: list[Any], study: list[str], events: list[list[str]]) -> None:
        """Write the cells of one row, each by its type."""
        page[1] += 1
        self.write_cells(page, 0, self.study, study)
        for number, event in enumerate(events):
            self.write_cells(page, len(self.study) + number * len(self.events), self.events, event)

    def write_cells(self, page: list[Any], first: int, columns: tuple[Column, ...], cells: list[str]) -> None:
        """Write cells from a column on."""
        sheet, row = page
        for number, (column, text) in enumerate(zip(columns, cells, strict=True), start=first):
            kind = column.kind.name
            if not text:
                continue
            if kind == "number":
                sheet.write_number(row, number, float(text))
            elif kind == "text":
                sheet.write_string(row, number, text)
            else:
                sheet.write_datetime(row, number, READ[kind](text), self.formats[kind])


FORMATS = {"date": "yyyy-mm-dd", "time": "hh:mm:ss"}
READ: dict[str, Any] = {"date": date.fromisoformat, "time": time.fromisoformat}


def main(url: str, path: str) -> None:
    """Write the workbook."""
    request = ExportRequest("ct-xlsx")
    queries = build_queries(request, Wishes())
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        survey = snapshot.survey(queries)
        protocols = snapshot.count_frequencies(queries)["Acquisition protocol"]
        book = PlainBook(path, request, [protocol for protocol, _ in protocols], survey.widest)
        for study, events in merge_streams(*snapshot.stream(queries, TEXT), b"\t", Tally()):
            book.write_study(split_row(study), [split_row(event) for event in events])
        book.book.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
