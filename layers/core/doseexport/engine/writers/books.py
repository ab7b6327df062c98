"""xlsx of one modality: Summary, All data, one sheet per protocol, About; nothing is ever dropped.

xlsxwriter makes the workbook, we make the rows: each row's XML is rendered as it arrives,
compressed and spilled, and spliced into its sheet's part when the file is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from doseexport.catalogue import Blocks, Cells, Column, ModalityWorkbook
from doseexport.catalogue.layouts import NO_EXCLUSIONS
from doseexport.engine.copy_text import split_row
from doseexport.engine.database_formats import TEXT
from doseexport.engine.merge import Study
from doseexport.engine.writers import Sink
from doseexport.engine.writers.assembly import Tabs, assemble, count_rows
from doseexport.engine.writers.cells import column_heads, has_odd_numbers, split_at_row
from doseexport.engine.writers.data_sheets import AllData, ProtocolSheets
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount
from doseexport.engine.writers.sheets import GrowingSheet, Limits, Sheets
from doseexport.engine.writers.texts import MAX_TEXT, is_cut


class BookWriter:
    """Writes each study as a row of All data, and each of its events as a row of its protocol's sheet."""

    copy_format = TEXT
    separator = b"\t"
    exclusions: Mapping[str, int] = NO_EXCLUSIONS

    def __init__(
        self,
        sink: Sink,
        layout: FilePlan,
        shape: ModalityWorkbook,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> None:
        self._sink = sink
        self._layout = layout
        self._shared = Sheets(limits)
        self._heads = column_heads(0, len(layout.study_columns))
        studies = self._shared.cell_writer(layout.study_columns)
        events = self._shared.cell_writer(layout.event_columns)
        self._quick = studies.quick, events.quick
        self._careful = studies.careful, events.careful
        self._blocks = self._shared.cell_writer(layout.block_columns)
        self._make_blocks = _start_blocks(layout, shape.blocks) if shape.blocks else None
        self._all_data = AllData(layout, shape, self._shared)
        self._protocols = ProtocolSheets(layout, shape, self._shared)
        self._cut = 0

    def write(self, study: Study) -> None:
        """Add one study with its events."""
        self._shared.study += 1
        cells, events = study
        whole = b"\t".join((cells, *events))
        write_study, write = self._careful if has_odd_numbers(whole) else self._quick
        own, rows = split_row(cells), [split_row(event) for event in events]
        head = split_at_row(write_study, self._heads, own)
        if self._make_blocks:
            self._all_data.add(head, self._blocks.careful, self._make_blocks(rows))
        else:
            self._all_data.add(head, write, rows)
        self._protocols.add(head, write, rows)
        if len(whole) > MAX_TEXT:
            self._cut += _count_cut([own], self._layout.study_columns)
            self._cut += _count_cut(rows, self._layout.event_columns)

    def end(self) -> None:
        """Nothing follows the last study."""

    @property
    def warnings(self) -> list[str]:
        """What a reader of the workbook has to know about its sheets."""
        full = [words for sheet in self._sheets() for words in sheet.describe()]
        cut = f"{self._cut} texts are cut to the {MAX_TEXT:,} characters that a cell holds."
        return [*self._all_data.describe(), *full, *([cut] if self._cut else [])]

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Put the workbook together in the sink; return what is on its sheets."""
        tabs = Tabs(list(self._sheets()), self._shared, has_summary=True)
        assemble(self._sink, self._layout, report, tabs)
        self.discard()
        return count_rows(self._layout, report, tabs)

    def discard(self) -> None:
        """Forget the rows."""
        self._shared.parts.close()

    def _sheets(self) -> Iterator[GrowingSheet]:
        yield from self._all_data.sheets
        yield from self._protocols.sheets()


def _count_cut(rows: list[Cells], shown: tuple[Column, ...]) -> int:
    """Return how many texts of the columns shown are cut; what is read beside them is for functions."""
    return sum(is_cut(cell) for row in rows for cell in row[: len(shown)])


def _start_blocks(layout: FilePlan, blocks: Blocks) -> Callable[[list[Cells]], list[Cells]]:
    """Return the function from a study's events to its blocks."""
    return blocks.start((*layout.event_columns, *layout.event_extras))
