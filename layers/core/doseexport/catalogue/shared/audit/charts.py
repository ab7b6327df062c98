"""The charts of an audit: medians of adults by room, for the exams with most values."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from doseexport.catalogue.layouts import Chart
from doseexport.catalogue.shared.audit.columns import CHART_COLUMNS
from doseexport.catalogue.shared.audit.groups import NO_NAME
from doseexport.catalogue.shared.audit.populations import ADULT
from doseexport.catalogue.shared.audit.quantities import Quantity
from doseexport.catalogue.shared.audit.results import Result
from doseexport.catalogue.shared.audit.sheets import Units

MOST_CHARTS = 12
HEADINGS = tuple(column.heading for column in CHART_COLUMNS)


class ChartChoice:
    """The results to show in charts. Groups of different details are never in one chart."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, str], list[Result]] = defaultdict(list)

    def add(self, result: Result) -> None:
        """Add the result of a group if a chart could show it."""
        key = result.group.key
        if key.quantity == 0 and key.population == ADULT and key.room != NO_NAME and result.group.n:
            self._results[key.exam, key.detail].append(result)

    def make_charts(self, quantity: Quantity, units: Units) -> list[Chart]:
        """Return the charts, that of most values first."""
        chosen = sorted(self._results, key=lambda key: (-self._count(key), key))[:MOST_CHARTS]
        return [self._make_chart(key, quantity, units) for key in chosen]

    def _count(self, key: tuple[str, str]) -> int:
        return sum(result.group.n for result in self._results[key])

    def _make_chart(self, key: tuple[str, str], quantity: Quantity, units: Units) -> Chart:
        results = sorted(self._results[key], key=lambda result: result.group.key.room)
        return Chart(
            title=" · ".join(filter(None, key)),
            axis=f"Median {quantity.name} ({units.name(quantity)})",
            headings=HEADINGS,
            rows=tuple(_list_cells(result, quantity, units) for result in results),
        )


def _list_cells(result: Result, quantity: Quantity, units: Units) -> tuple[str, ...]:
    numbers = (
        result.median,
        _subtract(result.median, result.p25),
        _subtract(result.p75, result.median),
        result.level,
    )
    return (result.group.key.room, *(units.write(quantity, number) for number in numbers))


def _subtract(high: Fraction | None, low: Fraction | None) -> Fraction | None:
    return None if high is None or low is None else high - low
