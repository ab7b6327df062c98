"""Parse what several request bodies have in common: objects without unknown fields, names, flags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from doseexport.errors import unprocessable

MAX_NAME = 80
"""The most characters in the name of a preset or a schedule."""


def read_object(value: object, known: Collection[str], field: str = "body") -> Mapping[str, Any]:
    """Return the object if it has only known fields. Raise RequestError (422) naming the field."""
    if not isinstance(value, Mapping):
        raise unprocessable("NOT_AN_OBJECT", f"The {field} must be a JSON object.", field)
    for name in value:
        if name not in known:
            listed = ", ".join(sorted(known))
            message = f"There is no such field. Choose from: {listed}."
            raise unprocessable("UNKNOWN_FIELD", message, str(name))
    return value


def read_name(value: object) -> str:
    """Return a name without surrounding spaces. Raise RequestError (422) naming `name`."""
    name = value.strip() if isinstance(value, str) else ""
    if not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise unprocessable("BAD_NAME", f"A name must have 1 to {MAX_NAME} printable characters.", "name")
    return name


def read_flag(value: object, field: str) -> bool:
    """Return a Boolean value. Raise RequestError (422) naming the field."""
    if not isinstance(value, bool):
        raise unprocessable("NOT_A_BOOLEAN", f"{field} must be true or false.", field)
    return value
