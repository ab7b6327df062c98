"""What studies may be chosen by, and in which order: names, kinds, help, SQL with %s. Pure.

Filters choose studies; every event of a chosen study is exported. All given filters must hold,
and all filters on one table must be met by the same row of it (the same irradiation event, the
same equipment row). NULL never matches. The semantics are OpenREM 1.0's, and its parameter names,
old and new, are aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from doseexport.catalogue.values import ValueType, read_text
from doseexport.errors import unprocessable


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its canonical name, what it compares, and whether it names a patient (`pid`).

    `scope` is the table whose row has to match: a key of the dataset's scopes.
    """

    name: str
    value_type: ValueType
    scope: str
    sql: str
    help: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    pid: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One order of studies: SQL to sort by before the default (newest first)."""

    name: str
    sql: str
    help: str
    aliases: tuple[str, ...] = ()


DEFAULT_ORDER = "newest_first"


def parse_filters(known: Iterable[Filter], given: Mapping[str, object]) -> dict[str, str]:
    """Return canonical names and values of the given filters; blank ones are absent.

    Raises RequestError naming the filter that is unknown, unreadable, given twice or contradicts another.
    """
    names = {alias: each for each in known for alias in (each.name, *each.aliases)}
    chosen: dict[str, str] = {}
    given_as: dict[str, str] = {}
    for name, value in given.items():
        if name not in names:
            raise unprocessable("UNKNOWN_FILTER", "This export type has no such filter.", f"filters.{name}")
        if _add_value(chosen, names[name], f"filters.{name}", value):
            given_as[names[name].name] = name
    _check_ranges(chosen, given_as)
    return dict(sorted(chosen.items()))


def parse_order(known: Iterable[Order], given: object) -> str:
    """Return the canonical name of an order; None and blank mean the default."""
    names = {alias: each.name for each in known for alias in (each.name, *each.aliases)}
    if given is None or given == "":
        return DEFAULT_ORDER
    if not isinstance(given, str) or given not in names:
        listed = ", ".join(sorted(set(names.values())))
        raise unprocessable("UNKNOWN_ORDER", f"There is no such order; there are {listed}.", "order")
    return names[given]


def _add_value(chosen: dict[str, str], known: Filter, field: str, value: object) -> bool:
    """Add a value in its canonical form and tell whether there is one; RequestError names the field."""
    try:
        text = read_text(value)
        canonical = known.value_type.parse(text) if text.strip() else ""
    except ValueError as error:
        raise unprocessable("BAD_FILTER_VALUE", f"The value {error}.", field) from None
    if canonical and chosen.setdefault(known.name, canonical) != canonical:
        raise unprocessable("FILTER_GIVEN_TWICE", "The filter is given twice, with two values.", field)
    return bool(canonical)


def _check_ranges(chosen: Mapping[str, str], given_as: Mapping[str, str]) -> None:
    for low, high, read in (("date_from", "date_to", str), *_number_ranges(chosen)):
        if low in chosen and high in chosen and read(chosen[low]) > read(chosen[high]):  # type: ignore[operator]
            message = f"{low} is above {high}: nothing could match."
            raise unprocessable("EMPTY_RANGE", message, f"filters.{given_as[low]}")


def _number_ranges(chosen: Mapping[str, str]) -> Iterable[tuple[str, str, Callable[[str], object]]]:
    return ((name, name.removesuffix("min") + "max", Decimal) for name in chosen if name.endswith("_min"))


def build_conditions(
    scopes: Mapping[str, str], filters: Iterable[tuple[Filter, str]]
) -> tuple[str, tuple[str, ...]]:
    """Return the WHERE condition (SQL with %s) and its parameters for filters and their values.

    `scopes` gives for each scope the SQL around its conditions, which stand in the place of {}.
    """
    by_scope: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for each, value in filters:
        by_scope.setdefault(each.scope, []).append(each.value_type.bind(each.sql, value))
    parts: list[str] = []
    params: list[str] = []
    for scope, bound in by_scope.items():
        parts.append(scopes[scope].replace("{}", " AND ".join(f"({sql})" for sql, _ in bound)))
        params.extend(value for _, values in bound for value in values)
    return " AND ".join(parts) or "true", tuple(params)


def describe_filters(filters: Iterable[tuple[Filter, str]]) -> list[str]:
    """Return each filter in words; the value of one that names a patient is left out."""
    return [
        f"{each.name}: {each.help}" + ("" if each.pid else f" {value}" + f" {each.unit}".rstrip())
        for each, value in filters
    ]
