"""The big sheets of a workbook: which there are, and how each grows past the limits of a worksheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doseexport.exports import Column
from doseexport.writers.layout import Layout, block_headings
from doseexport.writers.parts import Parts
from doseexport.writers.sheet_names import SheetNames
from doseexport.writers.workbook import Sheet

ALL_DATA = "All data"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worksheet holds."""

    rows: int = 1_048_576
    columns: int = 16_384


@dataclass(slots=True)
class Page:
    """One worksheet: the number of its rows in Parts, and how many rows it has with the header."""

    name: str
    part: int
    rows: int = 1


class GrowingSheet:
    """A sheet that goes on as "name (2)" when it is full."""

    def __init__(self, name: str, columns: list[tuple[str, Column]], book: Book) -> None:
        self._columns = columns
        self._book = book
        self.pages = [Page(name, book.parts.add_sheet())]
        self._page = self.pages[0]

    @property
    def name(self) -> str:
        """The name of the first page."""
        return self.pages[0].name

    def next_row(self) -> str:
        """Return the number of the row that the next `add` writes."""
        if self._page.rows == self._book.limits.rows:
            name = self._book.names.name_continuation(self.name, len(self.pages) + 1)
            self._page = Page(name, self._book.parts.add_sheet())
            self.pages.append(self._page)
        self._page.rows += 1
        return str(self._page.rows)

    def add(self, row: str) -> None:
        """Append one row's XML."""
        self._book.parts.add_row(self._page.part, row)

    def shape(self, page: Page) -> Sheet:
        """Return a page as xlsxwriter has to make it."""
        headings = [heading for heading, _ in self._columns]
        return Sheet(page.name, headings, [column for _, column in self._columns], page.rows)


class Book:
    """Every big sheet of one workbook, in the order of its tabs."""

    def __init__(self, layout: Layout, limits: Limits) -> None:
        self.limits = limits
        self.names = SheetNames()
        self.parts = Parts()
        self._study = [(column.heading, column) for column in layout.study_columns]
        self.blocks_per_sheet = (limits.columns - len(self._study)) // len(layout.event_columns)
        self.all_data = [GrowingSheet(name, columns, self) for name, columns in self._plan_all_data(layout)]
        self.by_protocol = self._plan_protocols(layout)

    def sheets(self) -> Iterator[GrowingSheet]:
        """Yield the sheets in the order of their tabs."""
        yield from self.all_data
        yield from sorted(self.by_protocol.values(), key=lambda sheet: sheet.name)

    def _plan_all_data(self, layout: Layout) -> Iterator[tuple[str, list[tuple[str, Column]]]]:
        for first in range(0, layout.blocks, self.blocks_per_sheet):
            name = ALL_DATA if first == 0 else self.names.name_block_sheet(first + 1)
            numbers = range(first + 1, min(first + self.blocks_per_sheet, layout.blocks) + 1)
            events = layout.event_columns
            blocks = [pair for n in numbers for pair in zip(block_headings(events, n), events, strict=True)]
            yield name, self._study + blocks

    def _plan_protocols(self, layout: Layout) -> dict[str, GrowingSheet]:
        columns = self._study + [(column.heading, column) for column in layout.event_columns]
        *_, counted = layout.frequencies.values()
        return {
            protocol: GrowingSheet(self.names.name_protocol(protocol), columns, self)
            for protocol in sorted(protocol for protocol, _ in counted)
        }
