"""The XML of a worksheet's cells, rendered by functions that are compiled once per sequence of column kinds.

The XML of a cell is its head (`<c r="` and the letters of the column), the number of the row, and its body.
Blank cells have no XML. The number of the row is formatted once per row.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from datetime import date
from types import CodeType

from doseexport.catalogue import Cells
from doseexport.engine.writers.texts import SharedTexts, TextBodies, write_text

DATE_STYLE, TIME_STYLE, DATETIME_STYLE = 1, 2, 3
FIGURE_STYLES = ((1.0, 4, "0.000"), (10.0, 5, "0.00"), (100.0, 6, "0.0"), (math.inf, 7, "0"))
"""The styles of figures: the magnitude below which each is used, its number, and its format."""

_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_EPOCH = date(1899, 12, 30).toordinal()
_DAY = 86_400_000_000
# A worksheet has no dates from the year 10000 on. 9999-12-31 23:59:59.999999 rounds to this number.
_END = date(9999, 12, 31).toordinal() - _EPOCH + 1
# XML, and therefore a cell, cannot contain it.
_ROW_NUMBER = "\x00"

Heads = tuple[str, ...]
WriteCells = Callable[[str, Heads, Cells], str]
"""The function from the number of a row, the heads and the texts of its cells to their XML."""


@functools.lru_cache(maxsize=8_000)
def write_date(value: str) -> str:
    """Return the body of a date cell from YYYY-MM-DD. A date before 1 March 1900 stays text."""
    days = _count_days(value)
    return write_text(value) if days is None else f'" s="{DATE_STYLE}"><v>{days}</v></c>'


@functools.lru_cache(maxsize=8_000)
def write_time(value: str) -> str:
    """Return the body of a time cell, a fraction of a day, from HH:MM:SS[.ffffff]."""
    return f'" s="{TIME_STYLE}"><v>{_count_micros(value) / _DAY!r}</v></c>'


def write_datetime(value: str) -> str:
    """Return the body of a date-time cell, in days, from YYYY-MM-DD HH:MM:SS[.ffffff].

    A time before 1 March 1900, or one that rounds to the year 10000, stays text.
    """
    days = None if value.endswith("BC") else _count_days(value[:10])
    serial = None if days is None else (days * _DAY + _count_micros(value[11:])) / _DAY
    if serial is None or serial >= _END:
        return write_text(value)
    return f'" s="{DATETIME_STYLE}"><v>{serial!r}</v></c>'


def _count_days(value: str) -> int | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    # Excel counts a 29 February 1900, so its day numbers agree with the calendar only from March 1900.
    return None if day < date(1900, 3, 1) else day.toordinal() - _EPOCH


def _count_micros(value: str) -> int:
    hours, minutes, seconds = value.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000_000 + round(float(seconds) * 1_000_000)


def write_number(value: str) -> str:
    """Return the body of a number cell. What is not a plain number, such as "100 | 140", stays text."""
    return f'"><v>{value}</v></c>' if _PLAIN_NUMBER.fullmatch(value) else write_text(value)


def write_figure(value: str) -> str:
    """Return the body of a number cell with the decimals that its magnitude needs. Other texts stay text."""
    if not _PLAIN_NUMBER.fullmatch(value):
        return write_text(value)
    return f'" s="{find_figure_style(float(value))}"><v>{value}</v></c>'


def find_figure_style(value: float) -> int:
    """Return the number of the style of a figure."""
    return next(style for limit, style, _ in FIGURE_STYLES if abs(value) < limit)


# The template of the cell of column # in the f-string that renders a row.
_CELL = "{f'{h[#]}{r}BODY' if f[#] else ''}"
_BODIES = {
    "text": "{texts_#[f[#]]}",
    "word": "{texts_#[f[#]]}",
    "number": '"><v>{f[#]}</v></c>',
    "figure": "{write_figure(f[#])}",
    "date": "{write_date(f[#])}",
    "time": "{write_time(f[#])}",
    "datetime": "{write_datetime(f[#])}",
}
_TEXTS = ("text", "word")
_CAREFUL_NUMBER = "{write_number(f[#])}"
_WRITERS = (write_number, write_figure, write_date, write_time, write_datetime)


def has_odd_numbers(rows: bytes) -> bool:
    """Return whether rows of COPY can contain numbers that a worksheet cannot hold: NaN and infinity."""
    return b"NaN" in rows or b"Infinity" in rows


class CellWriter:
    """The renderer of the cells of columns of these kinds, at any position."""

    def __init__(self, kinds: tuple[str, ...], texts: SharedTexts) -> None:
        self._kinds = kinds
        self._names: dict[str, object] = {write.__name__: write for write in _WRITERS}
        self._names |= {f"texts_{n}": TextBodies(texts) for n, kind in enumerate(kinds) if kind in _TEXTS}

    @functools.cached_property
    def quick(self) -> WriteCells:
        """The function for columns of numbers that contain plain numbers only."""
        return self._build(_BODIES["number"])

    @functools.cached_property
    def careful(self) -> WriteCells:
        """The function for columns of numbers that can contain any text."""
        return self._build(_CAREFUL_NUMBER)

    def _build(self, number: str) -> WriteCells:
        return eval(_compile(self._kinds, number), self._names)  # type: ignore[no-any-return]  # noqa: S307  # nosec B307


# A file needs at most six. The code for the 16,384 columns of the widest sheet takes 6 MB.
@functools.lru_cache(maxsize=16)
def _compile(kinds: tuple[str, ...], number: str) -> CodeType:
    """Return the code of the function for these kinds and this body of numbers. Other files use it also.

    The source is made of the templates above and column numbers, never of data or of a request.
    """
    bodies = {**_BODIES, "number": number}
    cells = (_CELL.replace("BODY", bodies[kind]).replace("#", str(n)) for n, kind in enumerate(kinds))
    return compile(f'lambda r, h, f: f"""{"".join(cells)}"""', "<cells>", "eval")


def split_at_row(write: WriteCells, heads: Heads, cells: Cells) -> list[str]:
    """Return the XML of cells split at the number of the row: the number joins it again."""
    return write(_ROW_NUMBER, heads, cells).split(_ROW_NUMBER)


def column_heads(first: int, width: int) -> Heads:
    """Return the heads of the cells of `width` columns, from column `first` on (0 is A)."""
    return tuple(f'<c r="{column_letters(first + n)}' for n in range(width))


@functools.cache
def column_letters(index: int) -> str:
    """Return the letters of a column: 0 is A, 25 is Z, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
