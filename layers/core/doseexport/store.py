"""The exports' rows: every DynamoDB expression of the service.

A write that lost a race changes nothing and says so (None or False); it never raises for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from doseexport.conditions import (
    ABORTING,
    AFTERLIFE,
    CONSTANTS,
    FORGET_ATTEMPT,
    HAS_ROOM,
    HELD,
    LEASE_OVER,
    MINE,
    NOT_DELETED,
    NOT_RELEASED,
    QUEUED,
    RUNNING,
    SETTLED,
    End,
)
from doseexport.export import LEASE, Export, Failure, Progress, Result, State, Watch
from doseexport.export_row import export_key, new_row, owner_key, read_row, to_epoch, to_text
from doseexport.table import Change, Insert, Row, Table

REMEMBERED = timedelta(days=30)
"""How long a failed or aborted export is shown."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: an export's id and its created_at as its row holds it."""

    id: str
    created_at: str


# The life of a lease:
#
#     claim          beat  beat  beat        complete · fail · settle_aborted
#     │ +60 s        │ +60 │ +60 │ +60       │ the lease ends with the export
#     ├──────────────┴─────┴─────┴───────────┤
#     │
#     └── silence ──────────── lease_until ──► sweep: requeue (attempt + 1), give_up or settle_aborted
#     └── release: lease_until = now ────────► the same, at once
#
# Every write of a worker names its attempt. Once requeue has counted on, the old worker's writes
# are refused, whatever it still believes.


class Store:
    """The table of exports."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)

    def create(self, export: Export, limit: int) -> Export | None:
        """Write a new export if its owner has fewer than `limit` active ones.

        Return the row that holds the id now: this export, or an earlier one with the same id, which
        wins over the limit and may be gone for reads. None if there is no room.
        """
        take_place = Change(
            owner_key(export.owner), "ADD #active :ids", HAS_ROOM, {"ids": {export.id}, "limit": limit}
        )
        if self._table.write_together(Insert(new_row(export)), take_place):
            return export
        return self.load(export.id)

    def load(self, export_id: str) -> Export | None:
        """Return the export, even one that is gone for readers."""
        row = self._table.get(export_key(export_id))
        return None if row is None else read_row(row)

    def get(self, export_id: str, now: datetime) -> Export | None:
        """Return the export, unless it is unknown, deleted or expired."""
        export = self.load(export_id)
        return None if export is None or export.is_gone(now) else export

    def get_many(self, export_ids: Sequence[str], now: datetime) -> list[Export]:
        """Return those of the exports that are not gone, in the order of the ids."""
        rows = self._table.get_many([export_key(export_id) for export_id in export_ids])
        found = [read_row(rows[key]) for key in map(export_key, export_ids) if key in rows]
        return [export for export in found if not export.is_gone(now)]

    # What a worker writes

    def claim(self, export_id: str, attempt: int, now: datetime) -> Export | None:
        """Take the export for one attempt; None if another has it or it no longer waits."""
        return self._change(
            export_id,
            "SET #status = :RUNNING, #started_at = :now, #lease_until = :lease, #done = :zero"
            " REMOVE #expected, #error_code, #error",
            f"{QUEUED} AND {MINE}",
            attempt=attempt,
            now=to_text(now),
            lease=_lease(now),
            zero=0,
        )

    def beat(self, export_id: str, attempt: int, progress: Progress, now: datetime) -> State | None:
        """Renew the lease and write progress; RUNNING, or ABORTING if the worker shall stop.

        None: the attempt has lost the export, or let go of it.
        """
        export = self._change(
            export_id,
            "SET #lease_until = :lease, #done = :done, #expected = :expected",
            f"{MINE} AND {HELD} AND {NOT_RELEASED}",
            attempt=attempt,
            lease=_lease(now),
            done=progress.done,
            expected=progress.expected,
        )
        return None if export is None else export.state

    def note_upload(self, export_id: str, attempt: int, key: str, upload_id: str) -> bool:
        """Write which upload is under way, before its first part; False if the export is lost."""
        noted = self._change(
            export_id,
            "SET #key = :key, #upload_id = :upload_id",
            f"{MINE} AND {HELD}",
            attempt=attempt,
            key=key,
            upload_id=upload_id,
        )
        return noted is not None

    def complete(
        self, export_id: str, attempt: int, result: Result, now: datetime, retention: timedelta
    ) -> bool:
        """Publish the file: the only thing that does. False if aborted or lost meanwhile."""
        values = {"attempt": attempt, **_describe(result)}
        end = End(
            State.COMPLETED,
            Watch.KEPT if attempt == 1 else Watch.CONTESTED,
            f"{RUNNING} AND {MINE}",
            "#key = :key, #file_name = :file_name, #size = :size, #sha256 = :sha256, #studies = :studies,"
            " #events = :events, #warnings = :warnings, #has_manifest = :has_manifest,"
            " #done = :studies, #expected = :studies,",
            values,
        )
        return self._settle(export_id, end, now, retention)

    def fail(self, export_id: str, attempt: int, code: str, sentence: str, now: datetime) -> bool:
        """Settle as FAILED; False if aborted or lost meanwhile."""
        return self._fail(export_id, attempt, Failure(code, sentence), now, RUNNING)

    def settle_aborted(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Settle as ABORTED what is ABORTING; False if nobody asked for that, or if it is lost."""
        return self._abort(export_id, f"{ABORTING} AND {MINE}", now, attempt=attempt)

    def release(self, export_id: str, attempt: int, code: str, sentence: str, now: datetime) -> bool:
        """Let go of the export for a reason that may pass: the sweep queues it again, or gives up."""
        released = self._change(
            export_id,
            "SET #lease_until = :epoch, #error_code = :code, #error = :sentence",
            f"{MINE} AND {HELD}",
            attempt=attempt,
            epoch=to_epoch(now),
            code=code,
            sentence=sentence,
        )
        return released is not None

    # What people write

    def request_abort(self, export_id: str, now: datetime) -> Export | None:
        """Abort what waits, and ask the worker to stop what runs; return the row after it, if any."""
        for _ in range(3):  # a claim or a requeue may pass between the two
            if self._abort(export_id, QUEUED, now):
                break
            if self._change(export_id, "SET #status = :ABORTING", RUNNING):
                break
            export = self.load(export_id)
            if export is None or export.state not in {State.QUEUED, State.RUNNING}:
                return export
        return self.load(export_id)

    def delete(self, export_id: str, now: datetime) -> bool:
        """Hide a settled export from every read and forget its filters; False if active or hidden."""
        deleted = self._change(
            export_id,
            "SET #deleted_at = :now, #watch = :LITTER, #ttl = :ttl REMOVE #filters, #options",
            f"{SETTLED} AND {NOT_DELETED}",
            now=to_text(now),
            ttl=to_epoch(now + AFTERLIFE),
        )
        return deleted is not None

    # What the sweep writes

    def mark_sent(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Count a message sent for the attempt; False if it no longer waits."""
        sent = self._change(
            export_id,
            "SET #queued_at = :now ADD #sends :one",
            f"{QUEUED} AND {MINE}",
            attempt=attempt,
            now=to_text(now),
            one=1,
        )
        return sent is not None

    def requeue(self, export_id: str, attempt: int, now: datetime) -> Export | None:
        """Queue again, as the next attempt, an export whose worker fell silent; None if it did not."""
        return self._change(
            export_id,
            "SET #status = :QUEUED, #attempt = :next, #sends = :zero, #queued_at = :now"
            f" REMOVE {FORGET_ATTEMPT}",
            f"{LEASE_OVER} AND {MINE}",
            attempt=attempt,
            next=attempt + 1,
            zero=0,
            now=to_text(now),
            epoch=to_epoch(now),
        )

    def give_up(self, export_id: str, attempt: int, failure: Failure, now: datetime) -> bool:
        """Settle as FAILED what still waits, or whose worker fell silent; False if neither."""
        return self._fail(export_id, attempt, failure, now, f"({QUEUED} OR {LEASE_OVER})")

    def forget_litter(self, export_id: str) -> None:
        """Stop watching an export whose objects are gone for good."""
        self._change(export_id, "REMOVE #watch", "#watch = :LITTER")

    def keep(self, export_id: str) -> None:
        """Watch only for its expiry a file that no other attempt can contest any more."""
        self._change(export_id, "SET #watch = :KEPT", "#watch = :CONTESTED")

    def forget_expired(self, export_id: str) -> None:
        """Stop watching an expired export whose objects are gone, and forget its filters."""
        self._change(export_id, "REMOVE #watch, #filters, #options", "#watch = :KEPT")

    # Lists

    def list_owned(self, owner: str, after: Position | None = None) -> Iterator[list[Position]]:
        """Yield pages of an owner's exports, newest first, from `after` on."""
        return self._list("by_owner", "#owner = :value", {"owner": owner}, after, newest_first=True)

    def list_month(self, month: str, after: Position | None = None) -> Iterator[list[Position]]:
        """Yield pages of everybody's exports of a month (2026-11), newest first, from `after` on."""
        return self._list("by_month", "#month = :value", {"month": month}, after, newest_first=True)

    def list_watched(self, watch: Watch) -> Iterator[list[Position]]:
        """Yield pages of what the sweep has to look after, oldest first."""
        return self._list("by_watch", "#watch = :value", {"watch": watch.value}, None, newest_first=False)

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

    def _change(self, export_id: str, update: str, condition: str, **values: Any) -> Export | None:
        change = Change(export_key(export_id), update, condition, {**CONSTANTS, **values})
        row = self._table.update(change)
        return None if row is None else read_row(row)

    def _fail(self, export_id: str, attempt: int, failure: Failure, now: datetime, condition: str) -> bool:
        values = {
            "attempt": attempt,
            "code": failure.code,
            "sentence": failure.sentence,
            "epoch": to_epoch(now),
        }
        failed = "#error_code = :code, #error = :sentence,"
        end = End(State.FAILED, Watch.LITTER, f"{MINE} AND {condition}", failed, values)
        return self._settle(export_id, end, now, REMEMBERED)

    def _abort(self, export_id: str, condition: str, now: datetime, **values: Any) -> bool:
        end = End(State.ABORTED, Watch.LITTER, condition, "", values)
        return self._settle(export_id, end, now, REMEMBERED)

    def _settle(self, export_id: str, end: End, now: datetime, kept: timedelta) -> bool:
        """Write the end of an export and free its owner's place: both or neither."""
        export = self.load(export_id)
        if export is None:
            return False
        free_place = Change(owner_key(export.owner), "DELETE #active :ids", values={"ids": {export_id}})
        return self._table.write_together(end.change(export_id, now, kept), free_place)


def _describe(result: Result) -> dict[str, Any]:
    return {**asdict(result), "warnings": list(result.warnings)}


def _lease(now: datetime) -> int:
    return to_epoch(now + LEASE)
