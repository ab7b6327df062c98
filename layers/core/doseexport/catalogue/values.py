"""Types of the values in a request: how each is parsed into one canonical text and compared in SQL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MAX_TEXT = 256
COLUMNS = "columns"
"""The name of the value type that lists headings."""


@dataclass(frozen=True, slots=True)
class ValueType:
    """A type of values: how a value is parsed and turned into SQL.

    `words` describes the valid values. `parse` returns the canonical text, or raises ValueError with a
    message that continues "The value". `bind` turns a column, or a condition with %s, and a canonical
    value into SQL and its parameters. `choices` lists the canonical values if they are few, and `spellings`
    other texts for them. `listed` are the texts of which a value lists some.
    """

    name: str
    words: str
    parse: Callable[[str], str]
    bind: Callable[[str, str], tuple[str, tuple[str, ...]]]
    choices: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


def read_text(value: object) -> str:
    """Return a JSON value as the text that `ValueType.parse` takes: the empty text for null.

    Raise ValueError if the value is neither a text nor a number.
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a text or a number")  # noqa: TRY004  `parse` raises the same
    if isinstance(value, float) and not value.is_integer():  # JSON does not distinguish 7.0 from 7
        return format(Decimal(repr(value)), "f")
    return value if isinstance(value, str) else str(int(value))


def escape_like(value: str) -> str:
    r"""Return the ILIKE pattern for texts that contain `value`. %, _ and \ mean themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", value) + "%"


def hash_value(value: str) -> str:
    """Return the hash that OpenREM can store instead of an identifier: SHA-256 of UTF-8, in hexadecimal."""
    return hashlib.sha256(value.encode()).hexdigest()


def parse_text(value: str) -> str:
    """Return a text of at most MAX_TEXT characters. Raise ValueError otherwise."""
    check_text(value)
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    return value


def check_text(value: str) -> None:
    """Raise ValueError if a text has a character that the database cannot hold."""
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None


def _parse_exact(value: str) -> str:
    return parse_text(value.strip())


def parse_number(value: str) -> str:
    """Return a plain number without superfluous zeros. Raise ValueError otherwise."""
    if not re.fullmatch(r"[+-]?(\d{1,16}(\.\d{0,16})?|\.\d{1,16})", value.strip(), re.ASCII):
        raise ValueError(
            "must be a plain number such as 12 or 12.5, with at most 16 digits on each side of the point"
        )
    text = f"{Decimal(value.strip()):f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short


def _parse_positive(value: str) -> str:
    number = parse_number(value)
    if Decimal(number) <= 0:
        raise ValueError("must be a number above 0")
    return number


def _parse_date(value: str) -> str:
    # fromisoformat alone also accepts 20260131 and 2026-W05.
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


def _parse_integer(value: str) -> str:
    if not re.fullmatch(r"0*[1-9]\d{0,8}", value.strip(), re.ASCII):
        raise ValueError("must be a whole number from 1 to 999,999,999")
    return str(int(value))


def _parse_limit(value: str) -> str:
    return "all" if value.strip().lower() == "all" else _parse_integer(value)


def _parse_flag(value: str) -> str:
    words = {"yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}
    word = words.get(value.strip().lower())
    if word is None:
        raise ValueError("must be yes or no")
    return word


def _parse_words(value: str) -> str:
    return ", ".join(word.strip() for word in parse_text(value).split(",") if word.strip())


def _parse_project(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,40}", value.strip(), re.ASCII):
        raise ValueError("must be 1 to 40 of a-z, 0-9 and -")
    return value.strip()


def choose_from(choices: tuple[str, ...], spellings: Mapping[str, str] | None = None) -> ValueType:
    """Return the type of a value that is one of the choices. `spellings` maps other texts to choices."""
    known = {choice: choice for choice in choices} | dict(spellings or {})
    words = f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]

    def parse(value: str) -> str:
        if value.strip() not in known:
            raise ValueError(f"must be {words}")
        return known[value.strip()]

    return ValueType("one_of", words, parse, bind_value, choices, tuple(spellings or ()))


def _bind_contains(sql: str, value: str) -> tuple[str, tuple[str, ...]]:
    condition = sql if "%s" in sql else f"{sql} ILIKE %s"
    return condition, (escape_like(value),) * condition.count("%s")


def _bind_hashable(condition: str, value: str) -> tuple[str, tuple[str, ...]]:
    column, hashed = condition.split("|")
    sql = f"CASE WHEN {hashed} THEN {column} = %s ELSE {column} ILIKE %s END"
    return sql, (hash_value(value), escape_like(value))


def bind_value(condition: str, value: str) -> tuple[str, tuple[str, ...]]:
    """Return a condition with %s, and the value as its only parameter."""
    return condition, (value,)


def _bind_count(column: str, value: str) -> tuple[str, tuple[str, ...]]:
    words = {"some": f"{column} > 0", "more": f"{column} > 10"}
    return (words[value], ()) if value in words else (f"{column} = %s::integer", (value,))


def _bind_choice(condition: str, value: str) -> tuple[str, tuple[str, ...]]:
    return (condition, ()) if value == "exclude" else ("true", ())


TEXT_VALUE = ValueType("text", "text", parse_text, _bind_contains)
HASHABLE_VALUE = ValueType("text", "text", parse_text, _bind_hashable)
NUMBER_VALUE = ValueType("number", "number", parse_number, bind_value)
POSITIVE_VALUE = ValueType("positive", "number above 0", _parse_positive, bind_value)
DATE_VALUE = ValueType("date", "YYYY-MM-DD", _parse_date, bind_value)
COUNT_VALUE = ValueType("count", "0 to 10, some (> 0) or more (> 10)", _parse_count, _bind_count)
TEST_PATIENTS_VALUE = ValueType("choice", "include or exclude", _parse_test_patients, _bind_choice)
INTEGER_VALUE = ValueType("integer", "whole number from 1", _parse_integer, bind_value)
LIMIT_VALUE = ValueType("limit", "whole number from 1, or all", _parse_limit, bind_value)
EXACT_VALUE = ValueType("exact", "complete text", _parse_exact, bind_value)
FLAG_VALUE = ValueType("flag", "yes or no", _parse_flag, bind_value)
WORDS_VALUE = ValueType("words", "words separated by commas", _parse_words, bind_value)
PROJECT_VALUE = ValueType("project", "1 to 40 of a-z, 0-9 and -", _parse_project, bind_value)
