"""Sheets that grow row by row, beyond the limits of one worksheet, and the state that they share."""

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
from doseexport.engine.writers.workbook import SheetFrame


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest numbers of rows and columns of a worksheet."""

    rows: int = 1_048_576
    columns: int = 16_384


@dataclass(slots=True)
class Worksheet:
    """One worksheet: the number of its part in Parts, and its rows, including those above the data.

    `studies` counts the studies with rows here, and `last_study` is the number of the last of them.
    """

    name: str
    part: int
    rows: int
    studies: int = 0
    last_study: int = 0


class SharedState:
    """The state that all sheets of a workbook share: names, parts, texts, cell writers and limits.

    `study` is the number, from 1, of the study whose rows are being added. It is 0 after the last study.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.study = 0
        self.names = SheetNames()
        self.parts = Parts()
        self.texts = SharedTexts()
        self._writers: dict[tuple[str, ...], CellWriter] = {}

    def cell_writer(self, columns: Iterable[Column]) -> CellWriter:
        """Return the writer for cells of these columns. Columns of the same kinds share one writer."""
        kinds = tuple(column.kind.name for column in columns)
        if kinds not in self._writers:
            self._writers[kinds] = CellWriter(kinds, self.texts)
        return self._writers[kinds]


@dataclass(frozen=True, slots=True)
class SheetStyle:
    """How a sheet looks: its rows above the data, or None for the headings, and what is marked and printed.

    Rows with a text in the column `flag` are marked. A printable sheet is as wide as a page.
    """

    top: tuple[tuple[str, ...], ...] | None = None
    flag: str = ""
    printable: bool = False


class GrowingSheet:
    """A sheet that continues as "name (2)" when it is full. Columns can be added to it.

    `columns` pairs headings with columns. `beyond` is the width of the widest row that exceeds the columns.
    `add` appends the XML of one row.
    """

    def __init__(
        self,
        name: str,
        columns: list[tuple[str, Column]],
        shared: SharedState,
        style: SheetStyle = SheetStyle(),
    ) -> None:
        self.columns = columns
        self.beyond = 0
        self._shared = shared
        self._style = style
        self.worksheets: list[Worksheet] = []
        self._most_rows = shared.limits.rows
        self._add_worksheet(name)

    @property
    def width(self) -> int:
        """The number of columns of the widest row."""
        return max(len(self.columns), self.beyond)

    @property
    def name(self) -> str:
        """The name of the first worksheet."""
        return self.worksheets[0].name

    def next_row(self) -> str:
        """Return the number of the row that the next `add` writes."""
        worksheet, study = self._worksheet, self._shared.study
        if worksheet.rows == self._most_rows:
            name = self._shared.names.name_continuation(self.name, len(self.worksheets) + 1)
            worksheet = self._add_worksheet(name)
        worksheet.rows += 1
        if worksheet.last_study != study:
            worksheet.last_study = study
            worksheet.studies += study > 0
        return str(worksheet.rows)

    def frame(self, worksheet: Worksheet) -> SheetFrame:
        """Return the frame that xlsxwriter makes for a worksheet."""
        headings = tuple(heading for heading, _ in self.columns)
        top = (headings,) if self._style.top is None else self._style.top
        columns = [column for _, column in self.columns]
        style = self._style
        return SheetFrame(
            worksheet.name, top, columns, worksheet.rows, style.top is None, style.flag, style.printable
        )

    def count(self, worksheet: Worksheet) -> SheetCount:
        """Return the counts of a worksheet."""
        return SheetCount(
            worksheet.name, worksheet.studies, worksheet.rows - self._rows_above, self._rows_above
        )

    def describe(self) -> list[str]:
        """Return a warning for each further worksheet."""
        return [
            f"Sheet {self.name} is full and continues on sheet {worksheet.name}."
            for worksheet in self.worksheets[1:]
        ]

    @property
    def _rows_above(self) -> int:
        return 1 if self._style.top is None else len(self._style.top)

    def _add_worksheet(self, name: str) -> Worksheet:
        """Continue on a new worksheet."""
        worksheet = Worksheet(name, self._shared.parts.add_sheet(), self._rows_above)
        self.worksheets.append(worksheet)
        self._worksheet = worksheet
        self.add: Callable[[str], None] = partial(self._shared.parts.add_row, worksheet.part)
        return worksheet
