"""What a request may set beside filters, by export type: survey numbers, word lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from doseexport.catalogue.values import FLAG, ValueType, read_text
from doseexport.errors import unprocessable


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `default` is canonical, as `kind.parse` gives it."""

    name: str
    value_type: ValueType
    default: str
    help: str


def parse_options(known: Iterable[Option], given: Mapping[str, object]) -> dict[str, str]:
    """Return canonical names and values of the given options; null and blank ones are absent.

    Raises RequestError naming the option that is unknown or unreadable.
    """
    names = {each.name: each for each in known}
    chosen = {}
    for name, value in given.items():
        if name not in names:
            raise unprocessable("UNKNOWN_OPTION", "This export type has no such option.", f"options.{name}")
        try:
            text = _read(names[name], value)
            if text.strip():
                chosen[name] = names[name].value_type.parse(text)
        except ValueError as error:
            raise unprocessable("BAD_OPTION_VALUE", f"The value {error}.", f"options.{name}") from None
    return dict(sorted(chosen.items()))


def _read(option: Option, value: object) -> str:
    return str(value).lower() if option.value_type is FLAG and isinstance(value, bool) else read_text(value)


def fill_defaults(known: Iterable[Option], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return a value for every option: the chosen one, or its default."""
    return {each.name: chosen.get(each.name, each.default) for each in known}
