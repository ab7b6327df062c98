"""Workbooks of audits: Summary, the sheets of groups, native charts, and About (docs/audit.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from doseexport.catalogue import AuditWorkbook
from doseexport.catalogue.layouts import CHARTS, SUMMARY, Chart
from doseexport.engine.copy_text import TEXT, split_row
from doseexport.engine.merge import Study
from doseexport.engine.writers import Sink
from doseexport.engine.writers.assembly import Tabs, assemble, count_rows
from doseexport.engine.writers.charts import count_chart_rows, draw_charts
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount
from doseexport.engine.writers.sheets import GrowingSheet, Limits, SharedState
from doseexport.engine.writers.workbook import DrawnSheet, fit_to_page, put_cell
from doseexport.engine.writers.xlsx import RowSheets

_NAME_AND_VALUE = 2
_LINE_HEIGHT, _LINE_LENGTH = 15, 70


class AuditWriter:
    """A workbook whose rows, charts and summary an audit's builder makes after the last study."""

    copy_format = TEXT
    separator = b"\t"

    def __init__(self, sink: Sink, plan: FilePlan, layout: AuditWorkbook, limits: Limits = Limits()) -> None:  # noqa: B008  frozen
        self._sink = sink
        self._plan = plan
        self._shared = SharedState(limits)
        self._builder = layout.make_builder(plan.context)
        for name in (SUMMARY, CHARTS):
            self._shared.names.reserve(name)
        self._sheets = RowSheets(self._builder.sheets, self._shared, plan.context)

    def write(self, study: Study) -> None:
        """Read one study."""
        cells, events = study
        self._sheets.add(self._builder.build_rows(split_row(cells), [split_row(event) for event in events]))

    def end(self) -> None:
        """Add the rows of all sheets."""
        self._sheets.add(self._builder.end())

    @property
    def warnings(self) -> list[str]:
        """Warnings of the builder, and about sheets that continue on another."""
        return [*self._builder.warnings, *self._sheets.warnings]

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The values that the builder leaves out."""
        return self._builder.exclusions

    @property
    def answer(self) -> str:
        """The groups above their DRL."""
        return self._builder.answer

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Write the complete workbook to the sink, and return the counts of its sheets."""
        tabs = Tabs(list(self._list_tabs(report)), self._shared, summary=None)
        assemble(self._sink, self._plan, report, tabs)
        self.discard()
        return count_rows(self._plan, report, tabs)

    def discard(self) -> None:
        """Delete the rows and free their file."""
        self._shared.parts.close()

    def _list_tabs(self, report: FileReport) -> Iterator[GrowingSheet | DrawnSheet]:
        lines = list(_list_lines(self._plan, report, self._builder.answer, self._builder.summary))
        yield DrawnSheet(SUMMARY, len(lines), lambda book, sheet: _draw_summary(book, sheet, lines))
        charts = self._builder.charts
        for place, sheet in enumerate(self._sheets.grown):
            yield sheet
            if place == self._builder.charts_after:
                yield _make_charts(charts)


def _make_charts(charts: Iterable[Chart]) -> DrawnSheet:
    drawn = list(charts)
    return DrawnSheet(
        CHARTS, count_chart_rows(drawn), lambda book, sheet: draw_charts(book, sheet, CHARTS, drawn)
    )


def _list_lines(
    plan: FilePlan, report: FileReport, answer: str, summary: Iterable[tuple[str | int, ...]]
) -> Iterator[tuple[str | int, ...]]:
    """Yield the rows of Summary: the title, the request in words, the counts, and the cautions."""
    yield (plan.title,)
    yield (answer,)
    yield (f"{plan.software}, {plan.created:%Y-%m-%d %H:%M:%S %Z}",)
    yield ()
    yield from plan.about
    yield ()
    yield from summary
    if report.warnings:
        yield ()
        yield from (("Warning", warning) for warning in report.warnings)


def _draw_summary(book: Any, sheet: Any, lines: Sequence[tuple[str | int, ...]]) -> None:
    styles = {
        "name": book.add_format({"bold": True, "valign": "top"}),
        "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        "value": book.add_format({"text_wrap": True, "valign": "top", "align": "left"}),
        "count": book.add_format({"num_format": "#,##0", "valign": "top"}),
    }
    fit_to_page(sheet)
    sheet.set_column("A:A", 34)
    sheet.set_column("B:B", 60)
    sheet.set_column("C:H", 13)
    for row, cells in enumerate(lines):
        is_table = len(cells) > _NAME_AND_VALUE
        is_head = is_table and all(isinstance(each, str) for each in cells)
        sheet.set_row(row, _LINE_HEIGHT * max(_count_lines(cells), 3 if is_head else 1))
        for column, value in enumerate(cells):
            kind = "head" if is_head else "name" if column == 0 else "count" if is_table else "value"
            put_cell(sheet, row, column, value, styles[kind])


def _count_lines(cells: tuple[str | int, ...]) -> int:
    """Return the lines that the second cell needs, which no program counts by itself when it opens a file."""
    text = str(cells[1]) if len(cells) > 1 else ""
    return sum(1 + len(line) // _LINE_LENGTH for line in text.split("\n"))
