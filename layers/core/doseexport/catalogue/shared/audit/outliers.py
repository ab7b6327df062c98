"""The values that an audit lists: far from their group, far above the DRL, or at an alert level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from doseexport.catalogue.shared.audit.figures import Spread, find_first, measure_spread
from doseexport.catalogue.shared.audit.groups import Group
from doseexport.catalogue.shared.audit.quantities import Quantity
from doseexport.catalogue.shared.audit.results import Result, log_value
from doseexport.catalogue.shared.audit.store import Alert, Store

LEAST_STUDIES = 20
"""Studies of a group from which its values are listed."""

HIGH, LOW, ABOVE_P95, ABOVE_DRL = 1, 2, 4, 8
ALERT_DAP, ALERT_DAP_WINDOW, ALERT_RP, ALERT_RP_WINDOW, ALERT_SKIN = 16, 32, 64, 128, 256

_REASONS = {
    HIGH: "high",
    LOW: "low",
    ABOVE_P95: "above P95",
    ABOVE_DRL: "above {factor} × DRL",
    ALERT_DAP: "alert DAP",
    ALERT_DAP_WINDOW: "alert DAP over the window",
    ALERT_RP: "alert RP dose",
    ALERT_RP_WINDOW: "alert RP dose over the window",
    ALERT_SKIN: "alert skin dose",
}


class OutlierRules:
    """The options that choose which values are listed."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._z = float(options["z"])
        self._has_p95 = options["above_p95"] == "yes"
        self._factor = Fraction(options["drl_factor"])
        self._words = {bit: text.format(factor=options["drl_factor"]) for bit, text in _REASONS.items()}

    def describe(self, reasons: int) -> str:
        """Return the reasons in words."""
        return "; ".join(words for bit, words in self._words.items() if reasons & bit)

    def list_tests(
        self, result: Result, spread: Spread, quantity: Quantity
    ) -> dict[int, Callable[[int], bool]]:
        """Return the tests of a value that hold for all higher values too, by their reason."""
        tests: dict[int, Callable[[int], bool]] = {}
        if spread.width:
            tests[HIGH] = lambda value: _score(spread, value, quantity) > self._z
        if self._has_p95 and result.p95 is not None:
            p95 = result.p95
            tests[ABOVE_P95] = lambda value: value > p95
        if result.level is not None:
            limit = self._factor * result.level
            tests[ABOVE_DRL] = lambda value: value > limit
        return tests

    def is_not_low(self, spread: Spread, value: int, quantity: Quantity) -> bool:
        """Return whether a value is not low, which holds for all higher values too."""
        return not spread.width or _score(spread, value, quantity) >= -self._z


def _score(spread: Spread, value: int, quantity: Quantity) -> float:
    return spread.score(log_value(value, quantity)) or 0.0


class OutlierSearch:
    """The search for the values to list, group by group. `spreads` holds those of the groups searched."""

    def __init__(self, rules: OutlierRules, store: Store) -> None:
        self._rules = rules
        self._store = store
        self._spreads: dict[int, Spread] = {}

    def search(self, result: Result, quantity: Quantity) -> None:
        """Add the values of a group to the list. A sorted group is searched from both of its ends."""
        group = result.group
        if group.studies < LEAST_STUDIES:
            return
        at = self._store.open_group(group.first, group.n)
        spread = measure_spread(lambda rank: log_value(at(rank), quantity), group.n)
        self._spreads[group.number] = spread
        tests = self._rules.list_tests(result, spread, quantity)
        firsts = {reason: _find_first(group, at, test) for reason, test in tests.items()}
        lows = _find_first(group, at, lambda value: self._rules.is_not_low(spread, value, quantity))
        self._add(result, 0, lows, {LOW: 0, **firsts})
        self._add(result, max(lows, min(firsts.values(), default=group.n)), group.n, firsts)

    def score(self, group: Group, value: int, quantity: Quantity) -> float | None:
        """Return the z of a value of a group that was searched, or None."""
        spread = self._spreads.get(group.number)
        return None if spread is None else spread.score(log_value(value, quantity))

    def add_alerts(self, results: Mapping[int, Result]) -> None:
        """Add the studies over alert levels, which may be listed already. `results` are by group number."""
        self._store.add_outliers(
            (alert, 0, results[alert.group].group.key.quantity, _ratio(alert.value, results[alert.group]))
            for alert in self._store.alerts()
        )

    def _add(self, result: Result, first: int, last: int, firsts: Mapping[int, int]) -> None:
        self._store.add_outliers(self._list(result, first, last, firsts))

    def _list(
        self, result: Result, first: int, last: int, firsts: Mapping[int, int]
    ) -> Iterator[tuple[Alert, int, int, float | None]]:
        group = result.group
        found = self._store.values(group.first + first, group.first + last)
        for rank, each in enumerate(found, start=first):
            reasons = sum(reason for reason, start in firsts.items() if rank >= start)
            row = Alert(group.number, each.study, each.value, reasons, left_out=False)
            yield row, each.event, group.key.quantity, _ratio(each.value, result)


def _find_first(group: Group, at: Callable[[int], int], test: Callable[[int], bool]) -> int:
    return find_first(group.n, lambda rank: test(at(rank)))


def _ratio(value: int | None, result: Result) -> float | None:
    if value is None or result.median is None:
        return None
    return value * result.median.denominator / result.median.numerator
