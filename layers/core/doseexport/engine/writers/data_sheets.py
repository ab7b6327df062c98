"""The big sheets of a modality's workbook: All data, and those of the protocols."""

from __future__ import annotations

import json
from collections.abc import Iterator

from doseexport.catalogue import Cells, ModalityWorkbook
from doseexport.engine.writers.cells import Heads, WriteCells, column_heads
from doseexport.engine.writers.file_plan import FilePlan, block_headings
from doseexport.engine.writers.sheets import GrowingSheet, Sheets

ALL_DATA = "All data"
STANDARD = "(standard)_"


class AllData:
    """One row a study, its blocks side by side, going on on a further sheet where the columns end."""

    def __init__(self, layout: FilePlan, shape: ModalityWorkbook, shared: Sheets) -> None:
        self._shared = shared
        self._prefix = shape.blocks.prefix if shape.blocks else shape.prefix
        self._columns = layout.block_columns
        self._study = [(column.heading, column) for column in layout.study_columns]
        self._per_sheet = (shared.limits.columns - len(self._study)) // len(self._columns)
        self._blocks = 0
        self._heads: list[Heads] = []
        self.sheets: list[GrowingSheet] = []
        self._widen(1)

    def add(self, head: list[str], write: WriteCells, blocks: list[Cells]) -> None:
        """Add one study: its cells cut at the row's number, and the cells of its blocks."""
        self._widen(len(blocks))
        for n, sheet in enumerate(self.sheets):
            here = blocks[n * self._per_sheet : (n + 1) * self._per_sheet]
            if not here and n:
                return
            row = sheet.next_row()
            cells = "".join([write(row, self._heads[k], block) for k, block in enumerate(here)])
            sheet.add(f'<row r="{row}">{row.join(head)}{cells}</row>')

    def describe(self) -> list[str]:
        """Return a message for each sheet on which blocks go on."""
        return [
            f"Events that do not fit beside their study go on on sheet {sheet.name}."
            for sheet in self.sheets[1:]
        ]

    def _widen(self, blocks: int) -> None:
        """Make room, and headings, for so many blocks."""
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
    """One sheet per protocol of events, and one per standard name of theirs."""

    def __init__(self, layout: FilePlan, shape: ModalityWorkbook, shared: Sheets) -> None:
        self._shared = shared
        columns = (*layout.study_columns, *layout.event_columns)
        self._columns = [(column.heading, column) for column in columns]
        self._heads = column_heads(len(layout.study_columns), len(layout.event_columns))
        headings = [column.heading for column in (*layout.event_columns, *layout.event_extras)]
        self._position = headings.index(shape.sheet_by)
        names = sorted(name for name, _ in layout.start.frequencies[shape.sheets.title])
        self._by_protocol = {name: self._add(name) for name in names}
        counted = layout.start.frequencies.get(shape.standard_sheets.title) if shape.standard_sheets else None
        self._by_standard = {name: self._add(STANDARD + name) for name in sorted(dict(counted or []))}
        self._standard_position = headings.index(shape.standard_by) if counted else None

    def add(self, head: list[str], write: WriteCells, events: list[Cells]) -> None:
        """Add events behind their study's cells, which are cut at the row's number, on all their sheets."""
        for event in events:
            for sheet in self._find(event):
                row = sheet.next_row()
                sheet.add(f'<row r="{row}">{row.join(head)}{write(row, self._heads, event)}</row>')

    def sheets(self) -> Iterator[GrowingSheet]:
        """Yield the sheets in the order of their tabs."""
        for sheets in (self._by_protocol, self._by_standard):
            yield from sorted(sheets.values(), key=lambda sheet: sheet.name)

    def _find(self, event: Cells) -> list[GrowingSheet]:
        """Return the sheets of an event: its protocol's, and those of its standard names."""
        sheets = [self._by_protocol[event[self._position]]]
        if self._standard_position is not None:
            names = json.loads(event[self._standard_position] or "[]")
            sheets += [self._by_standard[name] for name in names]
        return sheets

    def _add(self, name: str) -> GrowingSheet:
        return GrowingSheet(self._shared.names.name_protocol(name), self._columns, self._shared)
