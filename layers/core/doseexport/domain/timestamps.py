"""Format times as rows, JSON and DynamoDB's time to live hold them."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(when: datetime) -> str:
    """Return a time as rows hold it: ISO 8601 in UTC, to the microsecond.

    All these texts have the same length, so they sort in the order of time.
    """
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def to_epoch(when: datetime) -> int:
    """Return a time in whole seconds since 1970, as leases and DynamoDB's time to live hold it."""
    return int(when.timestamp())


def format_time(when: datetime | None) -> str | None:
    """Return a time as the API shows it, 2026-11-23T11:30:00Z, or None for None."""
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
