"""Cells of a worksheet as XML, rendered by functions compiled once per column layout. Pure.

A cell is `<c r="` + column + row + body; a body is `"/>` when blank. Bodies are made once per study
or event and used on every sheet that shows it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import date

from doseexport.exports import Cells, Column
from doseexport.writers.copy_text import split_row

MAX_TEXT = 32_767
MOST_CACHED = 200
DATE_STYLE, TIME_STYLE, DATETIME_STYLE = 1, 2, 3
BLANK = '"/>'

_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
# The last underscore may be one that an escape of ours brings in.
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}[_\x00-\x08\x0b-\x1f\ufffe\uffff])")
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_EPOCH = date(1899, 12, 30).toordinal()
_DAY = 86_400_000_000

Bodies = tuple[str, ...]


def write_text(value: str) -> str:
    """Return the body of a text cell: inline, typed as text, exactly the value up to 32,767 characters."""
    # Long texts hardly ever come again, and would fill the memory.
    return _write_short_text(value) if len(value) <= MOST_CACHED else _write_text(value)


def _write_text(value: str) -> str:
    if not value:
        return BLANK
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f'" t="inlineStr"><is><t{space}>{escape(cut_text(value))}</t></is></c>'


_write_short_text = functools.lru_cache(maxsize=8_000)(_write_text)


def cut_text(value: str) -> str:
    """Return as much of the value as Excel holds in a cell: 32,767 UTF-16 units."""
    if len(value) * 2 <= MAX_TEXT:
        return value
    return value.encode("utf-16-le")[: MAX_TEXT * 2].decode("utf-16-le", "ignore")


def is_cut(value: str) -> bool:
    """Tell whether a cell holds less than the whole value."""
    return cut_text(value) != value


def escape(value: str) -> str:
    """Return the value as XML text; characters XML cannot hold, and CR, as Excel's _xHHHH_."""
    value = _ESCAPE_LIKE.sub("_x005F_", value)
    value = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@functools.lru_cache(maxsize=8_000)
def write_date(value: str) -> str:
    """Return the body of a date cell from YYYY-MM-DD; a date before Excel's calendar stays text."""
    days = _count_days(value)
    return write_text(value) if days is None else f'" s="{DATE_STYLE}"><v>{days}</v></c>'


@functools.lru_cache(maxsize=8_000)
def write_time(value: str) -> str:
    """Return the body of a time cell from HH:MM:SS[.ffffff]: a fraction of a day."""
    if not value:
        return BLANK
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
    if not value:
        return BLANK
    return f'"><v>{value}</v></c>' if _PLAIN_NUMBER.fullmatch(value) else write_text(value)


WRITERS: dict[str, Callable[[str], str]] = {
    "text": write_text,
    "date": write_date,
    "time": write_time,
    "datetime": write_datetime,
    "number": write_number,
}


def compile_bodies(columns: tuple[Column, ...]) -> Callable[[bytes], Bodies]:
    """Return the function from one COPY text row to the bodies of its first cells, those of `columns`."""
    inline = "f'\"><v>{{f[{n}]}}</v></c>' if f[{n}] else BLANK"
    quick = _compile_tuple(columns, inline)
    careful = compile_cells(columns)

    def write_bodies(row: bytes) -> Bodies:
        write = careful if b"NaN" in row or b"Infinity" in row else quick
        return write(split_row(row))

    return write_bodies


def compile_cells(columns: tuple[Column, ...]) -> Callable[[Cells], Bodies]:
    """Return the function that turns the texts of the columns' cells into their bodies."""
    return _compile_tuple(columns, "write_number(f[{n}])")


def _compile_tuple(columns: tuple[Column, ...], number: str) -> Callable[[Cells], Bodies]:
    items = (
        number.format(n=n) if column.kind.name == "number" else f"write_{column.kind.name}(f[{n}])"
        for n, column in enumerate(columns)
    )
    code = f"lambda f: ({', '.join(items)},)"
    return eval(code, {"BLANK": BLANK, **{f"write_{name}": each for name, each in WRITERS.items()}})  # type: ignore[no-any-return]  # noqa: S307  the text is made of our own specs only  # nosec B307


@functools.lru_cache(maxsize=1024)
def compile_block(first: int, width: int) -> Callable[[str, Bodies], str]:
    """Return the function (row number as text, bodies) → cells, for `width` columns from `first` (0 = A)."""
    cells = "".join(f'<c r="{column_letters(first + n)}{{r}}{{b[{n}]}}' for n in range(width))
    return eval(f"lambda r, b: f'{cells}'")  # type: ignore[no-any-return]  # noqa: S307  the text is made of column letters  # nosec B307


def split_at_row(first: int, bodies: Bodies) -> list[str]:
    """Return the cells' text cut wherever the row number stands: join it with the row number."""
    heads = [f'<c r="{column_letters(first + n)}' for n in range(len(bodies))]
    return [heads[0], *(body + head for body, head in zip(bodies[:-1], heads[1:], strict=True)), bodies[-1]]


@functools.cache
def column_letters(index: int) -> str:
    """Return the letters of a column: 0 is A, 25 is Z, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
