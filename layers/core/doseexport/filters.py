"""What studies may be chosen by, and in which order: names, kinds, help, SQL with %s. Pure.

Filters choose studies; every event of a chosen study is exported. All given filters must hold,
and all filters on one table must be met by the same row of it (the same irradiation event, the
same equipment row). NULL never matches. The semantics are OpenREM 1.0's, and its parameter names,
old and new, are aliases.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from doseexport.errors import unprocessable

MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value is read and turned into SQL.

    `words` say what may be given; `parse` gives the canonical text or raises ValueError with a
    sentence; `bind` turns a column (or a condition with %s) and a canonical value into SQL and its
    parameters.
    """

    name: str
    words: str
    parse: Callable[[str], str]
    bind: Callable[[str, str], tuple[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its canonical name, what it compares, and whether it names a patient (`pid`).

    `scope` is the table whose row has to match: a key of the dataset's scopes.
    """

    name: str
    kind: Kind
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


def escape_like(value: str) -> str:
    r"""Return a pattern for ILIKE that contains `value` literally: %, _ and \ mean themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", value) + "%"


def hash_value(value: str) -> str:
    """Return the hash OpenREM stores instead of an identifier: SHA-256 in hex of the UTF-8 text."""
    return hashlib.sha256(value.encode()).hexdigest()


def _parse_text(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    return value


def _parse_number(value: str) -> str:
    if not re.fullmatch(r"[+-]?(\d{1,16}(\.\d{0,16})?|\.\d{1,16})", value.strip(), re.ASCII):
        raise ValueError("must be a plain number such as 12 or 12.5")
    text = f"{Decimal(value.strip()):f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short


def _parse_date(value: str) -> str:
    # fromisoformat alone takes 20260131 and 2026-W05 too.
    text = value.strip() if re.fullmatch(r"\s*\d{4}-\d{2}-\d{2}\s*", value, re.ASCII) else ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("must be a date as YYYY-MM-DD") from None


def _parse_count(value: str) -> str:
    word = value.strip().lower()
    if word in ("some", "more"):
        return word
    if not re.fullmatch(r"0*(\d|10)", word, re.ASCII):
        raise ValueError("must be 0 to 10, some (more than 0) or more (more than 10)")
    return str(int(word))


def _parse_test_patients(value: str) -> str:
    words = {"2": "exclude", "exclude": "exclude", "include": "include"}
    word = words.get(value.strip().lower())
    if word is None:
        raise ValueError("must be include or exclude")
    return word


def _bind_contains(sql: str, value: str) -> tuple[str, tuple[str, ...]]:
    return sql if "%s" in sql else f"{sql} ILIKE %s", (escape_like(value),)


def _bind_hashable(condition: str, value: str) -> tuple[str, tuple[str, ...]]:
    column, hashed = condition.split("|")
    sql = f"CASE WHEN {hashed} THEN {column} = %s ELSE {column} ILIKE %s END"
    return sql, (hash_value(value), escape_like(value))


def _bind_value(condition: str, value: str) -> tuple[str, tuple[str, ...]]:
    return condition, (value,)


def _bind_count(column: str, value: str) -> tuple[str, tuple[str, ...]]:
    words = {"some": f"{column} > 0", "more": f"{column} > 10"}
    return (words[value], ()) if value in words else (f"{column} = %s::integer", (value,))


def _bind_choice(condition: str, value: str) -> tuple[str, tuple[str, ...]]:
    return (condition, ()) if value == "exclude" else ("true", ())


TEXT = Kind("text", "text", _parse_text, _bind_contains)
HASHABLE = Kind("text", "text", _parse_text, _bind_hashable)
NUMBER = Kind("number", "number", _parse_number, _bind_value)
DATE = Kind("date", "YYYY-MM-DD", _parse_date, _bind_value)
COUNT = Kind("count", "0 to 10, some (> 0) or more (> 10)", _parse_count, _bind_count)
TEST_PATIENTS = Kind("choice", "include or exclude", _parse_test_patients, _bind_choice)

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
        text = _read_value(name, value)
        if text.strip():
            _add(chosen, names[name], name, text)
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


def _read_value(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise unprocessable("BAD_FILTER_VALUE", "The value must be a text or a number.", f"filters.{name}")
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _add(chosen: dict[str, str], known: Filter, name: str, text: str) -> None:
    try:
        value = known.kind.parse(text)
    except ValueError as error:
        raise unprocessable("BAD_FILTER_VALUE", f"The value {error}.", f"filters.{name}") from None
    if chosen.setdefault(known.name, value) != value:
        raise unprocessable(
            "FILTER_GIVEN_TWICE", "The filter is given twice, with two values.", f"filters.{name}"
        )


def _check_ranges(chosen: Mapping[str, str], given_as: Mapping[str, str]) -> None:
    for low, high, read in (("date_from", "date_to", str), *_number_ranges(chosen)):
        if low in chosen and high in chosen and read(chosen[low]) > read(chosen[high]):  # type: ignore[operator]
            sentence = f"{low} is above {high}: nothing could match."
            raise unprocessable("EMPTY_RANGE", sentence, f"filters.{given_as[low]}")


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
        by_scope.setdefault(each.scope, []).append(each.kind.bind(each.sql, value))
    parts: list[str] = []
    params: list[str] = []
    for scope, bound in by_scope.items():
        parts.append(scopes[scope].replace("{}", " AND ".join(f"({sql})" for sql, _ in bound)))
        params.extend(value for _, values in bound for value in values)
    return " AND ".join(parts) or "true", tuple(params)


def describe_filters(filters: Iterable[tuple[Filter, str]]) -> list[str]:
    """Return each filter in words; the value of one that names a patient is left out."""
    return [
        f"{each.name}: {each.help}" + ("" if each.pid else f" {value} {each.unit}".rstrip())
        for each, value in filters
    ]
