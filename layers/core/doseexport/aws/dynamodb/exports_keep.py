"""What people write about how long a file is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from doseexport.aws.dynamodb.conditions import AFTERLIFE, MINE, NOT_DELETED, NOT_EXPIRED, QUEUED, RUNNING
from doseexport.aws.dynamodb.export_rows import to_epoch, to_text
from doseexport.aws.dynamodb.exports_base import StoreBase
from doseexport.domain.audit import record_retention
from doseexport.domain.export import Export
from doseexport.domain.rights import Caller

# By the cleanup too, not by the time alone: what the sweep has begun to delete cannot be kept any more.
_HAS_FILE = f"#status = :COMPLETED AND {NOT_DELETED} AND {NOT_EXPIRED} AND #cleanup IN (:KEPT, :SUPERSEDED)"


class RetentionWrites(StoreBase):
    """The part of the store that moves the end of a file's life."""

    def set_retention(self, export_id: str, days: int, by: Caller, now: datetime) -> Export | None:
        """Keep the file for so many days from the export's end; return the export after it.

        None if there is no file and none will come: unknown, gone, failed, aborted or about to be.
        """
        for _ in range(3):  # it may be claimed, queued again or completed between the two
            export = self.get(export_id, now)
            if export is None or not export.has_retention:
                return None
            if self._set_retention(export, days, by, now):
                return self.load(export_id)
        return None

    def _set_retention(self, export: Export, days: int, by: Caller, now: datetime) -> bool:
        """Write it for an export as it was read; False if it has gone on since."""
        if export.finished_at is None:
            return self._record(
                record_retention(export, now, by, days, None),
                "SET #retention_days = :days",
                f"({QUEUED} OR {RUNNING}) AND {MINE}",
                attempt=export.attempt,
                days=days,
            )
        until = export.finished_at + timedelta(days=days)
        return self._record(
            record_retention(export, now, by, days, until),
            "SET #retention_days = :days, #expires_at = :until, #ttl = :ttl",
            f"{_HAS_FILE} AND {MINE}",
            attempt=export.attempt,
            days=days,
            until=to_text(until),
            ttl=to_epoch(until + AFTERLIFE),
            now=to_text(now),
        )
