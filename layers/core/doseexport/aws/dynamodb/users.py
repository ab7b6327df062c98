"""When users were last active. A schedule pauses once its owner has not used the service for too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.export_rows import owner_key
from doseexport.aws.dynamodb.table import Change, Table
from doseexport.domain.timestamps import to_text

ACTIVITY_RESOLUTION = timedelta(hours=12)
"""How precisely the last activity is recorded. A finer value would write a row at every request."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class UserRepository:
    """The users' rows in the table of saved requests."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)
        self._recorded: dict[str, datetime] = {}

    def record_activity(self, owner: str, now: datetime) -> None:
        """Record that a user uses the service now."""
        if now - self._recorded.get(owner, _LONG_AGO) < ACTIVITY_RESOLUTION:
            return
        self._table.update(
            Change(
                owner_key(owner),
                "SET #active_at = :now",
                "attribute_not_exists(#active_at) OR #active_at < :before",
                {"now": to_text(now), "before": to_text(now - ACTIVITY_RESOLUTION)},
            )
        )
        self._recorded[owner] = now

    def find_last_activity(self, owner: str) -> datetime | None:
        """Return when a user last used the service, or None if that was never recorded."""
        row = self._table.get(owner_key(owner)) or {}
        return datetime.fromisoformat(row["active_at"]) if "active_at" in row else None
