"""Names of worksheets by OpenREM's rule, made legal and unique (docs/export-rules.md §10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count

MAX_NAME = 31
RESERVED = ("Summary", "All data", "Warnings", "About", "History")
UNKNOWN = "unknown"

_OPENREM = str.maketrans({" ": "_", "[": "(", "]": ")", ":": ";", "?": ";", "*": "#", "/": "|", "\\": "|"})
_ILLEGAL = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")


class SheetNames:
    """The unique names of a workbook's sheets. Names that differ only in case count as equal."""

    def __init__(self) -> None:
        self._taken = {name.casefold() for name in RESERVED}

    def name_protocol(self, protocol: str) -> str:
        """Return the name of a protocol's sheet: the legal name, with _2, _3 … if it is taken."""
        name = legal_name(protocol)
        return self._take(_end(name, suffix) for suffix in _list_suffixes())

    def name_continuation(self, name: str, number: int) -> str:
        """Return the name of the sheet that continues `name`: "name (2)", or "name_2 (2)" if it is taken."""
        return self._take(_end(name, f"{suffix} ({number})") for suffix in _list_suffixes())

    def name_block_sheet(self, block: str) -> str:
        """Return the name of the sheet that continues All data from this block on, such as E682."""
        return self._take(f"All data from {block}{suffix}" for suffix in _list_suffixes())

    def reserve(self, name: str) -> str:
        """Reserve a fixed name, such as All data, and return it unchanged."""
        self._taken.add(name.casefold())
        return name

    def _take(self, names: Iterator[str]) -> str:
        free = next(each for each in names if each.casefold() not in self._taken)
        self._taken.add(free.casefold())
        return free


def _list_suffixes() -> Iterator[str]:
    return chain([""], (f"_{n}" for n in count(2)))


def legal_name(protocol: str) -> str:
    """Return OpenREM's name of a protocol's sheet, cut to 31 characters and made legal."""
    name = _ILLEGAL.sub("_", (protocol or UNKNOWN).lower().translate(_OPENREM))
    return re.sub("^'|'$", "_", _cut(name, MAX_NAME))


def _end(name: str, suffix: str) -> str:
    return _cut(name, MAX_NAME - len(suffix)) + suffix


def _cut(name: str, units: int) -> str:
    """Return the name cut to this number of UTF-16 units, which Excel counts as characters."""
    return name.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")
