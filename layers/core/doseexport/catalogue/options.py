"""Options of an export type, such as the number of a survey or a list of words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from doseexport.catalogue.values import (
    FLAG_VALUE,
    LIMIT_VALUE,
    PROJECT_VALUE,
    WORDS_VALUE,
    ValueType,
    choose_from,
    read_text,
)
from doseexport.errors import unprocessable


@dataclass(frozen=True, slots=True)
class Option:
    """An option of an export type. `default` is in the canonical form that `value_type.parse` returns.

    An option that is `only_if_given` has no value where it is not given. `default` is then for forms.
    """

    name: str
    value_type: ValueType
    default: str
    help: str
    only_if_given: bool = False


NO_LIMIT = "all"
MAX_EVENTS = Option(
    "max_events",
    LIMIT_VALUE,
    NO_LIMIT,
    "events of a study in adjacent columns at most; further ones are left out there, with a warning",
)
"""The option of types whose events stand in adjacent columns."""

LEAVE_OUT = "leave_out"
"""The name of the option that lists columns (catalogue/shared/column_choice.py)."""

PSEUDONYMS = Option(
    "pseudonyms",
    PROJECT_VALUE,
    "",
    "project whose pseudonyms replace patients; ages and dates become coarse",
    only_if_given=True,
)
MONTH, SHIFTED = "month", "shifted"
DATES = Option(
    "dates",
    choose_from((MONTH, SHIFTED)),
    MONTH,
    "with pseudonyms: dates by month, or shifted by an own number of days for each patient",
    only_if_given=True,
)
"""The options of types whose rows are studies or events (catalogue/shared/pseudonyms.py)."""


def limit_events(options: Mapping[str, str], events: int) -> int:
    """Return how many of a study's events stand in adjacent columns by the option, if it is given."""
    most = options.get(MAX_EVENTS.name, NO_LIMIT)
    return events if most == NO_LIMIT else min(int(most), events)


def parse_options(known: Iterable[Option], given: Mapping[str, object]) -> dict[str, str]:
    """Return the given options by name with canonical values, without null and blank ones.

    A blank list of words means no words. Raise RequestError, with the name of the option, if an option is
    unknown or its value is invalid.
    """
    names = {each.name: each for each in known}
    chosen = {}
    for name, value in given.items():
        if name not in names:
            listed = ", ".join(names) or "none"
            message = f"This export type has no such option. It has: {listed}."
            raise unprocessable("UNKNOWN_OPTION", message, f"options.{name}")
        try:
            text = _read(names[name], value)
            if text.strip() or (names[name].value_type is WORDS_VALUE and value is not None):
                chosen[name] = names[name].value_type.parse(text)
        except ValueError as error:
            raise unprocessable("BAD_OPTION_VALUE", f"The value {error}.", f"options.{name}") from None
    return dict(sorted(_complete_pseudonyms(chosen).items()))


def _complete_pseudonyms(chosen: dict[str, str]) -> dict[str, str]:
    """Return the options with the default of DATES, if they have pseudonyms."""
    if PSEUDONYMS.name in chosen:
        return {DATES.name: DATES.default, **chosen}
    if DATES.name in chosen:
        message = "Dates are changed with pseudonyms only. Enter a project, or leave this option out."
        raise unprocessable("PSEUDONYMS_NEEDED", message, f"options.{DATES.name}")
    return chosen


def _read(option: Option, value: object) -> str:
    return (
        str(value).lower()
        if option.value_type is FLAG_VALUE and isinstance(value, bool)
        else read_text(value)
    )


def fill_defaults(known: Iterable[Option], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return a value for every option: the chosen value, or else its default."""
    return {
        each.name: chosen.get(each.name, each.default)
        for each in known
        if each.name in chosen or not each.only_if_given
    }
