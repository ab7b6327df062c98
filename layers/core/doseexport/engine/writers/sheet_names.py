"""Names of worksheets: OpenREM's rule, then legal and unique (export-rules §10). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count

MAX_NAME = 31
RESERVED = ("Summary", "All data", "About", "History")
UNKNOWN = "unknown"

_OPENREM = str.maketrans({" ": "_", "[": "(", "]": ")", ":": ";", "?": ";", "*": "#", "/": "|", "\\": "|"})
_ILLEGAL = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")


class SheetNames:
    """Gives out sheet names, each once, whatever their case."""

    def __init__(self) -> None:
        self._taken = {name.casefold() for name in RESERVED}

    def name_protocol(self, protocol: str) -> str:
        """Return the name of a protocol's sheet: its legal form, with _2, _3 … if that is taken."""
        name = legal_name(protocol)
        return self._take(_end(name, twin) for twin in _twins())

    def name_continuation(self, name: str, number: int) -> str:
        """Return the name of the sheet on which `name` goes on: "name (2)", or "name_2 (2)"."""
        return self._take(_end(name, f"{twin} ({number})") for twin in _twins())

    def name_block_sheet(self, block: str) -> str:
        """Return the name of the sheet that shows the studies' blocks from this one on, such as E682."""
        return self._take(f"All data from {block}{twin}" for twin in _twins())

    def keep(self, name: str) -> str:
        """Return a name of our own, taken as it is; All data and Summary may be taken once each."""
        self._taken.add(name.casefold())
        return name

    def _take(self, names: Iterator[str]) -> str:
        free = next(each for each in names if each.casefold() not in self._taken)
        self._taken.add(free.casefold())
        return free


def _twins() -> Iterator[str]:
    return chain([""], (f"_{n}" for n in count(2)))


def legal_name(protocol: str) -> str:
    """Return OpenREM's name for a protocol's sheet, made legal: no apostrophe at the ends, not too long."""
    name = _ILLEGAL.sub("_", (protocol or UNKNOWN).lower().translate(_OPENREM))
    return re.sub("^'|'$", "_", _cut(name, MAX_NAME))


def _end(name: str, suffix: str) -> str:
    return _cut(name, MAX_NAME - len(suffix)) + suffix


def _cut(name: str, units: int) -> str:
    """Return the name cut to so many UTF-16 units, as Excel counts."""
    return name.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")
