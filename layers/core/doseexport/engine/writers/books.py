"""The workbook of a modality: Summary, All data, sheets of protocols, and About (docs/export-rules.md §10).

xlsxwriter makes everything but the rows of the data sheets. The XML of a row is rendered when it arrives,
compressed into a temporary file, and spliced into its sheet when the workbook is assembled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from doseexport.catalogue import Blocks, Cells, Column, ModalityWorkbook
from doseexport.catalogue.layouts import NO_EXCLUSIONS
from doseexport.engine.copy_text import TEXT, split_row
from doseexport.engine.merge import Study
from doseexport.engine.writers import Sink
from doseexport.engine.writers.assembly import Tabs, assemble, count_rows
from doseexport.engine.writers.cells import column_heads, has_odd_numbers, split_at_row
from doseexport.engine.writers.data_sheets import AllData, ProtocolSheets
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount
from doseexport.engine.writers.sheets import GrowingSheet, Limits, SharedState
from doseexport.engine.writers.texts import CUT_TEXTS, MAX_TEXT, is_cut


class ModalityWorkbookWriter:
    """A workbook with a row of All data per study, and a row of its protocol's sheet per event."""

    answer = ""
    copy_format = TEXT
    separator = b"\t"
    exclusions: Mapping[str, int] = NO_EXCLUSIONS

    def __init__(
        self,
        sink: Sink,
        plan: FilePlan,
        layout: ModalityWorkbook,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> None:
        self._sink = sink
        self._plan = plan
        self._shared = SharedState(limits)
        self._heads = column_heads(0, len(plan.study_columns))
        studies = self._shared.cell_writer(plan.study_columns)
        events = self._shared.cell_writer(plan.event_columns)
        self._quick = studies.quick, events.quick
        self._careful = studies.careful, events.careful
        self._blocks = self._shared.cell_writer(plan.block_columns)
        self._make_blocks = _start_blocks(plan, layout.blocks) if layout.blocks else None
        self._all_data = AllData(plan, layout, self._shared)
        self._protocols = ProtocolSheets(plan, layout, self._shared)

    def write(self, study: Study) -> None:
        """Add one study with its events."""
        self._shared.study += 1
        cells, events = study
        joined = b"\t".join((cells, *events))
        write_study, write = self._careful if has_odd_numbers(joined) else self._quick
        own, rows = split_row(cells), [split_row(event) for event in events]
        head = split_at_row(write_study, self._heads, own)
        if self._make_blocks:
            self._all_data.add(head, self._blocks.careful, self._make_blocks(rows))
        else:
            self._all_data.add(head, write, rows)
        self._protocols.add(head, write, rows)
        if len(joined) > MAX_TEXT:
            cut = _count_cut([own], self._plan.study_columns) + _count_cut(rows, self._plan.event_columns)
            if cut:
                self._plan.context.warn(CUT_TEXTS, cut)

    def end(self) -> None:
        """Add nothing: every row belongs to a study."""

    @property
    def warnings(self) -> list[str]:
        """Warnings about sheets that continue on another sheet."""
        continued = [message for sheet in self._sheets() for message in sheet.describe()]
        return [*self._all_data.describe(), *continued]

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Write the complete workbook to the sink, and return the counts of its sheets."""
        tabs = Tabs(list(self._sheets()), self._shared, self._protocols.list_names())
        assemble(self._sink, self._plan, report, tabs)
        self.discard()
        return count_rows(self._plan, report, tabs)

    def discard(self) -> None:
        """Delete the rows and free their file."""
        self._shared.parts.close()

    def _sheets(self) -> Iterator[GrowingSheet]:
        yield from self._all_data.sheets
        yield from self._protocols.sheets()


def _count_cut(rows: list[Cells], shown: tuple[Column, ...]) -> int:
    """Return the number of cut texts in the columns that are shown. Extras are read for functions only."""
    return sum(is_cut(cell) for row in rows for cell in row[: len(shown)])


def _start_blocks(plan: FilePlan, blocks: Blocks) -> Callable[[list[Cells]], list[Cells]]:
    """Return the function from a study's events to its blocks."""
    return blocks.make_builder((*plan.event_columns, *plan.event_extras))
