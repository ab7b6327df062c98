"""The medians of rooms, and the local value that they make: a local DRL or a typical value (ICRP 135)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from doseexport.catalogue.columns import Cells
from doseexport.catalogue.shared.audit.drl import DrlRow
from doseexport.catalogue.shared.audit.figures import LEAST_QUARTILES, find_quantile
from doseexport.catalogue.shared.audit.groups import NO_NAME, GroupKey
from doseexport.catalogue.shared.audit.quantities import Quantity
from doseexport.catalogue.shared.audit.results import MEDIAN, P25, P75, Result
from doseexport.catalogue.shared.audit.sheets import Units, write_ratio

LEAST_VALUES, LEAST_LOCAL = 10, 10
"""Values that a room needs to count, and rooms from which their P75 is a local DRL."""


@dataclass(slots=True)
class _Rooms:
    drl: DrlRow | None
    level: Fraction | None
    medians: list[Fraction] = field(default_factory=list)


class RoomMedians:
    """The medians of the rooms of each exam, population, detail and quantity."""

    def __init__(self) -> None:
        self._rooms: dict[GroupKey, _Rooms] = {}

    def add(self, result: Result) -> None:
        """Add a group's median if its room is named and has enough values."""
        key = result.group.key
        if key.room == NO_NAME or result.group.n < LEAST_VALUES or result.median is None:
            return
        rooms = self._rooms.setdefault(key._replace(room=""), _Rooms(result.drl, result.level))
        rooms.medians.append(result.median)

    def build_rows(self, quantities: tuple[Quantity, ...], units: Units) -> Iterator[Cells]:
        """Yield the rows of the sheet Rooms."""
        for key in sorted(self._rooms, key=lambda each: each.order):
            yield _write(key, self._rooms[key], quantities[key.quantity], units)


def _write(key: GroupKey, rooms: _Rooms, quantity: Quantity, units: Units) -> Cells:
    medians = sorted(rooms.medians)
    n = len(medians)

    def find(p: Fraction) -> Fraction:
        return find_quantile(medians.__getitem__, n, p)

    has_quartiles = n >= LEAST_QUARTILES
    median, quartile = find(MEDIAN), find(P75) if has_quartiles else None
    is_local = n >= LEAST_LOCAL
    local = quartile if is_local and quartile is not None else median
    figures = (find(P25) if has_quartiles else None, median, quartile)
    return [
        key.exam,
        key.population,
        key.detail,
        quantity.name,
        units.name(quantity),
        str(n),
        *(units.write(quantity, each) for each in figures),
        "local DRL" if is_local else "typical value",
        units.write(quantity, local),
        units.write(quantity, rooms.level),
        write_ratio(None if rooms.level is None else local / rooms.level),
        "" if rooms.drl is None else rooms.drl.source,
    ]
