"""The exports' rows: what people write, and lists. The worker's and the sweep's writes are beside it.

A write that lost a race changes nothing and says so (None or False); it never raises for that. Whatever
changes an export's state, and whatever people do to it, is written together with its entry of the trail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from doseexport.aws.dynamodb.conditions import (
    AFTERLIFE,
    CONSTANTS,
    EXPIRED,
    HAS_ROOM,
    MINE,
    NOT_DELETED,
    NOT_EXPIRED,
    QUEUED,
    RUNNING,
    SETTLED,
)
from doseexport.aws.dynamodb.export_rows import export_key, new_row, owner_key, to_epoch, to_text
from doseexport.aws.dynamodb.exports_keep import RetentionWrites
from doseexport.aws.dynamodb.exports_sweep import SweepWrites
from doseexport.aws.dynamodb.exports_worker import WorkerWrites
from doseexport.aws.dynamodb.table import Change, Check, Insert, Row
from doseexport.domain.audit import AuditEvent, record_event, record_request
from doseexport.domain.export import Cleanup, Export, State
from doseexport.domain.rights import Caller


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: an export's id and its created_at as its row holds it."""

    id: str
    created_at: str


class ExportRepository(WorkerWrites, SweepWrites, RetentionWrites):
    """The table of exports: what people write, and lists; the rest is the worker's and the sweep's."""

    def create(self, export: Export, limit: int) -> Export | None:
        """Write a new export if its owner has fewer than `limit` active ones.

        Return the row that holds the id now: this export, or an earlier one with the same id, which
        wins over the limit and may be gone for reads. None if there is no room.
        """
        take_place = Change(
            owner_key(export.owner), "ADD #active :ids", HAS_ROOM, {"ids": {export.id}, "limit": limit}
        )
        entry = self._audit.insert(record_request(export))
        if self._table.write_together(Insert(new_row(export)), take_place, entry):
            return export
        return self.load(export.id)

    def request_abort(self, export_id: str, by: Caller, now: datetime) -> Export | None:
        """Abort what waits, and ask the worker to stop what runs; return the row after it, if any."""
        for _ in range(3):  # a claim or a requeue may pass between the two
            export = self.load(export_id)
            if export is None or export.state not in {State.QUEUED, State.RUNNING}:
                return export
            if self._stop(export, by, now):
                break
        return self.load(export_id)

    def issue_link(self, export: Export, by: Caller, now: datetime) -> bool:
        """Write down that somebody gets a link; False if there is no file any more."""
        has_file = Check(
            export_key(export.id),
            f"#status = :COMPLETED AND {NOT_DELETED} AND {NOT_EXPIRED}",
            {**CONSTANTS, "now": to_text(now)},
        )
        entry = record_event(AuditEvent.LINK_ISSUED, export.id, export.attempt, now, by)
        return self._table.write_together(has_file, self._audit.insert(entry))

    def delete(self, export_id: str, by: Caller, now: datetime) -> bool:
        """Hide a settled export from every read and forget its filters; False if active or hidden."""
        export = self.load(export_id)
        return export is not None and self._record(
            record_event(AuditEvent.DELETED, export_id, export.attempt, now, by),
            "SET #deleted_at = :now, #cleanup = :ORPHANED, #ttl = :ttl REMOVE #filters, #options",
            f"{SETTLED} AND {NOT_DELETED} AND {MINE}",
            attempt=export.attempt,
            now=to_text(now),
            ttl=to_epoch(now + AFTERLIFE),
        )

    def _stop(self, export: Export, by: Caller, now: datetime) -> bool:
        """Stop an export as it was read; False if it has gone on since."""
        if export.state is State.QUEUED:
            return self._abort(record_event(AuditEvent.ABORTED, export.id, export.attempt, now, by), QUEUED)
        entry = record_event(AuditEvent.ABORT_REQUESTED, export.id, export.attempt, now, by)
        running = f"{RUNNING} AND {MINE}"
        return self._record(entry, "SET #status = :ABORTING", running, attempt=export.attempt)

    # Lists

    def list_owned(self, owner: str, after: Position | None = None) -> Iterator[list[Position]]:
        """Yield pages of an owner's exports, newest first, from `after` on."""
        return self._list("by_owner", "#owner = :value", {"owner": owner}, after, newest_first=True)

    def list_month(self, month: str, after: Position | None = None) -> Iterator[list[Position]]:
        """Yield pages of everybody's exports of a month (2026-11), newest first, from `after` on."""
        return self._list("by_month", "#month = :value", {"month": month}, after, newest_first=True)

    def list_for_cleanup(self, cleanup: Cleanup) -> Iterator[list[Position]]:
        """Yield pages of what the sweep has to look after, oldest first."""
        return self._list(
            "by_cleanup", "#cleanup = :value", {"cleanup": cleanup.value}, None, newest_first=False
        )

    def list_expired(self, now: datetime) -> Iterator[list[str]]:
        """Yield pages of the ids of files that are kept and past their expiry, the oldest expiry first."""
        condition, values = (
            f"#cleanup = :value AND {EXPIRED}",
            {"value": Cleanup.RETAINED.value, "now": to_text(now)},
        )
        for page in self._table.query("by_expiry", condition, values, None, newest_first=False):
            yield [row["pk"].removeprefix(export_key("")) for row in page]

    def _list(
        self,
        index: str,
        condition: str,
        key: Mapping[str, str],
        after: Position | None,
        *,
        newest_first: bool,
    ) -> Iterator[list[Position]]:
        start: Row | None = None
        if after is not None:
            start = {"pk": export_key(after.id), "created_at": after.created_at, **key}
        (value,) = key.values()
        pages = self._table.query(index, condition, {"value": value}, start, newest_first=newest_first)
        for page in pages:
            yield [Position(row["pk"].removeprefix(export_key("")), row["created_at"]) for row in page]
