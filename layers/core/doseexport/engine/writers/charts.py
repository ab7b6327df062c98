"""Native Excel charts, each beside the block of cells that it shows, readable without colour."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from doseexport.catalogue.layouts import Chart
from doseexport.engine.writers.cells import column_letters, find_figure_style
from doseexport.engine.writers.workbook import fit_to_page, put_cell

_LEAST_ROWS = 28
"""Rows that a chart covers."""
_ROWS_ABOVE = 2
_CHARTS_PER_PAGE = 2
_PLACE = 6
"""The column of the charts, right of their blocks."""
_WIDTH, _HEIGHT = 900, 520
_MOST_LEVEL = 6
"""Rooms whose names fit below a chart without being turned."""
_NOT_XML = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_BAR, _LINE, _GRID = "#A6A6A6", "#000000", "#D9D9D9"


def count_chart_rows(charts: Sequence[Chart]) -> int:
    """Return the number of the last row of the sheet."""
    last = 0
    start = 0
    for chart in charts:
        last = start + _ROWS_ABOVE + len(chart.rows)
        start += _count_rows(chart)
    return last


def draw_charts(book: Any, sheet: Any, name: str, charts: Sequence[Chart]) -> None:
    """Draw the charts below each other, with their blocks of cells."""
    styles = _Styles(book)
    fit_to_page(sheet)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 14)
    sheet.set_h_pagebreaks(_list_breaks(charts))
    start = 0
    for chart in charts:
        _write_block(sheet, start, chart, styles)
        sheet.insert_chart(start, _PLACE, _make_chart(book, name, start, chart))
        start += _count_rows(chart)


def _count_rows(chart: Chart) -> int:
    return max(_LEAST_ROWS, len(chart.rows) + _ROWS_ABOVE + 1)


def _list_breaks(charts: Sequence[Chart]) -> list[int]:
    """Return the rows before which a printed page begins, so that no chart is cut."""
    starts = list(accumulate((_count_rows(chart) for chart in charts), initial=0))
    return starts[_CHARTS_PER_PAGE:-1:_CHARTS_PER_PAGE]


class _Styles:
    def __init__(self, book: Any) -> None:
        self.title = book.add_format({"bold": True})
        self.room = book.add_format({"bold": True, "bottom": 1})
        self.heading = book.add_format({"bold": True, "bottom": 1, "align": "right"})
        self._figures = {form.xf_index: form for form in book.formats if form.xf_index}

    def find(self, number: float) -> Any:
        return self._figures.get(find_figure_style(number))


def _write_block(sheet: Any, start: int, chart: Chart, styles: _Styles) -> None:
    put_cell(sheet, start, 0, chart.title, styles.title)
    for column, heading in enumerate(chart.headings):
        put_cell(sheet, start + 1, column, heading, styles.heading if column else styles.room)
    for row, (room, *numbers) in enumerate(chart.rows, start=start + _ROWS_ABOVE):
        put_cell(sheet, row, 0, room)
        for column, text in enumerate(numbers, start=1):
            if text:
                number = float(text)
                put_cell(sheet, row, column, number, styles.find(number))


def _make_chart(book: Any, name: str, start: int, chart: Chart) -> Any:
    first, last = start + _ROWS_ABOVE, start + _ROWS_ABOVE + len(chart.rows) - 1
    rooms = {
        "categories": [name, first, 0, last, 0],
        "categories_data": [_clean(row[0]) for row in chart.rows],
    }

    def refer(column: int) -> list[Any]:
        return [name, first, column, last, column]

    def formula(column: int) -> str:
        letters = column_letters(column)
        return f"={name}!${letters}${first + 1}:${letters}${last + 1}"

    bars = book.add_chart({"type": "column"})
    bars.add_series(
        {
            "name": "Median, with P25 to P75",
            **rooms,
            "values": refer(1),
            "fill": {"color": _BAR},
            "border": {"color": _LINE},
            "gap": 80,
            "y_error_bars": {
                "type": "custom",
                "plus_values": formula(3),
                "minus_values": formula(2),
                "line": {"color": _LINE, "width": 1.25},
            },
        }
    )
    if any(row[-1] for row in chart.rows):
        bars.combine(_make_line(book, rooms, refer(4)))
    bars.set_title(
        {
            "name": f"={name}!$A${start + 1}",
            "data": [_clean(chart.title)],
            "overlay": False,
            "name_font": {"size": 12},
        }
    )
    bars.set_x_axis({"name": "Room", "num_font": {"rotation": -45 if len(chart.rows) > _MOST_LEVEL else 0}})
    grid = {"visible": True, "line": {"color": _GRID}}
    bars.set_y_axis({"name": chart.axis, "min": 0, "max": _find_top(chart), "major_gridlines": grid})
    bars.set_legend({"position": "top"})
    bars.set_size({"width": _WIDTH, "height": _HEIGHT})
    return bars


def _find_top(chart: Chart) -> float:
    """Return the end of the axis, above all error bars and the line, which programs do not count in."""
    tops = [float(bar) + float(above or 0) for _, bar, _, above, _ in chart.rows]
    most = max([*tops, *(float(row[-1]) for row in chart.rows if row[-1])])
    step = 10.0 ** math.floor(math.log10(most)) / 2
    return step * (math.floor(most / step) + 1)


def _clean(text: str) -> str:
    """Return a text without what XML cannot hold. xlsxwriter copies the texts of charts as they are."""
    return _NOT_XML.sub(" ", text)


def _make_line(book: Any, rooms: dict[str, Any], values: list[Any]) -> Any:
    line = book.add_chart({"type": "line"})
    line.add_series(
        {
            "name": "DRL",
            **rooms,
            "values": values,
            "line": {"color": _LINE, "width": 2, "dash_type": "dash"},
            "marker": {"type": "long_dash", "size": 12, "border": {"color": _LINE}, "fill": {"color": _LINE}},
        }
    )
    return line
