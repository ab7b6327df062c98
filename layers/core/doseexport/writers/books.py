"""xlsx of one modality: Summary, All data, one sheet per protocol, About; nothing is ever dropped.

xlsxwriter makes the workbook, we make the rows: each row's XML is rendered as it arrives,
compressed and spilled, and spliced into its sheet's part when the file is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from doseexport.database_formats import TEXT
from doseexport.exports import Blocks, Book, Column
from doseexport.rows import Study
from doseexport.writers import Sink
from doseexport.writers.assembly import Tabs, assemble
from doseexport.writers.cells import (
    MAX_TEXT,
    Bodies,
    compile_block,
    compile_bodies,
    compile_cells,
    is_cut,
    split_at_row,
)
from doseexport.writers.copy_text import split_row
from doseexport.writers.data_sheets import AllData, ProtocolSheets
from doseexport.writers.layout import Layout, Report
from doseexport.writers.sheets import GrowingSheet, Limits, Sheets


class BookWriter:
    """Writes each study as a row of All data, and each of its events as a row of its protocol's sheet."""

    copy_format = TEXT
    separator = b"\t"

    def __init__(self, sink: Sink, layout: Layout, shape: Book, limits: Limits = Limits()) -> None:  # noqa: B008  frozen
        self._sink = sink
        self._layout = layout
        self._shared = Sheets(limits)
        self._study_bodies = compile_bodies(layout.study_columns)
        self._event_bodies = compile_bodies(layout.event_columns)
        self._event_cells = compile_block(len(layout.study_columns), len(layout.event_columns))
        self._all_data = AllData(layout, shape, self._shared)
        self._protocols = ProtocolSheets(layout, shape, self._shared)
        self._make_blocks = _compile_blocks(layout, shape.blocks) if shape.blocks else None
        self._cut = 0

    def write(self, study: Study) -> None:
        """Add one study with its events."""
        cells, events = study
        head = split_at_row(0, self._study_bodies(cells))
        bodies = [self._event_bodies(event) for event in events]
        self._all_data.add(head, self._make_blocks(events) if self._make_blocks else bodies)
        for event, body in zip(events, bodies, strict=True):
            for sheet in self._protocols.find(body, event):
                row = sheet.next_row()
                sheet.add(f'<row r="{row}">{row.join(head)}{self._event_cells(row, body)}</row>')
        if len(cells) > MAX_TEXT:
            self._cut += _count_cut(cells, self._layout.study_columns)
        for event in events:
            if len(event) > MAX_TEXT:
                self._cut += _count_cut(event, self._layout.event_columns)

    def end(self) -> None:
        """Nothing follows the last study."""

    @property
    def warnings(self) -> list[str]:
        """What a reader of the workbook has to know about its sheets."""
        full = [words for sheet in self._sheets() for words in sheet.describe()]
        cut = f"{self._cut} texts are cut to the {MAX_TEXT:,} characters that a cell holds."
        return [*self._all_data.describe(), *full, *([cut] if self._cut else [])]

    def finish(self, report: Report) -> None:
        """Put the workbook together in the sink."""
        tabs = Tabs(list(self._sheets()), self._shared.parts, has_summary=True)
        assemble(self._sink, self._layout, report, tabs)
        self.discard()

    def discard(self) -> None:
        """Forget the rows."""
        self._shared.parts.close()

    def _sheets(self) -> Iterator[GrowingSheet]:
        yield from self._all_data.sheets
        yield from self._protocols.sheets()


def _count_cut(row: bytes, shown: tuple[Column, ...]) -> int:
    """Return how many texts of the columns shown are cut; what is read beside them is for functions."""
    return sum(map(is_cut, split_row(row)[: len(shown)]))


def _compile_blocks(layout: Layout, blocks: Blocks) -> Callable[[list[bytes]], list[Bodies]]:
    """Return the function from a study's events, as COPY wrote them, to the bodies of its blocks."""
    make = blocks.start((*layout.event_columns, *layout.event_extras))
    write_bodies = compile_cells(layout.block_columns)

    def make_blocks(events: list[bytes]) -> list[Bodies]:
        return [write_bodies(block) for block in make([split_row(event) for event in events])]

    return make_blocks
