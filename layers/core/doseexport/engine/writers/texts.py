"""Texts of a worksheet: escaped, cut to what a cell holds, and shared where they come again. Pure.

A workbook has one table of texts that cells name by number, as Excel writes it. Ours takes the first
MOST_SHARED different short texts of each column, so memory stays flat; the others stand in their cells.
"""

from __future__ import annotations

import re

MAX_TEXT = 32_767
SURELY_WHOLE = MAX_TEXT // 2
"""So many characters are never more than MAX_TEXT UTF-16 units."""
MOST_SHARED = 2_000
LONGEST_SHARED = 200

_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
# The last underscore may be one that an escape of ours brings in.
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}[_\x00-\x08\x0b-\x1f\ufffe\uffff])")


def cut_text(value: str) -> str:
    """Return as much of the value as Excel holds in a cell: 32,767 UTF-16 units."""
    if len(value) <= SURELY_WHOLE:
        return value
    return value.encode("utf-16-le")[: MAX_TEXT * 2].decode("utf-16-le", "ignore")


def is_cut(value: str) -> bool:
    """Tell whether a cell holds less than the whole value."""
    return cut_text(value) != value


def escape(value: str) -> str:
    """Return the value as XML text; characters XML cannot hold, and CR, as Excel's _xHHHH_."""
    if "_x" in value or not value.isprintable():
        value = _ESCAPE_LIKE.sub("_x005F_", value)
        value = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_text(value: str) -> str:
    """Return the body of a cell that holds its text itself, exactly the value up to 32,767 characters."""
    return f'" t="inlineStr"><is>{_write_t(value)}</is></c>'


def _write_t(value: str) -> str:
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f"<t{space}>{escape(cut_text(value))}</t>"


class SharedTexts:
    """The table of texts of one workbook."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, value: str) -> int:
        """Return the number of a text, which is given one if it has none."""
        return self._numbers.setdefault(value, len(self._numbers))

    def render(self) -> bytes:
        """Return the items of sharedStrings.xml."""
        return "".join(f"<si>{_write_t(value)}</si>" for value in self._numbers).encode()


class TextBodies(dict[str, str]):
    """The bodies of one column's cells, by their texts."""

    def __init__(self, shared: SharedTexts) -> None:
        super().__init__()
        self._shared = shared

    def __missing__(self, value: str) -> str:
        if len(self) == MOST_SHARED or len(value) > LONGEST_SHARED:
            return write_text(value)
        self[value] = f'" t="s"><v>{self._shared.number(value)}</v></c>'
        return self[value]
