"""Sheets that grow row by row past the limits of a worksheet, and the parts they are kept in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from doseexport.catalogue import Column
from doseexport.engine.writers.cells import CellWriter
from doseexport.engine.writers.file_plan import SheetCount
from doseexport.engine.writers.parts import Parts
from doseexport.engine.writers.sheet_names import SheetNames
from doseexport.engine.writers.texts import SharedTexts
from doseexport.engine.writers.workbook import Shape


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worksheet holds."""

    rows: int = 1_048_576
    columns: int = 16_384


@dataclass(slots=True)
class Page:
    """One worksheet: the number of its rows in Parts, and how many rows it has with those above the data.

    `studies` counts those with rows here; `last_study` is the number of the last of them.
    """

    name: str
    part: int
    rows: int
    studies: int = 0
    last_study: int = 0


class Sheets:
    """What the sheets of one workbook share: names, parts, texts, what renders their cells, limits.

    `study` is the number of the study whose rows are being added, from 1; 0 after the last.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.study = 0
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
    headings); `beyond` is the width of the widest row that is wider than the columns; `add` appends one
    row's XML.
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
        self.pages: list[Page] = []
        self._most_rows = shared.limits.rows
        self._turn(name)

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
        page, study = self._page, self._shared.study
        if page.rows == self._most_rows:
            name = self._shared.names.name_continuation(self.name, len(self.pages) + 1)
            page = self._turn(name)
        page.rows += 1
        if page.last_study != study:
            page.last_study = study
            page.studies += study > 0
        return str(page.rows)

    def shape(self, page: Page) -> Shape:
        """Return a page as xlsxwriter has to make it."""
        headings = tuple(heading for heading, _ in self.columns)
        top = (headings,) if self._top is None else self._top
        columns = [column for _, column in self.columns]
        return Shape(page.name, top, columns, page.rows, is_table=self._top is None)

    def count(self, page: Page) -> SheetCount:
        """Return what is on a page."""
        return SheetCount(page.name, page.studies, page.rows - self._rows_above, self._rows_above)

    def describe(self) -> list[str]:
        """Return a message for each further page."""
        return [f"Sheet {self.name} is full and goes on as {page.name}." for page in self.pages[1:]]

    @property
    def _rows_above(self) -> int:
        return 1 if self._top is None else len(self._top)

    def _turn(self, name: str) -> Page:
        """Go on on a new page."""
        page = Page(name, self._shared.parts.add_sheet(), self._rows_above)
        self.pages.append(page)
        self._page = page
        self.add: Callable[[str], None] = partial(self._shared.parts.add_row, page.part)
        return page
