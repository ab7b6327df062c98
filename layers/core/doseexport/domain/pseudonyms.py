"""Pseudonyms of a project: keyed hashes in the place of identifiers, and shifts of dates.

Only a key makes them. Every hash is HMAC-SHA-256 of the version, a label and the value, so that a patient ID
and an accession number of the same text have different pseudonyms (docs/pseudonyms.md).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date, timedelta

from doseexport.errors import ExportError

KEY_BYTES = 32
PATIENT, STUDY, ACCESSION = "patient", "study", "accession"
"""Labels: what a value is."""
DAYS = 365
"""Different shifts of dates. The middle one is none."""

_VERSION, _SHIFT, _KEY = "v1", "shift", "key"
_SEPARATOR = "\x1f"
_BYTES = 10
"""The length of a pseudonym, which are 16 characters of base32."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What the key of a project makes of values. `key` is never shown, logged or written."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key of another length."""
        if len(self.key) != KEY_BYTES:
            raise ExportError("PSEUDONYM_KEY_UNUSABLE", f"A key of pseudonyms must have {KEY_BYTES} bytes.")

    @property
    def key_id(self) -> str:
        """A name of the key that says nothing about it. Equal keys have equal names."""
        return _make(self.key, _KEY, "")

    def make(self, label: str, value: str) -> str:
        """Return the pseudonym of a value as it is: first normalise it. That of the empty text is empty."""
        return _make(self.key, label, value) if value else ""

    def shift(self, day: str, patient: str) -> str:
        """Return a date, YYYY-MM-DD, moved by the days of a patient, whose value is as for `make`.

        Return the empty text without a patient, and for a date that cannot be moved.
        """
        if not patient:
            return ""
        try:
            return (date.fromisoformat(day) + timedelta(_find_shift(self.key, patient))).isoformat()
        except (ValueError, OverflowError):
            return ""


def normalise(value: str) -> str:
    """Return an identifier in upper case without white space, so that its spellings have one pseudonym."""
    return "".join(value.split()).upper()


def _make(key: bytes, label: str, value: str) -> str:
    return base64.b32encode(_hash(key, label, value)[:_BYTES]).decode().lower()


def _find_shift(key: bytes, patient: str) -> int:
    """Return a number of days from -182 to 182."""
    return int.from_bytes(_hash(key, _SHIFT, patient)) % DAYS - DAYS // 2


def _hash(key: bytes, label: str, value: str) -> bytes:
    text = _SEPARATOR.join((_VERSION, label, value))
    return hmac.digest(key, text.encode(), hashlib.sha256)
