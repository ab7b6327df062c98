"""PostgreSQL's COPY formats for files, and the cells of a row in its text format."""

from __future__ import annotations

import re

from doseexport.catalogue import Cells

CSV = "FORMAT csv"
TEXT = "FORMAT text, NULL ''"
"""Options of COPY … TO STDOUT. In both formats NULL and the empty text are an empty cell."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def split_row(row: bytes) -> Cells:
    """Return the cells of one row of the text format: cells between tabs, escapes after a backslash."""
    cells = row.decode().split("\t")
    if b"\\" not in row:
        return cells
    return [_unescape(cell) if "\\" in cell else cell for cell in cells]


def _unescape(cell: str) -> str:
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), cell)
