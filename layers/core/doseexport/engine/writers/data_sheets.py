"""The data sheets of a modality's workbook: All data, and one sheet per protocol or standard name."""

from __future__ import annotations

import json
from collections.abc import Iterator

from doseexport.catalogue import Cells, ModalityWorkbook
from doseexport.catalogue.layouts import ALL_DATA, STANDARD_PREFIX
from doseexport.engine.writers.cells import Heads, WriteCells, column_heads
from doseexport.engine.writers.file_plan import FilePlan, block_headings, warn_of_left_out
from doseexport.engine.writers.sheets import GrowingSheet, SharedState


class AllData:
    """The sheet All data: one row per study, with its blocks in adjacent columns.

    Blocks beyond the last column of a worksheet continue on a further sheet.
    """

    def __init__(self, plan: FilePlan, layout: ModalityWorkbook, shared: SharedState) -> None:
        self._shared = shared
        self._plan = plan
        self._prefix = layout.blocks.prefix if layout.blocks else layout.prefix
        self._columns = plan.block_columns
        self._study = [(column.heading, column) for column in plan.study_columns]
        self._per_sheet = (shared.limits.columns - len(self._study)) // len(self._columns)
        self._blocks = 0
        self._heads: list[Heads] = []
        self.sheets: list[GrowingSheet] = []
        self._widen(1)

    def add(self, head: list[str], write: WriteCells, blocks: list[Cells]) -> None:
        """Add one study: the XML of its cells, split at the row's number, and the cells of its blocks."""
        if (most := self._plan.limit_events(len(blocks))) < len(blocks):
            warn_of_left_out(self._plan, len(blocks) - most, f" of {ALL_DATA}")
            blocks = blocks[:most]
        self._widen(len(blocks))
        for n, sheet in enumerate(self.sheets):
            here = blocks[n * self._per_sheet : (n + 1) * self._per_sheet]
            if not here and n:
                return
            row = sheet.next_row()
            cells = "".join([write(row, self._heads[k], block) for k, block in enumerate(here)])
            sheet.add(f'<row r="{row}">{row.join(head)}{cells}</row>')

    def describe(self) -> list[str]:
        """Return a warning for each further sheet."""
        return [
            f"Events that do not fit on sheet {ALL_DATA} continue on sheet {sheet.name}."
            for sheet in self.sheets[1:]
        ]

    def _widen(self, blocks: int) -> None:
        """Add headings, and sheets, for this number of blocks."""
        for number in range(self._blocks + 1, blocks + 1):
            if (number - 1) % self._per_sheet == 0:
                self._add_sheet(number)
            if len(self._heads) < self._per_sheet:
                self._heads.append(column_heads(self.sheets[-1].width, len(self._columns)))
            headings = block_headings(self._prefix, self._columns, number)
            self.sheets[-1].columns += zip(headings, self._columns, strict=True)
        self._blocks = max(self._blocks, blocks)

    def _add_sheet(self, first: int) -> None:
        name = ALL_DATA if first == 1 else self._shared.names.name_block_sheet(f"{self._prefix}{first}")
        self.sheets.append(GrowingSheet(name, list(self._study), self._shared))


class ProtocolSheets:
    """The sheets of events: one per protocol, and one per standard name."""

    def __init__(self, plan: FilePlan, layout: ModalityWorkbook, shared: SharedState) -> None:
        self._shared = shared
        columns = (*plan.study_columns, *plan.event_columns)
        self._columns = [(column.heading, column) for column in columns]
        self._heads = column_heads(len(plan.study_columns), len(plan.event_columns))
        headings = [column.heading for column in (*plan.event_columns, *plan.event_extras)]
        self._position = headings.index(layout.sheet_by)
        self._title = layout.sheets.title
        self._standard_title = layout.standard_sheets.title if layout.standard_sheets else ""
        names = sorted(name for name, _ in plan.context.frequencies[self._title])
        self._by_protocol = {name: self._add(name) for name in names}
        counted = plan.context.frequencies.get(self._standard_title)
        self._by_standard = {name: self._add(STANDARD_PREFIX + name) for name in sorted(dict(counted or []))}
        self._standard_position = headings.index(layout.standard_by) if counted else None

    def add(self, head: list[str], write: WriteCells, events: list[Cells]) -> None:
        """Add events to all their sheets, after the XML of their study's cells, split at the row's number."""
        for event in events:
            for sheet in self._find(event):
                row = sheet.next_row()
                sheet.add(f'<row r="{row}">{row.join(head)}{write(row, self._heads, event)}</row>')

    def list_names(self) -> dict[str, dict[str, str]]:
        """Return the name of each value's sheet, by the titles of their frequencies."""
        sheets = {self._title: self._by_protocol, self._standard_title: self._by_standard}
        return {
            title: {value: sheet.name for value, sheet in found.items()} for title, found in sheets.items()
        }

    def sheets(self) -> Iterator[GrowingSheet]:
        """Yield the sheets in the order of tabs."""
        for sheets in (self._by_protocol, self._by_standard):
            yield from sorted(sheets.values(), key=lambda sheet: sheet.name)

    def _find(self, event: Cells) -> list[GrowingSheet]:
        """Return the sheets of an event: that of its protocol, and those of its standard names."""
        sheets = [self._by_protocol[event[self._position]]]
        if self._standard_position is not None:
            names = json.loads(event[self._standard_position] or "[]")
            sheets += [self._by_standard[name] for name in names]
        return sheets

    def _add(self, name: str) -> GrowingSheet:
        return GrowingSheet(self._shared.names.name_protocol(name), self._columns, self._shared)
