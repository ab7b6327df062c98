"""What bodies of several kinds have in common: names for people, and no field that nobody reads. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from doseexport.errors import unprocessable

MAX_NAME = 80
"""Characters of the name that somebody gives to a preset or a schedule."""


def read_object(value: object, known: Collection[str], field: str = "body") -> Mapping[str, Any]:
    """Return an object that has no other fields than these. RequestError (422) names what is wrong."""
    if not isinstance(value, Mapping):
        raise unprocessable("NOT_AN_OBJECT", f"The {field} must be a JSON object.", field)
    for name in value:
        if name not in known:
            listed = ", ".join(sorted(known))
            message = f"There is no field of this name; there are {listed}."
            raise unprocessable("UNKNOWN_FIELD", message, str(name))
    return value


def read_name(value: object) -> str:
    """Return a name as it is kept. RequestError (422): name."""
    name = value.strip() if isinstance(value, str) else ""
    if not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise unprocessable("BAD_NAME", f"A name has 1 to {MAX_NAME} printable characters.", "name")
    return name


def read_flag(value: object, field: str) -> bool:
    """Return true or false, and nothing like them. RequestError (422) names the field."""
    if not isinstance(value, bool):
        raise unprocessable("NOT_A_BOOLEAN", f"{field} must be true or false.", field)
    return value
