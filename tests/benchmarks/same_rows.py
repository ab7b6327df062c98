"""Provide the other workbook writers with the rows that Dose Export reads with COPY.

So only their writing is measured, and they write the same cells.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from doseexport.catalogue import Cells, Column, Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.copy_text import TEXT, split_row
from doseexport.engine.merge import MergeStats, merge_streams
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.engine.writers.file_plan import block_headings
from doseexport.engine.writers.sheet_names import SheetNames

Row = tuple[Cells, list[Cells], list[Cells]]
"""The cells of a study, of its events, and of its blocks in All data (mostly the events)."""
READ = {
    "text": str,
    "number": float,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class ModalityWorkbook:
    """The columns of a workbook, the names of its sheets by protocol, and its rows.

    `lines` has each study's row with those of its events, as COPY writes them. Read it or `rows`.
    """

    study: tuple[Column, ...]
    event: tuple[Column, ...]
    block: tuple[Column, ...]
    prefix: str
    position: int
    sheets: dict[str, str]
    lines: Iterator[tuple[bytes, list[bytes]]]
    make_blocks: Any

    @property
    def rows(self) -> Iterator[Row]:
        """The rows as cells."""
        return (_split(study, events, self.make_blocks) for study, events in self.lines)

    def headings(self, blocks: int) -> list[str]:
        """Return the headings of All data."""
        heads = [column.heading for column in self.study]
        for number in range(1, blocks + 1):
            heads += block_headings(self.prefix, self.block, number)
        return heads

    @property
    def sheet_headings(self) -> list[str]:
        """Return the headings of a protocol's sheet."""
        return [column.heading for column in (*self.study, *self.event)]


@contextmanager
def open_workbook(export_type: str, url: str) -> Iterator[ModalityWorkbook]:
    """Yield the content of a workbook of this type."""
    request = ExportRequest(export_type)
    spec, layout = request.spec, request.spec.layout
    queries = build_queries(request, Inclusions())
    study, event = spec.studies.included(Inclusions()), spec.events.included(Inclusions())
    blocks = layout.blocks
    make = blocks.make_builder(spec.events.selected(Inclusions())) if blocks else None
    names = SheetNames()
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.begin()
        snapshot.start_longest(queries, TEXT)
        protocols = sorted(name for name, _ in snapshot.count_frequencies(queries)[layout.sheets.title])
        merged = merge_streams(*snapshot.stream(queries, TEXT), b"\t", MergeStats())
        yield ModalityWorkbook(
            study=study,
            event=event,
            block=tuple(each for each in blocks.columns if each.is_included(Inclusions()))
            if blocks
            else event,
            prefix=blocks.prefix if blocks else layout.prefix,
            position=[column.heading for column in event].index(layout.sheet_by),
            sheets={protocol: names.name_protocol(protocol) for protocol in protocols},
            lines=merged,
            make_blocks=make,
        )


def _split(study: bytes, events: list[bytes], make: Any) -> Row:
    rows = [split_row(event) for event in events]
    return split_row(study), rows, make(rows) if make else rows
