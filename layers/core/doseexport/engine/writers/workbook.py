"""Everything of a workbook but its rows, made by xlsxwriter: sheets, headers, Summary, About, styles."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]

from doseexport.catalogue import Column
from doseexport.engine.writers.cells import DATE_STYLE, DATETIME_STYLE, TIME_STYLE
from doseexport.engine.writers.file_plan import FilePlan, FileReport
from doseexport.engine.writers.texts import cut_text
from doseexport.errors import ExportError

_WIDTHS = {"text": 22, "number": 10, "date": 12, "time": 11, "datetime": 20}
_DATE_FORMATS = ("yyyy-mm-dd", "hh:mm:ss", "yyyy-mm-dd hh:mm:ss")
_MOST_WIDTH = 40
_ROWS_ABOVE_FREQUENCIES = 6
SUMMARY, ABOUT = "Summary", "About"
_OPTIONS = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One big sheet: its name, the rows above its data, its columns, how many rows it has with those above.

    A table has one row above, its headings: they stay in sight and can be filtered by.
    """

    name: str
    top: tuple[tuple[str, ...], ...]
    columns: list[Column]
    rows: int
    is_table: bool = True

    @property
    def looks(self) -> tuple[object, ...]:
        """The rows above the data and the columns: of sheets alike they are made once."""
        columns = tuple((column.heading, column.kind.name) for column in self.columns)
        return self.is_table, self.top, columns


def build_workbook(layout: FilePlan, report: FileReport, shapes: list[Shape], *, has_summary: bool) -> bytes:
    """Return an xlsx whose sheets are Summary, those of `shapes` without their data, and About.

    Of sheets alike only the first has the rows above its data, and widths: all would fill the memory.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties({"title": layout.title, "created": layout.created.replace(tzinfo=None)})
    _fix_styles(book)
    bold = book.add_format({"bold": True})
    header = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    if has_summary:
        _write_summary(book.add_worksheet(SUMMARY), layout, report, bold)
    made = set()
    for shape in shapes:
        sheet = book.add_worksheet(shape.name)
        if shape.looks not in made:
            _write_top(sheet, shape, header if shape.is_table else None)
            made.add(shape.looks)
        if shape.is_table:
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, shape.rows - 1, len(shape.columns) - 1)
    _write_about(book.add_worksheet(ABOUT), layout, report, bold)
    book.close()
    return buffer.getvalue()


def _fix_styles(book: Any) -> None:
    """Give dates and times the style numbers that the rendered cells name."""
    formats = [book.add_format({"num_format": form}) for form in _DATE_FORMATS]
    numbers = tuple(each._get_xf_index() for each in formats)  # noqa: SLF001  the only way to a style's number
    if numbers != (DATE_STYLE, TIME_STYLE, DATETIME_STYLE):
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


def _write_summary(sheet: Any, layout: FilePlan, report: FileReport, bold: Any) -> None:
    sheet.set_column("A:A", 30)
    _put(sheet, 0, 0, layout.title, bold)
    _put(sheet, 1, 0, f"{layout.software}, {layout.created:%Y-%m-%d %H:%M:%S %Z}")
    _put(sheet, 3, 0, "Total number of exams")
    _put(sheet, 3, 1, report.studies)
    frequencies = layout.start.frequencies
    for column, (title, rows) in zip(range(0, 3 * len(frequencies), 3), frequencies.items(), strict=True):
        sheet.set_column(column, column, 30)
        _put(sheet, 5, column, title, bold)
        _put(sheet, 5, column + 1, "Frequency", bold)
        for row, (value, count) in enumerate(rows, start=_ROWS_ABOVE_FREQUENCIES):
            _put(sheet, row, column, value)
            _put(sheet, row, column + 1, count)


def count_summary(layout: FilePlan) -> int:
    """Return the number of the last row of the sheet Summary."""
    return _ROWS_ABOVE_FREQUENCIES + max(map(len, layout.start.frequencies.values()), default=-2)


def _write_top(sheet: Any, shape: Shape, style: Any) -> None:
    for number, row in enumerate(shape.top):
        for column, text in enumerate(row):
            _put(sheet, number, column, text, style)
    for column, below in enumerate(shape.columns):
        width = min(max(_WIDTHS[below.kind.name], len(below.heading) + 3), _MOST_WIDTH)
        sheet.set_column(column, column, width)


def _write_about(sheet: Any, layout: FilePlan, report: FileReport, bold: Any) -> None:
    sheet.set_column("A:A", 20)
    sheet.set_column("B:B", 100)
    for row, (name, value) in enumerate(list_about(layout, report)):
        _put(sheet, row, 0, name, bold)
        _put(sheet, row, 1, value)


def list_about(layout: FilePlan, report: FileReport) -> list[tuple[str, str | int]]:
    """Return the lines of the sheet About."""
    counts = [("Studies", report.studies), ("Events", report.events)]
    warnings = [("Warning", warning) for warning in report.warnings] or [("Warnings", "none")]
    software = [("Software", layout.software)]
    return [*layout.about, *counts, *warnings, *software]
