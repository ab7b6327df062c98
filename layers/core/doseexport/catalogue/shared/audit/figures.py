"""The figures of a group of sorted values: quantiles, the confidence interval of the median, and spread.

Values are given by a function from their rank, which counts from 0, so no list of them is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

LEAST_QUARTILES, LEAST_P95, LEAST_CI = 4, 20, 6
"""The numbers of values from which P25 and P75, P95, and the interval with ratio and flag are given."""

_Z95 = Decimal("1.96")
_MAD_FACTOR, _MEAN_FACTOR = 0.6745, 1.2533

At = Callable[[int], int | Fraction]
LogAt = Callable[[int], float]


def find_quantile(at: At, n: int, p: Fraction) -> Fraction:
    """Return the quantile of n sorted values by linear interpolation (type 7, as PERCENTILE.INC)."""
    k, rest = divmod((n - 1) * p.numerator, p.denominator)
    low = at(k)
    if not rest:
        return Fraction(low)
    return Fraction(low * p.denominator + rest * (at(k + 1) - low), p.denominator)


def find_interval(n: int) -> tuple[int, int]:
    """Return the ranks, from 0, of the limits of the median's confidence interval of at least 95 %."""
    half = _Z95 * Decimal(n).sqrt()
    low = int(((n - half) / 2).to_integral_value(ROUND_FLOOR))
    high = int((1 + (n + half) / 2).to_integral_value(ROUND_CEILING))
    return max(low, 1) - 1, min(high, n) - 1


@dataclass(frozen=True, slots=True)
class Spread:
    """The centre and the width of a group's logarithms, for the robust z of a value.

    `factor` is 0.6745, or 1 where the mean deviation takes the place of the median deviation. `width` is 0
    where all values are equal, and then no value has a z.
    """

    centre: float
    factor: float
    width: float

    def score(self, log: float) -> float | None:
        """Return the robust z of a value's logarithm, or None."""
        return self.factor * (log - self.centre) / self.width if self.width else None


def measure_spread(log_at: LogAt, n: int) -> Spread:
    """Return the spread of n sorted logarithms."""
    centre = _find_middle(log_at, n)
    deviation = _find_median_deviation(log_at, n, centre)
    if deviation:
        return Spread(centre, _MAD_FACTOR, deviation)
    mean = math.fsum(abs(log_at(rank) - centre) for rank in range(n)) / n
    return Spread(centre, 1.0, _MEAN_FACTOR * mean)


def _find_middle(log_at: LogAt, n: int) -> float:
    return (log_at((n - 1) // 2) + log_at(n // 2)) / 2


def _find_median_deviation(log_at: LogAt, n: int, centre: float) -> float:
    """Return the median of the deviations from the centre."""
    low, high = (_find_deviation(log_at, n, centre, nth) for nth in ((n + 1) // 2, n // 2 + 1))
    return (low + high) / 2


def _find_deviation(log_at: LogAt, n: int, centre: float, nth: int) -> float:
    """Return the nth smallest deviation, from 1. The n closest values are neighbours when sorted."""
    first, last = 0, n - nth
    while first < last:
        middle = (first + last) // 2
        if centre - log_at(middle) > log_at(middle + nth) - centre:
            first = middle + 1
        else:
            last = middle
    return max(abs(log_at(first) - centre), abs(log_at(first + nth - 1) - centre))


def find_first(n: int, holds: Callable[[int], bool]) -> int:
    """Return the first rank for which a condition holds, which then holds for all higher ranks, or n."""
    first, last = 0, n
    while first < last:
        middle = (first + last) // 2
        if holds(middle):
            last = middle
        else:
            first = middle + 1
    return first
