"""A study's fluoroscopy exposures in groups of similar ones (export-rules §3). Pure.

The first exposure that is in no group yet opens one; every exposure left joins that agrees with it
in type, protocol, plane, pulse rate, field size and filters and stands within 5° of both its angles.
A factor missing in the first is not considered; 0 is a value. Each exposure is in exactly one group.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress

from doseexport.catalogue.columns import Cells

TOLERANCE = Decimal(5)
"""How many degrees an angle may differ from the first exposure's, inclusive."""

_UNKNOWN = Decimal("Infinity")
"""A missing angle: beyond every bound but those of a first exposure that has none either."""

Factors = tuple[str, ...]
Filters = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What exposures are grouped by; a text is '' where nothing is recorded.

    `factors` are type, protocol, plane, pulse rate and field size, which have to be the same.
    `needs` are this exposure's filters (material, maximum thickness in mm or ''), `offers` the same
    and each material once more without thickness. `angles` are primary and secondary, in degrees.
    """

    factors: Factors
    needs: Filters
    offers: Filters
    angles: tuple[Decimal, Decimal]


def read_exposure(factors: Factors, filters: str, primary: str, secondary: str) -> Exposure:
    """Return an exposure from texts; `filters` is a JSON list of [material, maximum thickness or null]."""
    rows = json.loads(filters) if filters else []
    needs = frozenset((material, thickness or "") for material, thickness in rows)
    offers = needs | {(material, "") for material, _ in needs}
    return Exposure(factors, needs, offers, (_read_angle(primary), _read_angle(secondary)))


def _read_angle(text: str) -> Decimal:
    angle = Decimal(text) if text else _UNKNOWN
    return angle if angle.is_finite() else _UNKNOWN


def group_exposures(exposures: Sequence[Exposure]) -> Iterator[list[int]]:
    """Yield the groups as positions in `exposures`, which come in the order of their event ids."""
    alike = _Alike(exposures)
    offers = [each.offers for each in exposures]
    primaries, secondaries = zip(*(each.angles for each in exposures), strict=True) if exposures else ((), ())
    is_taken = bytearray(len(exposures))
    for position, first in enumerate(exposures):
        if is_taken[position]:
            continue
        (low, high), (low2, high2) = map(_bounds, first.angles)
        needs = first.needs
        group = [
            n
            for n in alike.find(first.factors)
            if not is_taken[n]
            and low <= primaries[n] <= high
            and low2 <= secondaries[n] <= high2
            and needs <= offers[n]
        ]
        for n in group:
            is_taken[n] = True
        yield group


def _bounds(angle: Decimal) -> tuple[Decimal, Decimal]:
    return (angle - TOLERANCE, angle + TOLERANCE) if angle.is_finite() else (-_UNKNOWN, _UNKNOWN)


class _Alike:
    """Finds exposures by those factors that a first exposure has, without looking at all of them."""

    def __init__(self, exposures: Sequence[Exposure]) -> None:
        self._exposures = exposures
        self._by_pattern: dict[tuple[bool, ...], dict[tuple[str, ...], list[int]]] = {}

    def find(self, factors: Factors) -> list[int]:
        """Return the positions of all exposures that have the same factors; '' is not looked at."""
        pattern = tuple(map(bool, factors))
        if pattern not in self._by_pattern:
            self._by_pattern[pattern] = self._index(pattern)
        return self._by_pattern[pattern][tuple(compress(factors, pattern))]

    def _index(self, pattern: tuple[bool, ...]) -> dict[tuple[str, ...], list[int]]:
        found = defaultdict(list)
        for n, exposure in enumerate(self._exposures):
            found[tuple(compress(exposure.factors, pattern))].append(n)
        return found


def summarize(values: Sequence[str]) -> Cells:
    """Return minimum, maximum and mean (28 significant digits) of plain numbers; blanks if there are none."""
    if len(set(values)) <= 1:
        return [values[0] if values else ""] * 3
    numbers = [number for number in map(Decimal, values) if number.is_finite()]
    if not numbers:
        return ["", "", ""]
    return [_write(min(numbers)), _write(max(numbers)), _write(sum(numbers, Decimal()) / len(numbers))]


def _write(number: Decimal) -> str:
    return f"{number.normalize():f}"
