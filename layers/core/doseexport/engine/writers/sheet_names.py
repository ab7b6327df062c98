"""Names of worksheets by OpenREM's rule, made legal and unique (docs/export-rules.md §10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from doseexport.catalogue.layouts import ABOUT, ALL_DATA, COLUMNS, SUMMARY, WARNINGS

MAX_NAME = 31
RESERVED = (SUMMARY, ALL_DATA, WARNINGS, COLUMNS, ABOUT, "History")
UNKNOWN = "unknown"

_OPENREM = str.maketrans({" ": "_", "[": "(", "]": ")", ":": ";", "?": ";", "*": "#", "/": "|", "\\": "|"})
_ILLEGAL = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class SheetNames:
    """The unique names of a workbook's sheets. Names that differ only in case count as equal."""

    def __init__(self) -> None:
        self._taken = {name.casefold() for name in RESERVED}
        self._next: dict[tuple[str, int, str], int] = {}

    def name_protocol(self, protocol: str) -> str:
        """Return the name of a protocol's sheet: the legal name, with _2, _3 … if it is taken."""
        return self._take(legal_name(protocol))

    def name_continuation(self, name: str, number: int) -> str:
        """Return the name of the sheet that continues `name`: "name (2)", or "name_2 (2)" if it is taken."""
        return self._take(name, f" ({number})")

    def name_block_sheet(self, block: str) -> str:
        """Return the name of the sheet that continues All data from this block on, such as E682."""
        return self._take(f"All data from {block}")

    def reserve(self, name: str) -> str:
        """Reserve a fixed name, such as All data, and return it unchanged."""
        self._taken.add(name.casefold())
        return name

    def _take(self, name: str, ending: str = "") -> str:
        """Return the name with its ending, and with a number before the ending if it is taken."""
        free = next(each for each in self._list_names(name, ending) if each.casefold() not in self._taken)
        self._taken.add(free.casefold())
        return free

    def _list_names(self, name: str, ending: str) -> Iterator[str]:
        """Yield the name without a number, then with the numbers from 2 on that have not been tried.

        Names that are the same after the cut continue one another's numbers. So each number is tried once,
        and thousands of such names take no longer than others.
        """
        yield _end(name, ending)
        for digits in count(1):
            stem = _cut(name, MAX_NAME - len(ending) - digits - 1)
            key = stem.casefold(), digits, ending
            for number in range(self._next.get(key, max(2, 10 ** (digits - 1))), 10**digits):
                self._next[key] = number + 1
                yield _end(stem, f"_{number}{ending}")


def legal_name(protocol: str) -> str:
    """Return OpenREM's name of a protocol's sheet, cut to 31 characters and made legal."""
    name = _ILLEGAL.sub("_", (protocol or UNKNOWN).lower().translate(_OPENREM))
    return _break_escapes(re.sub("^'|'$", "_", _cut(name, MAX_NAME)))


def _end(name: str, suffix: str) -> str:
    return _break_escapes(_cut(name, MAX_NAME - len(suffix)) + suffix)


def _break_escapes(name: str) -> str:
    """Return the name without _xHHHH_, which some programs read as an escaped character."""
    return _ESCAPE_LIKE.sub("-", name)


def _cut(name: str, units: int) -> str:
    """Return the name cut to this number of UTF-16 units, which Excel counts as characters."""
    return name.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")
