"""Filters and orders of studies (docs/export-rules.md §11).

Filters choose studies, and every event of a chosen study is exported. All given filters must hold. All
filters on one table must be met by the same row of it: the same irradiation event, the same equipment.
NULL never matches. Filters behave as in OpenREM 1.0, and OpenREM's parameter names are aliases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from doseexport.catalogue.schema import Feature, Total
from doseexport.catalogue.values import ValueType, read_text
from doseexport.errors import RequestError, unprocessable


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: its canonical name, its comparison, and whether its value identifies a patient.

    `sql` is a column, or a condition with %s for the value; `value_type.bind` completes it. `scope` is the
    table whose row must match: a key of the modality's scopes. `help` is followed by the value and `unit`.
    `pid` filters hold names or IDs of patients: only members of pidgroup may use them. `one_study` filters
    lead to one study, and so to a patient, without naming one: everyone may use them. `total` is the total
    of the study that is compared. A database without `feature` has no such filter. The texts of `sql`, or of
    `values` if that is given, can be suggested to everyone where `suggests` holds.
    """

    name: str
    value_type: ValueType
    scope: str
    sql: str
    help: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    pid: bool = False
    one_study: bool = False
    total: Total | None = None
    feature: Feature | None = None
    suggests: bool = False
    values: str = ""

    @property
    def identifies_patient(self) -> bool:
        """Whether the value must be shown only to those who may see patients, and never logged or saved."""
        return self.pid or self.one_study


@dataclass(frozen=True, slots=True)
class Order:
    """An order of studies: `sql` is sorted by first, then the default order, newest first.

    `total` is the total of the study that is sorted by.
    """

    name: str
    sql: str
    help: str
    aliases: tuple[str, ...] = ()
    total: Total | None = None


DEFAULT_ORDER = "newest_first"


def parse_filters(known: Iterable[Filter], given: Mapping[str, object]) -> dict[str, str]:
    """Return the given filters by canonical name with canonical values, without blank ones.

    Raise RequestError, with the name of the filter as it was given, if a filter is unknown, its value is
    invalid, two names of it have different values, or a range is empty.
    """
    filters = tuple(known)
    names = {alias: each for each in filters for alias in (each.name, *each.aliases)}
    chosen: dict[str, str] = {}
    given_as: dict[str, str] = {}
    for name, value in given.items():
        if name not in names:
            raise refuse_filter(filters, f"filters.{name}")
        if _add_value(chosen, names[name], f"filters.{name}", value):
            given_as[names[name].name] = name
    _check_ranges(chosen, given_as)
    return dict(sorted(chosen.items()))


def refuse_filter(known: Iterable[Filter], field: str) -> RequestError:
    """Return the error (422) of a filter that is not among the known ones, which it names."""
    listed = ", ".join(each.name for each in known)
    return unprocessable(
        "UNKNOWN_FILTER", f"This export type has no such filter. Choose from: {listed}.", field
    )


def parse_order(known: Iterable[Order], given: object) -> str:
    """Return the canonical name of an order. None and the empty text mean the default.

    Raise RequestError (422) for an unknown order.
    """
    names = {alias: each.name for each in known for alias in (each.name, *each.aliases)}
    if given is None or given == "":
        return DEFAULT_ORDER
    if not isinstance(given, str) or given not in names:
        listed = ", ".join(sorted(set(names.values())))
        raise unprocessable("UNKNOWN_ORDER", f"This order does not exist. Choose one of {listed}.", "order")
    return names[given]


def _add_value(chosen: dict[str, str], known: Filter, field: str, value: object) -> bool:
    """Add a value in canonical form and return whether it is not blank. A RequestError names the field."""
    try:
        text = read_text(value)
        canonical = known.value_type.parse(text) if text.strip() else ""
    except ValueError as error:
        raise unprocessable("BAD_FILTER_VALUE", f"The value {error}.", field) from None
    if canonical and chosen.setdefault(known.name, canonical) != canonical:
        raise unprocessable("FILTER_GIVEN_TWICE", "The filter is given twice with different values.", field)
    return bool(canonical)


def _check_ranges(chosen: Mapping[str, str], given_as: Mapping[str, str]) -> None:
    """Raise RequestError if the lower limit of a range is above its upper limit."""
    for low, high, read in (("date_from", "date_to", str), *_number_ranges(chosen)):
        if low in chosen and high in chosen and read(chosen[low]) > read(chosen[high]):  # type: ignore[operator]
            message = f"{low} is greater than {high}."
            if low == "date_from":
                message = "The start date is after the end date."
            raise unprocessable("EMPTY_RANGE", message, f"filters.{given_as[low]}")


def _number_ranges(chosen: Mapping[str, str]) -> Iterable[tuple[str, str, Callable[[str], object]]]:
    return ((name, name.removesuffix("min") + "max", Decimal) for name in chosen if name.endswith("_min"))


def build_conditions(
    scopes: Mapping[str, str], filters: Iterable[tuple[Filter, str]]
) -> tuple[str, tuple[str, ...]]:
    """Return the WHERE condition of filters and their values, as SQL with %s, and its parameters.

    `scopes` gives the SQL of each scope, with {} in the place of its conditions.
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


def write_values(scopes: Mapping[str, str], known: Filter) -> str:
    """Return SQL that joins `study` to `found`, a row (value) for each text that a filter compares."""
    value = known.values or known.sql
    rows = re.fullmatch(r"EXISTS \(SELECT (FROM .*)\)", scopes[known.scope], re.DOTALL)
    source = rows[1].replace("{}", "true") if rows else ""
    return f"CROSS JOIN LATERAL (SELECT {value} AS value {source}) found"


def describe_filters(
    filters: Iterable[tuple[Filter, str]], hidden: Collection[str] = frozenset()
) -> list[str]:
    """Return each filter in words, without the value of one that identifies a patient or that is hidden."""
    return [
        f"{each.name}: {each.help}"
        + ("" if each.identifies_patient or each.name in hidden else f" {value}" + f" {each.unit}".rstrip())
        for each, value in filters
    ]
