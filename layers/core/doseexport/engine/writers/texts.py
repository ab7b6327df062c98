"""Texts of worksheets: escaped, cut to the limit of a cell, and shared if they are repeated.

A workbook has one table of shared texts that cells refer to by number. It takes the first MOST_SHARED
distinct short texts of each column, so that memory stays constant. Other texts are written in their cells.
"""

from __future__ import annotations

import re

MAX_TEXT = 32_767
SURELY_WHOLE = MAX_TEXT // 2
"""This number of characters never exceeds MAX_TEXT UTF-16 units."""
MOST_SHARED = 2_000
LONGEST_SHARED = 200

_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
# The last character can be one that is escaped, and so begins with an underscore afterwards.
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}[_\x00-\x08\x0b-\x1f\ufffe\uffff])")


def cut_text(value: str) -> str:
    """Return the value, cut to the 32,767 UTF-16 units that a cell of Excel can hold."""
    if len(value) <= SURELY_WHOLE:
        return value
    return value.encode("utf-16-le")[: MAX_TEXT * 2].decode("utf-16-le", "ignore")


def is_cut(value: str) -> bool:
    """Return whether the value is too long for a cell."""
    return cut_text(value) != value


CUT_TEXTS = f"{{n}} texts were cut to {MAX_TEXT:,} characters, the most that a cell can hold."
"""The warning about cut texts."""


def escape(value: str) -> str:
    """Return the value as XML text. CR, and characters that XML cannot hold, become _xHHHH_ as in Excel."""
    if "_x" in value or not value.isprintable():
        value = _ESCAPE_LIKE.sub("_x005F_", value)
        value = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_text(value: str) -> str:
    """Return the body of a cell that holds its text itself, cut to 32,767 characters."""
    return f'" t="inlineStr"><is>{_write_t(value)}</is></c>'


def _write_t(value: str) -> str:
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f"<t{space}>{escape(cut_text(value))}</t>"


class SharedTexts:
    """The table of shared texts of a workbook."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, value: str) -> int:
        """Return the number of a text. A new text is added to the table."""
        return self._numbers.setdefault(value, len(self._numbers))

    def render(self) -> bytes:
        """Return the items of sharedStrings.xml."""
        return "".join(f"<si>{_write_t(value)}</si>" for value in self._numbers).encode()


class TextBodies(dict[str, str]):
    """The bodies of the cells of one column, by their texts."""

    def __init__(self, shared: SharedTexts) -> None:
        super().__init__()
        self._shared = shared

    def __missing__(self, value: str) -> str:
        if len(self) == MOST_SHARED or len(value) > LONGEST_SHARED:
            return write_text(value)
        self[value] = f'" t="s"><v>{self._shared.number(value)}</v></c>'
        return self[value]
