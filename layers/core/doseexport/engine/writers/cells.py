"""Cells of a worksheet as XML, rendered by functions compiled once per column layout. Pure.

A cell is its head (`<c r="` and the column's letters), the row's number and its body; blank cells are
left out. The row's number is text, made once a row.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from doseexport.catalogue import Cells
from doseexport.engine.writers.texts import SharedTexts, TextBodies, write_text

DATE_STYLE, TIME_STYLE, DATETIME_STYLE = 1, 2, 3

_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_EPOCH = date(1899, 12, 30).toordinal()
_DAY = 86_400_000_000
# No cell holds it: XML cannot.
_MARK = "\x00"

Heads = tuple[str, ...]
WriteCells = Callable[[str, Heads, Cells], str]
"""From the row's number, the cells' heads and the cells' texts to their XML."""


@functools.lru_cache(maxsize=8_000)
def write_date(value: str) -> str:
    """Return the body of a date cell from YYYY-MM-DD; a date before Excel's calendar stays text."""
    days = _count_days(value)
    return write_text(value) if days is None else f'" s="{DATE_STYLE}"><v>{days}</v></c>'


@functools.lru_cache(maxsize=8_000)
def write_time(value: str) -> str:
    """Return the body of a time cell from HH:MM:SS[.ffffff]: a fraction of a day."""
    return f'" s="{TIME_STYLE}"><v>{_count_micros(value) / _DAY!r}</v></c>'


def write_datetime(value: str) -> str:
    """Return the body of a date-time cell from YYYY-MM-DD HH:MM:SS[.ffffff]: days and a fraction of one."""
    days = _count_days(value[:10])
    if days is None:
        return write_text(value)
    return f'" s="{DATETIME_STYLE}"><v>{(days * _DAY + _count_micros(value[11:])) / _DAY!r}</v></c>'


def _count_days(value: str) -> int | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    # Excel's 1900 has a 29 February: only from March on do its day numbers agree with the calendar.
    return None if day < date(1900, 3, 1) else day.toordinal() - _EPOCH


def _count_micros(value: str) -> int:
    hours, minutes, seconds = value.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000_000 + round(float(seconds) * 1_000_000)


def write_number(value: str) -> str:
    """Return the body of a number cell; what is no plain number (NaN, "100 | 140") stays text."""
    return f'"><v>{value}</v></c>' if _PLAIN_NUMBER.fullmatch(value) else write_text(value)


# One cell of column # in the f-string that renders a row.
_CELL = "{f'{h[#]}{r}BODY' if f[#] else ''}"
_BODIES = {
    "text": "{texts_#[f[#]]}",
    "number": '"><v>{f[#]}</v></c>',
    "date": "{write_date(f[#])}",
    "time": "{write_time(f[#])}",
    "datetime": "{write_datetime(f[#])}",
}
_CAREFUL_NUMBER = "{write_number(f[#])}"
_WRITERS = (write_number, write_date, write_time, write_datetime)


def has_odd_numbers(rows: bytes) -> bool:
    """Tell whether COPY rows may hold numbers that no worksheet has: NaN and the infinities of numeric."""
    return b"NaN" in rows or b"Infinity" in rows


class CellWriter:
    """Renders cells of columns of these kinds, wherever they stand."""

    def __init__(self, kinds: Sequence[str], texts: SharedTexts) -> None:
        self._kinds = kinds
        self._names: dict[str, object] = {write.__name__: write for write in _WRITERS}
        self._names |= {f"texts_{n}": TextBodies(texts) for n, kind in enumerate(kinds) if kind == "text"}

    @functools.cached_property
    def quick(self) -> WriteCells:
        """The function that takes numbers as the database writes them."""
        return self._compile(_BODIES)

    @functools.cached_property
    def careful(self) -> WriteCells:
        """The function that takes any text in a column of numbers."""
        return self._compile({**_BODIES, "number": _CAREFUL_NUMBER})

    def _compile(self, bodies: Mapping[str, str]) -> WriteCells:
        cells = (
            _CELL.replace("BODY", bodies[kind]).replace("#", str(n)) for n, kind in enumerate(self._kinds)
        )
        # The text is made of the templates above and column numbers: nothing of a row or a request is in it.
        text = f'lambda r, h, f: f"""{"".join(cells)}"""'
        return eval(text, self._names)  # type: ignore[no-any-return]  # noqa: S307  # nosec B307


def split_at_row(write: WriteCells, heads: Heads, cells: Cells) -> list[str]:
    """Return the cells' XML cut wherever the row's number goes: join it with the number."""
    return write(_MARK, heads, cells).split(_MARK)


def column_heads(first: int, width: int) -> Heads:
    """Return the heads of the cells of `width` columns from `first` on (0 = A)."""
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
