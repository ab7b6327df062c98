"""Everything of a workbook but its rows, made by xlsxwriter: sheets, headers, Summary, About, styles."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]

from doseexport.errors import ExportError
from doseexport.exports import Column
from doseexport.writers.cells import DATE_STYLE, TIME_STYLE, cut_text
from doseexport.writers.layout import Layout, Report

_WIDTHS = {"text": 22, "number": 10, "date": 12, "time": 11}
_MOST_WIDTH = 40
_OPTIONS = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One big sheet: its name, headings, the columns under them, and how many rows it has with the header."""

    name: str
    headings: list[str]
    columns: list[Column]
    rows: int


def build_workbook(layout: Layout, report: Report, sheets: list[Sheet]) -> bytes:
    """Return an xlsx whose sheets are Summary, `sheets` with only their header row, and About."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties({"title": layout.title, "created": layout.created.replace(tzinfo=None)})
    _fix_styles(book)
    bold = book.add_format({"bold": True})
    header = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    _write_summary(book.add_worksheet("Summary"), layout, report, bold)
    for sheet in sheets:
        _write_header(book.add_worksheet(sheet.name), sheet, header)
    _write_about(book.add_worksheet("About"), layout, report, bold)
    book.close()
    return buffer.getvalue()


def _fix_styles(book: Any) -> None:
    """Give dates and times the style numbers that the rendered cells name."""
    formats = [book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "hh:mm:ss")]
    numbers = tuple(each._get_xf_index() for each in formats)  # noqa: SLF001  the only way to a style's number
    if numbers != (DATE_STYLE, TIME_STYLE):
        raise ExportError("WORKBOOK_STYLES", "xlsxwriter numbers its styles in another way than expected.")


def _put(sheet: Any, row: int, column: int, value: str | int, style: Any = None) -> None:
    """Write one cell; xlsxwriter tells of a lost cell by a return code only."""
    if value == "":
        return
    if _put_safely(sheet, row, column, value, style):
        raise ExportError("CELL_LOST", "A cell of the workbook could not be written.")


def _put_safely(sheet: Any, row: int, column: int, value: str | int, style: Any) -> int:
    if isinstance(value, int):
        return int(sheet.write_number(row, column, value, style))
    text = cut_text(value)
    if text.startswith("<r>") and text.endswith("</r>"):
        # xlsxwriter takes such a text for XML of its own and writes it as it is; one in two runs it escapes.
        return int(sheet.write_rich_string(row, column, text[:1], Format(), text[1:]))
    return int(sheet.write_string(row, column, text, style))


def _write_summary(sheet: Any, layout: Layout, report: Report, bold: Any) -> None:
    sheet.set_column("A:A", 30)
    _put(sheet, 0, 0, layout.title, bold)
    _put(sheet, 1, 0, f"{layout.software}, {layout.created:%Y-%m-%d %H:%M:%S %Z}")
    _put(sheet, 3, 0, "Total number of exams")
    _put(sheet, 3, 1, report.studies)
    for column, (title, rows) in zip(
        range(0, 3 * len(layout.frequencies), 3), layout.frequencies.items(), strict=True
    ):
        sheet.set_column(column, column, 30)
        _put(sheet, 5, column, title, bold)
        _put(sheet, 5, column + 1, "Frequency", bold)
        for row, (value, count) in enumerate(rows, start=6):
            _put(sheet, row, column, value)
            _put(sheet, row, column + 1, count)


def _write_header(sheet: Any, shape: Sheet, style: Any) -> None:
    for column, (heading, below) in enumerate(zip(shape.headings, shape.columns, strict=True)):
        _put(sheet, 0, column, heading, style)
        width = min(max(_WIDTHS[below.kind.name], len(heading) + 3), _MOST_WIDTH)
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, shape.rows - 1, len(shape.headings) - 1)


def _write_about(sheet: Any, layout: Layout, report: Report, bold: Any) -> None:
    sheet.set_column("A:A", 20)
    sheet.set_column("B:B", 100)
    counts = [("Studies", report.studies), ("Events", report.events)]
    warnings = [("Warning", warning) for warning in report.warnings] or [("Warnings", "none")]
    software = [("Software", layout.software)]
    lines: list[tuple[str, str | int]] = [*layout.about, *counts, *warnings, *software]
    for row, (name, value) in enumerate(lines):
        _put(sheet, row, 0, name, bold)
        _put(sheet, row, 1, value)
