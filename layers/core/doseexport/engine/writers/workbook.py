"""A workbook without the rows of its data sheets, made by xlsxwriter: Summary, About, headings, styles."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from doseexport.catalogue import Column
from doseexport.catalogue.dictionary import WARNING_COLUMNS, Entry
from doseexport.catalogue.layouts import ABOUT, COLUMNS, SUMMARY, WARNINGS
from doseexport.engine.writers.cells import (
    DATE_STYLE,
    DATETIME_STYLE,
    FIGURE_STYLES,
    TIME_STYLE,
    column_letters,
)
from doseexport.engine.writers.file_plan import FilePlan, FileReport
from doseexport.engine.writers.texts import cut_text, escape
from doseexport.errors import ExportError

_WIDTHS = {"text": 22, "word": 12, "number": 10, "figure": 10, "date": 12, "time": 11, "datetime": 20}
_FORMATS = ("yyyy-mm-dd", "hh:mm:ss", "yyyy-mm-dd hh:mm:ss", *(form for *_, form in FIGURE_STYLES))
_STYLES = (DATE_STYLE, TIME_STYLE, DATETIME_STYLE, *(style for _, style, _ in FIGURE_STYLES))
_MOST_WIDTH = 40
MOST_XML = 1 << 20
"""Characters: more than the XML of a text that fits into a cell."""
_ROWS_ABOVE_FREQUENCIES = 6
_OPTIONS = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


@dataclass(frozen=True, slots=True)
class SheetFrame:
    """A data sheet without its data: its name, the rows above the data, its columns, and its number of rows.

    `rows` includes the rows above. A table has one row above, its headings, frozen and with a filter. Its
    rows with a text in the column `flag` are marked. A printable one is as wide as a page.
    """

    name: str
    top: tuple[tuple[str, ...], ...]
    columns: list[Column]
    rows: int
    is_table: bool = True
    flag: str = ""
    printable: bool = False

    @property
    def appearance(self) -> tuple[object, ...]:
        """The key of the rows above the data and of the widths, which are made once for equal keys."""
        columns = tuple((column.heading, column.kind.name) for column in self.columns)
        return self.is_table, self.printable, self.top, columns


@dataclass(frozen=True, slots=True)
class DrawnSheet:
    """A small sheet that xlsxwriter writes completely: its name, its number of rows, and what draws it.

    `draw` takes the workbook and the empty sheet.
    """

    name: str
    rows: int
    draw: Callable[[Any, Any], None]


Summary = Mapping[str, Mapping[str, str]]
"""What Summary shows beside its frequencies: by title, the name of the sheet of each value."""


class _Workbook(xlsxwriter.Workbook):  # type: ignore[misc]
    """A workbook of xlsxwriter that hides its sheets until it is complete.

    xlsxwriter compares the name of each new sheet with those of all others, which takes minutes for 12,000
    sheets. SheetNames has made the names unique.
    """

    is_complete = False

    def worksheets(self) -> list[Any]:
        """Return the sheets once all of them are added."""
        return list(super().worksheets()) if self.is_complete else []


def build_workbook(
    plan: FilePlan, report: FileReport, frames: Sequence[SheetFrame | DrawnSheet], *, summary: Summary | None
) -> bytes:
    """Return an xlsx with Summary, the sheets of `frames` without their data, Warnings, Columns and About.

    Of several sheets with the same appearance only the first has the rows above its data and the widths,
    because those of all sheets would not fit into memory.
    """
    buffer = io.BytesIO()
    book = _Workbook(buffer, _OPTIONS)
    book.set_properties({"title": plan.title, "created": plan.created.replace(tzinfo=None)})
    _fix_styles(book)
    bold = book.add_format({"bold": True})
    header = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    if summary is not None:
        _write_summary(book.add_worksheet(SUMMARY), plan, report, summary, bold)
    seen = set()
    for frame in frames:
        sheet = book.add_worksheet(frame.name)
        if isinstance(frame, DrawnSheet):
            frame.draw(book, sheet)
            continue
        if frame.appearance not in seen:
            _write_top(sheet, frame, header if frame.is_table else None)
            seen.add(frame.appearance)
        if frame.is_table:
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, frame.rows - 1, len(frame.columns) - 1)
        if frame.printable:
            fit_to_page(sheet)
            sheet.repeat_rows(0)
        if frame.flag and frame.rows > 1:
            _mark_flagged(book, sheet, frame)
    if report.study_warnings:
        _write_warnings(book.add_worksheet(WARNINGS), report, header)
    _write_columns(book, book.add_worksheet(COLUMNS), plan.dictionary, header)
    _write_about(book.add_worksheet(ABOUT), plan, report, bold)
    book.is_complete = True
    book.close()
    return buffer.getvalue()


def _fix_styles(book: Any) -> None:
    """Create the styles of dates, times and figures, whose numbers the rendered cells refer to."""
    formats = [book.add_format({"num_format": form}) for form in _FORMATS]
    numbers = tuple(each._get_xf_index() for each in formats)  # noqa: SLF001  the only way to a style's number
    if numbers != _STYLES:
        raise ExportError("WORKBOOK_STYLES", "xlsxwriter numbers its styles in an unexpected way.")


def fit_to_page(sheet: Any) -> None:
    """Let a sheet be printed in landscape, as wide as a page of A4."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _mark_flagged(book: Any, sheet: Any, frame: SheetFrame) -> None:
    """Mark the flagged rows by bold type, a border and a grey, which a print in black and white shows too."""
    place = [column.heading for column in frame.columns].index(frame.flag)
    style = book.add_format({"bold": True, "bg_color": "#E0E0E0", "top": 1, "bottom": 1})
    rule = {"type": "formula", "criteria": f'=${column_letters(place)}2<>""', "format": style}
    sheet.conditional_format(1, 0, frame.rows - 1, len(frame.columns) - 1, rule)


def put_cell(sheet: Any, row: int, column: int, value: str | float, style: Any = None) -> None:
    """Write one cell. Raise ExportError for a lost cell, which xlsxwriter reports by a return code only."""
    if value == "":
        return
    if _put_safely(sheet, row, column, value, style):
        raise ExportError("CELL_LOST", "A cell of the workbook could not be written.")


def _put_safely(sheet: Any, row: int, column: int, value: str | float, style: Any) -> int:
    if isinstance(value, int | float):
        return int(sheet.write_number(row, column, value, style))
    text = cut_text(value)
    if "_x" in text or text.startswith("<r>") or not text.isprintable():
        # xlsxwriter writes a text between these tags as it is. It takes _xHHHH_ for an escape once only, so
        # that x_x005F_x0041_ would lose an underscore. The reference hides our own escapes from it.
        sheet.xls_strmax = MOST_XML
        xml = escape(text).replace("_x", "&#95;x")
        text = f'<r><t xml:space="preserve">{xml}</t></r>'
    return int(sheet.write_string(row, column, text, style))


def _write_summary(sheet: Any, plan: FilePlan, report: FileReport, summary: Summary, bold: Any) -> None:
    sheet.set_column("A:A", 30)
    put_cell(sheet, 0, 0, plan.title, bold)
    put_cell(sheet, 1, 0, f"{plan.software}, {plan.created:%Y-%m-%d %H:%M:%S %Z}")
    put_cell(sheet, 3, 0, "Total number of exams")
    put_cell(sheet, 3, 1, report.studies)
    frequencies = plan.context.frequencies
    for column, (title, rows) in zip(range(0, 3 * len(frequencies), 3), frequencies.items(), strict=True):
        sheet.set_column(column, column, 30)
        put_cell(sheet, 5, column, title, bold)
        put_cell(sheet, 5, column + 1, "Frequency", bold)
        for row, (value, count) in enumerate(rows, start=_ROWS_ABOVE_FREQUENCIES):
            put_cell(sheet, row, column, value)
            put_cell(sheet, row, column + 1, count)
        if title in summary:
            sheet.set_column(column + 2, column + 2, 30)
            put_cell(sheet, 5, column + 2, "Sheet", bold)
            for row, (value, _) in enumerate(rows, start=_ROWS_ABOVE_FREQUENCIES):
                put_cell(sheet, row, column + 2, summary[title][value])


def count_summary(plan: FilePlan) -> int:
    """Return the number of rows of the sheet Summary."""
    return _ROWS_ABOVE_FREQUENCIES + max(map(len, plan.context.frequencies.values()), default=-2)


def _write_top(sheet: Any, frame: SheetFrame, style: Any) -> None:
    for number, row in enumerate(frame.top):
        for column, text in enumerate(row):
            put_cell(sheet, number, column, text, style)
    for column, below in enumerate(frame.columns):
        width = min(max(_WIDTHS[below.kind.name], len(below.heading) + 3), _MOST_WIDTH)
        sheet.set_column(column, column, width)


def _write_warnings(sheet: Any, report: FileReport, style: Any) -> None:
    rows = list(list_warned_studies(report))
    for row, cells in enumerate([WARNING_HEADINGS, *rows]):
        for column, value in enumerate(cells):
            put_cell(sheet, row, column, value, None if row else style)
    for column, width in enumerate((100, 12, 20, 12)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(WARNING_HEADINGS) - 1)


WARNING_HEADINGS = tuple(column.heading for column in WARNING_COLUMNS)


def list_warned_studies(report: FileReport) -> Iterator[tuple[str | int, ...]]:
    """Yield the rows of the sheet Warnings: a warning, and a study that it is about."""
    for warning in report.study_warnings:
        for study in warning.studies:
            yield warning.message, study.id, study.accession_number or "", study.rows
        if warning.more:
            yield warning.message, f"{warning.more:,} more", "", ""


_DICTIONARY = {
    "Heading": 30,
    "Meaning": 44,
    "Unit": 10,
    "DICOM": 14,
    "OpenREM source": 56,
    "Conversion": 32,
    "Blank": 22,
    "Several rows": 30,
    "Sheets": 32,
}
"""The headings of the sheet Columns, with their widths in characters. Tables lack their prefix remapp_."""
_LINE_HEIGHT = 15


def _write_columns(book: Any, sheet: Any, dictionary: Sequence[Entry], style: Any) -> None:
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    widths = list(_DICTIONARY.values())
    for column, (heading, width) in enumerate(_DICTIONARY.items()):
        sheet.set_column(column, column, width)
        put_cell(sheet, 0, column, heading, style)
    for row, cells in enumerate(map(_list_texts, dictionary), start=1):
        # No program counts the lines by itself when it opens a file.
        lines = max(1 + len(text) // width for text, width in zip(cells, widths, strict=True))
        sheet.set_row(row, _LINE_HEIGHT * lines)
        for column, text in enumerate(cells):
            put_cell(sheet, row, column, text, wrapped)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(dictionary), len(_DICTIONARY) - 1)
    fit_to_page(sheet)
    sheet.repeat_rows(0)


def _list_texts(entry: Entry) -> tuple[str, ...]:
    return (
        entry.heading,
        entry.meaning,
        entry.unit,
        entry.dicom,
        entry.source,
        entry.conversion,
        entry.blank,
        entry.several_rows,
        ", ".join(entry.sheets),
    )


def _write_about(sheet: Any, plan: FilePlan, report: FileReport, bold: Any) -> None:
    sheet.set_column("A:A", 20)
    sheet.set_column("B:B", 100)
    for row, (name, value) in enumerate(list_about(plan, report)):
        put_cell(sheet, row, 0, name, bold)
        put_cell(sheet, row, 1, value)


def list_about(plan: FilePlan, report: FileReport) -> list[tuple[str, str | int]]:
    """Return the lines of the sheet About."""
    counts = [("Studies", report.studies), ("Events", report.events)]
    warnings = [("Warning", warning) for warning in report.warnings] or [("Warnings", "none")]
    software = [("Software", plan.software)]
    return [*plan.about, *counts, *warnings, *software]
