"""Rows as COPY's text format gives them: cells between tabs, some characters behind a backslash. Pure."""

from __future__ import annotations

import re

from doseexport.catalogue import Cells

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def split_row(row: bytes) -> Cells:
    """Return the cells of one row; NULL and '' are both ''."""
    cells = row.decode().split("\t")
    if b"\\" not in row:
        return cells
    return [_unescape(cell) if "\\" in cell else cell for cell in cells]


def _unescape(cell: str) -> str:
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), cell)
