"""Sheets that grow row by row past the limits of a worksheet, and the parts they are kept in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from doseexport.exports import Column
from doseexport.writers.cells import CellWriter
from doseexport.writers.parts import Parts
from doseexport.writers.sheet_names import SheetNames
from doseexport.writers.texts import SharedTexts
from doseexport.writers.workbook import Shape


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worksheet holds."""

    rows: int = 1_048_576
    columns: int = 16_384


@dataclass(slots=True)
class Page:
    """One worksheet: the number of its rows in Parts, and how many rows it has with those above the data."""

    name: str
    part: int
    rows: int


class Sheets:
    """What the sheets of one workbook share: names, parts, texts, what renders their cells, limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.names = SheetNames()
        self.parts = Parts()
        self.texts = SharedTexts()
        self._writers: dict[tuple[str, ...], CellWriter] = {}

    def cell_writer(self, columns: Iterable[Column]) -> CellWriter:
        """Return what renders cells of these columns: the same for all columns of the same kinds."""
        kinds = tuple(column.kind.name for column in columns)
        if kinds not in self._writers:
            self._writers[kinds] = CellWriter(kinds, self.texts)
        return self._writers[kinds]


class GrowingSheet:
    """A sheet that goes on as "name (2)" when it is full; its columns may become more.

    `columns` are headings with the columns below them; `top` are the rows above the data (None: the
    headings); `beyond` is the width of the widest row that is wider than the columns.
    """

    def __init__(
        self,
        name: str,
        columns: list[tuple[str, Column]],
        shared: Sheets,
        top: tuple[tuple[str, ...], ...] | None = None,
    ) -> None:
        self.columns = columns
        self.beyond = 0
        self._shared = shared
        self._top = top
        self.pages = [self._turn(name)]
        self._page = self.pages[0]

    @property
    def width(self) -> int:
        """How many columns the widest row has."""
        return max(len(self.columns), self.beyond)

    @property
    def name(self) -> str:
        """The name of the first page."""
        return self.pages[0].name

    def next_row(self) -> str:
        """Return the number of the row that the next `add` writes."""
        if self._page.rows == self._shared.limits.rows:
            name = self._shared.names.name_continuation(self.name, len(self.pages) + 1)
            self._page = self._turn(name)
            self.pages.append(self._page)
        self._page.rows += 1
        return str(self._page.rows)

    def add(self, row: str) -> None:
        """Append one row's XML."""
        self._shared.parts.add_row(self._page.part, row)

    def shape(self, page: Page) -> Shape:
        """Return a page as xlsxwriter has to make it."""
        headings = tuple(heading for heading, _ in self.columns)
        top = (headings,) if self._top is None else self._top
        columns = [column for _, column in self.columns]
        return Shape(page.name, top, columns, page.rows, is_table=self._top is None)

    def describe(self) -> list[str]:
        """Return a sentence for each further page."""
        return [f"Sheet {self.name} is full and goes on as {page.name}." for page in self.pages[1:]]

    def _turn(self, name: str) -> Page:
        return Page(name, self._shared.parts.add_sheet(), 1 if self._top is None else len(self._top))
