"""Groups of similar fluoroscopy exposures of a study (docs/export-rules.md §3).

The first exposure without a group opens one. Every later exposure without a group joins it if both agree
in type, protocol, plane, pulse rate, field size and filters, and if both angles differ by at most 5°. A
factor that is missing in the first exposure is not considered; 0 is a value. Each exposure is in exactly
one group.
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
"""The largest difference, in degrees, to an angle of the first exposure."""

_UNKNOWN = Decimal("Infinity")
"""A missing angle: outside all bounds but those of a first exposure whose angle is missing too."""

Factors = tuple[str, ...]
Filters = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What decides the group of an exposure. A text is empty where nothing is recorded.

    `factors` are type, protocol, plane, pulse rate and field size, which must be equal. `filters` are pairs
    of material and maximum thickness (mm, or ""). `matched_filters` are the pairs that this exposure
    satisfies: its filters, and each material without a thickness. `angles` are primary and secondary, in
    degrees.
    """

    factors: Factors
    filters: Filters
    matched_filters: Filters
    angles: tuple[Decimal, Decimal]


def read_exposure(factors: Factors, filters_json: str, primary: str, secondary: str) -> Exposure:
    """Return an exposure from texts. `filters_json` lists [material, maximum thickness or null]."""
    rows = json.loads(filters_json) if filters_json else []
    filters = frozenset((material, thickness or "") for material, thickness in rows)
    matched = filters | {(material, "") for material, _ in filters}
    return Exposure(factors, filters, matched, (_read_angle(primary), _read_angle(secondary)))


def _read_angle(text: str) -> Decimal:
    angle = Decimal(text) if text else _UNKNOWN
    return angle if angle.is_finite() else _UNKNOWN


def group_exposures(exposures: Sequence[Exposure]) -> Iterator[list[int]]:
    """Yield the groups, each as positions in `exposures`, which are in the order of their event ids."""
    index = _FactorIndex(exposures)
    matched = [each.matched_filters for each in exposures]
    primaries, secondaries = zip(*(each.angles for each in exposures), strict=True) if exposures else ((), ())
    is_taken = bytearray(len(exposures))
    for position, first in enumerate(exposures):
        if is_taken[position]:
            continue
        (low, high), (low2, high2) = map(_bounds, first.angles)
        group = [
            n
            for n in index.find(first.factors)
            if not is_taken[n]
            and low <= primaries[n] <= high
            and low2 <= secondaries[n] <= high2
            and first.filters <= matched[n]
        ]
        for n in group:
            is_taken[n] = True
        yield group


def _bounds(angle: Decimal) -> tuple[Decimal, Decimal]:
    return (angle - TOLERANCE, angle + TOLERANCE) if angle.is_finite() else (-_UNKNOWN, _UNKNOWN)


class _FactorIndex:
    """An index of exposures by the factors that a first exposure has."""

    def __init__(self, exposures: Sequence[Exposure]) -> None:
        self._exposures = exposures
        self._by_pattern: dict[tuple[bool, ...], dict[tuple[str, ...], list[int]]] = {}

    def find(self, factors: Factors) -> list[int]:
        """Return the positions of all exposures with these factors. An empty factor matches any value."""
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
    """Return minimum, maximum and mean (28 significant digits) of plain numbers, or three blanks."""
    if len(set(values)) <= 1:
        return [values[0] if values else ""] * 3
    numbers = [number for number in map(Decimal, values) if number.is_finite()]
    if not numbers:
        return ["", "", ""]
    return [_format(min(numbers)), _format(max(numbers)), _format(sum(numbers, Decimal()) / len(numbers))]


def _format(number: Decimal) -> str:
    return f"{number.normalize():f}"
