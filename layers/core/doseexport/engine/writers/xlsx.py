"""Workbooks of custom rows: survey forms, NHSBSP surveys and nuclear medicine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from doseexport.catalogue import Cells, Column, CustomRows, FileContext, Sheet
from doseexport.engine.copy_text import TEXT, split_row
from doseexport.engine.merge import Study
from doseexport.engine.writers import Sink
from doseexport.engine.writers.assembly import Tabs, assemble, count_rows
from doseexport.engine.writers.cells import column_heads
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount
from doseexport.engine.writers.sheets import GrowingSheet, Limits, SharedState, SheetStyle
from doseexport.engine.writers.texts import CUT_TEXTS, SURELY_WHOLE, is_cut
from doseexport.errors import ExportError


class SheetsWriter:
    """A workbook of the rows that a builder makes of each study, on the sheets that it defines."""

    answer = ""
    copy_format = TEXT
    separator = b"\t"

    def __init__(self, sink: Sink, plan: FilePlan, layout: CustomRows, limits: Limits = Limits()) -> None:  # noqa: B008  frozen
        self._sink = sink
        self._plan = plan
        self._layout = layout
        self._shared = SharedState(limits)
        self._builder = layout.make_builder(plan.context)
        self._sheets = RowSheets(self._builder.sheets, self._shared, plan.context)

    def write(self, study: Study) -> None:
        """Add the rows of one study."""
        self._shared.study += 1
        cells, events = study
        self._sheets.add(self._builder.build_rows(split_row(cells), [split_row(event) for event in events]))

    def end(self) -> None:
        """Add the rows that follow the last study."""
        self._shared.study = 0
        self._sheets.check_widths()
        self._sheets.add(self._builder.end())

    @property
    def warnings(self) -> list[str]:
        """Warnings of the builder, and about sheets that continue on another."""
        return [*self._builder.warnings, *self._sheets.warnings]

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The events that the builder excludes."""
        return self._builder.exclusions

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Write the complete workbook to the sink, and return the counts of its sheets."""
        tabs = Tabs(self._sheets.grown, self._shared, self._list_names() if self._layout.summary else None)
        assemble(self._sink, self._plan, report, tabs)
        self.discard()
        return count_rows(self._plan, report, tabs)

    def discard(self) -> None:
        """Delete the rows and free their file."""
        self._shared.parts.close()

    def _list_names(self) -> dict[str, dict[str, str]]:
        """Return the names of the sheets that are named by the values of the first frequency."""
        return {self._layout.frequencies[0].title: self._sheets.names_by_data}


class RowSheets:
    """The sheets of a builder, to which its rows are added."""

    def __init__(self, sheets: Sequence[Sheet], shared: SharedState, context: FileContext) -> None:
        self._context = context
        self._names = [sheet.name for sheet in sheets]
        self._sheets = [_RowSheet(sheet, shared, context.name_study) for sheet in sheets]

    @property
    def names_by_data(self) -> dict[str, str]:
        """The names of the sheets that are named by data, by the value that names them."""
        made = zip(self._names, self._sheets, strict=True)
        return {name: sheet.grown.name for name, sheet in made if sheet.by_data}

    def check_widths(self) -> None:
        """Raise ExportError if a study was too wide for a sheet."""
        for sheet in self._sheets:
            sheet.check_width()

    def add(self, rows: Iterable[tuple[int, Cells]]) -> None:
        """Add rows, each to the sheet of its index."""
        for index, cells in rows:
            self._sheets[index].add(cells)
            if max(map(len, cells), default=0) > SURELY_WHOLE and (cut := sum(map(is_cut, cells))):
                self._context.warn(CUT_TEXTS, cut)

    @property
    def warnings(self) -> list[str]:
        """Warnings about sheets that continue on another."""
        return [message for sheet in self._sheets for message in sheet.grown.describe()]

    @property
    def grown(self) -> list[GrowingSheet]:
        """The sheets in the order of their tabs."""
        return [each.grown for each in _order_tabs(self._sheets)]


class _RowSheet:
    """A sheet of custom rows, which can be narrower or wider than its columns."""

    def __init__(self, sheet: Sheet, shared: SharedState, name_study: Callable[[], str]) -> None:
        self.by_data = sheet.named_by_data
        name = shared.names.name_protocol(sheet.name) if self.by_data else shared.names.reserve(sheet.name)
        columns = [(column.heading, column) for column in sheet.columns]
        style = SheetStyle(sheet.own_rows_above, sheet.flag, sheet.printable)
        self.grown = GrowingSheet(name, columns, shared, style)
        self._most_columns = shared.limits.columns
        self._name_study = name_study
        self._filled = 0, ""
        self._heads = column_heads(0, len(columns))
        self._write = shared.cell_writer(sheet.columns).careful
        self._beyond = [Column("", "", kind) for kind in sheet.overflow]
        self._write_beyond = shared.cell_writer(self._beyond).careful

    def add(self, cells: Cells) -> None:
        """Append one row. Raise ExportError if the row of this study is wider than a worksheet.

        If all rows are as wide as the widest, remember the study with most cells instead, for `check_width`.
        """
        if len(cells) > self._most_columns:
            self._filled = max(self._filled, (sum(map(bool, cells)), self._name_study()))
            if len(self._heads) <= self._most_columns:
                self.check_width()
            return
        row = self.grown.next_row()
        shown = self._write(row, self._heads, _pad(cells, len(self._heads)))
        beyond = "".join(self._render_beyond(row, cells)) if len(cells) > len(self._heads) else ""
        self.grown.add(f'<row r="{row}">{shown}{beyond}</row>')
        self.grown.beyond = max(self.grown.beyond, len(cells))

    def check_width(self) -> None:
        """Raise ExportError if a study was too wide, with the name of the one with most cells."""
        _, study = self._filled
        if study:
            message = (
                f"{study} needs more than the {self._most_columns:,} columns of a worksheet. Choose others."
            )
            raise ExportError("TOO_WIDE", message)

    def _render_beyond(self, row: str, cells: Cells) -> Iterator[str]:
        width = len(self._beyond)
        for first in range(len(self._heads), len(cells), width):
            here = _pad(cells[first : first + width], width)
            yield self._write_beyond(row, column_heads(first, width), here)


def _pad(cells: Cells, width: int) -> Cells:
    """Return the cells, padded with blank cells to this width."""
    return cells + [""] * (width - len(cells))


def _order_tabs(sheets: list[_RowSheet]) -> list[_RowSheet]:
    """Return the sheets in the order of tabs: those named by data are last, sorted by name."""
    return sorted(sheets, key=lambda sheet: (sheet.by_data, sheet.grown.name if sheet.by_data else ""))
