"""Evaluate the condition of an alarm in the template, as CloudWatch does for one period."""

import operator
import statistics
from collections.abc import Callable, Sequence
from typing import Any

_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": statistics.mean,
    "Maximum": max,
    "Minimum": min,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


def is_breached(alarm: dict[str, Any], values: Sequence[float]) -> bool:
    """Whether a period with these values of the alarm's metric counts towards the alarm."""
    found = _STATISTICS[alarm["Statistic"]](values)
    return _COMPARISONS[alarm["ComparisonOperator"]](found, float(alarm["Threshold"]))
