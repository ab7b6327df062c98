"""The results of an audit's groups: their figures, the level they are compared with, and cautions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from doseexport.catalogue.shared.audit.drl import DrlRow, Levels
from doseexport.catalogue.shared.audit.figures import (
    LEAST_CI,
    LEAST_P95,
    LEAST_QUARTILES,
    find_interval,
    find_quantile,
)
from doseexport.catalogue.shared.audit.groups import Group
from doseexport.catalogue.shared.audit.populations import ADULT, UNKNOWN
from doseexport.catalogue.shared.audit.quantities import Quantity
from doseexport.catalogue.shared.audit.store import Store

ABOVE, CLEARLY_ABOVE = "above", "clearly above"
P25, MEDIAN, P75, P95 = Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(19, 20)

_LEAST_STUDIES = {"RF": 30, "MG": 50}
_LEAST_OTHERS = 20
_LEAST_CT = 100
_USUAL_WEIGHTS = 60, 80


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of a group, in the scale in which its values are held. None is a blank cell."""

    group: Group
    drl: DrlRow | None
    level: Fraction | None
    minimum: int | None = None
    p25: Fraction | None = None
    median: Fraction | None = None
    p75: Fraction | None = None
    p95: Fraction | None = None
    maximum: int | None = None
    mean: Fraction | None = None
    low: int | None = None
    high: int | None = None

    @property
    def ratio(self) -> Fraction | None:
        """The median divided by the level, or None."""
        if self.median is None or self.level is None or self.low is None:
            return None
        return self.median / self.level

    @property
    def flag(self) -> str:
        """Whether the median is above the level: "clearly above", "above" or ""."""
        if self.ratio is None or self.level is None or self.low is None or self.ratio <= 1:
            return ""
        return CLEARLY_ABOVE if self.low > self.level else ABOVE


class Analyst:
    """The maker of results, from the sorted values of an audit."""

    def __init__(self, modality: str, levels: Levels, store: Store, *, has_weight_limits: bool) -> None:
        self._modality = modality
        self._levels = levels
        self._store = store
        self._has_weight_limits = has_weight_limits

    def analyse(self, group: Group, quantity: Quantity) -> Result:
        """Return the result of a group."""
        key, n = group.key, group.n
        row = self._levels.find(key.exam, quantity.name, key.population, key.detail)
        level = None if row is None else row.level(quantity)
        if not n:
            return Result(group, row, level)
        at = self._store.open_group(group.first, n)
        low, high = (at(rank) for rank in find_interval(n)) if n >= LEAST_CI else (None, None)
        return Result(
            group=group,
            minimum=at(0),
            p25=find_quantile(at, n, P25) if n >= LEAST_QUARTILES else None,
            median=find_quantile(at, n, MEDIAN),
            p75=find_quantile(at, n, P75) if n >= LEAST_QUARTILES else None,
            p95=find_quantile(at, n, P95) if n >= LEAST_P95 else None,
            maximum=at(n - 1),
            mean=Fraction(group.total, n),
            low=low,
            high=high,
            drl=row,
            level=level,
        )

    def list_cautions(self, result: Result) -> list[str]:
        """Return what a reader of the group's figures must know."""
        group = result.group
        least = self._find_least(group.key.population)
        cautions = [f"fewer than {least} studies"] if group.studies < least else []
        weight = group.mean_weight
        if group.key.population == ADULT and weight is not None:
            lightest, heaviest = _USUAL_WEIGHTS
            if not lightest <= weight <= heaviest:
                cautions.append(f"mean weight outside {lightest}–{heaviest} kg")
        if result.drl is not None and result.drl.indication:
            cautions.append(f"DRL is for: {result.drl.indication}")
        return cautions

    def _find_least(self, population: str) -> int:
        if self._modality == "CT" and population in {ADULT, UNKNOWN} and not self._has_weight_limits:
            return _LEAST_CT
        return _LEAST_STUDIES.get(self._modality, _LEAST_OTHERS)


def log_value(value: int, quantity: Quantity) -> float:
    """Return the natural logarithm of a held value in the quantity's stored unit."""
    return math.log(value / 10**quantity.decimals)
