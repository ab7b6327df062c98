"""The exports table: every read and write of an export's row.

A write that lost a race changes nothing and says so: it returns None or False, and never raises for that.
Every change of an export's state, and everything that people do to it, is written in one transaction with its
audit entry.

The life of a lease:

    claim          beat  beat  beat        complete · fail · settle_aborted
    │ +120 s       │ +120│ +120│ +120      │ the lease ends with the export
    ├──────────────┴─────┴─────┴───────────┤
    │
    └── silence ──────────── lease_until ──► sweep: requeue (attempt + 1), give_up or settle_aborted
    └── release: lease_until = now ────────► the same, at once

Every write of a worker names its attempt. Once requeue has raised the attempt, the writes of the earlier
worker are refused, even if that worker still runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.conditions import (
    ABORTING,
    ATTEMPT_FIELDS,
    CONSTANTS,
    EXPIRED,
    FORGOTTEN,
    HAS_FILE,
    HAS_ROOM,
    HELD,
    LEASE_OVER,
    NOT_DELETED,
    NOT_EXPIRED,
    NOT_RELEASED,
    PURGE_DELAY,
    QUEUED,
    RUNNING,
    SAME_ATTEMPT,
    SAME_RETENTION,
    SETTLED,
    End,
)
from doseexport.aws.dynamodb.export_rows import export_key, new_row, owner_key, read_row
from doseexport.aws.dynamodb.table import Change, Check, Insert, Row, Table
from doseexport.domain.audit import (
    Actor,
    AuditEntry,
    AuditEvent,
    make_completion_entry,
    make_event_entry,
    make_failure_entry,
    make_request_entry,
    make_retention_entry,
)
from doseexport.domain.export import LEASE, Cleanup, Export, Failure, Progress, Result, State
from doseexport.domain.rights import Caller
from doseexport.domain.timestamps import to_epoch, to_text

FAILURE_RETENTION = timedelta(days=30)
"""How long a failed or aborted export is shown."""
TRIES = 3
"""How often a write is tried when other writes of the same row overtake it."""


class ExportRepository:
    """The exports table, and the audit trail that is written together with it."""

    def __init__(self, client: Any, table_name: str, audit: AuditRepository) -> None:
        self._table = Table(client, table_name)
        self._audit = audit

    # Reads

    def load(self, export_id: str) -> Export | None:
        """Return the export, even one that is deleted or expired."""
        row = self._table.get(export_key(export_id))
        return None if row is None else read_row(row)

    def find_owner_to_mail(self, export_id: str) -> Actor | None:
        """Return the owner of an export who requested a mail. Return None if they did not."""
        names = ("pk", "owner", "owner_name", "send_mail")
        row = self._table.get_attributes({"pk": export_key(export_id)}, names) or {}
        return Actor(row["owner"], row["owner_name"]) if row.get("send_mail") else None

    def get(self, export_id: str, now: datetime) -> Export | None:
        """Return the export, or None if it is unknown, deleted or expired."""
        export = self.load(export_id)
        return None if export is None or export.is_gone(now) else export

    def load_many(self, export_ids: Sequence[str]) -> list[Export]:
        """Return the exports that have a row, including deleted and expired ones, in the order of the ids."""
        rows = self._table.get_many([export_key(export_id) for export_id in export_ids])
        return [read_row(rows[key]) for key in map(export_key, export_ids) if key in rows]

    def get_many(self, export_ids: Sequence[str], now: datetime) -> list[Export]:
        """Return the exports that are neither unknown, deleted nor expired, in the order of the ids."""
        return [export for export in self.load_many(export_ids) if not export.is_gone(now)]

    # What people do

    def create(self, export: Export, limit: int, rate: int | None = None) -> Export | None:
        """Write a new export, if its owner has fewer than `limit` active ones.

        `rate` is how many exports an owner may request in one minute of the clock, or None for any number.
        Return the export that has the id now: this one, or an earlier one with the same id. An earlier one
        is returned even if the limit or the rate is reached, and may be deleted or expired. Return None if
        the limit or the rate is reached.
        """
        entry = self._audit.insert(make_request_entry(export))
        for _ in range(TRIES):  # another request of the owner may come in between
            owner = self._table.get(owner_key(export.owner)) or {}
            take_slot = _take_slot(export, owner, limit, rate)
            if self._table.write_together(Insert(new_row(export)), take_slot, entry):
                return export
            earlier = self.load(export.id)
            if earlier is not None or _is_full(owner, export.created_at, limit, rate):
                return earlier
        return None

    def find_rate_wait(self, owner: str, now: datetime, rate: int) -> int | None:
        """Return in how many seconds the owner may request again, or None if the rate is not reached."""
        row = self._table.get(owner_key(owner)) or {}
        return 60 - now.second if _is_rate_reached(row, now, rate) else None

    def request_abort(self, export_id: str, by: Caller, now: datetime) -> Export | None:
        """Abort a queued export, or request a running one to stop. Return the export after that, if any."""
        for _ in range(TRIES):  # a claim or a requeue may come in between
            export = self.load(export_id)
            if export is None or export.state not in {State.QUEUED, State.RUNNING}:
                return export
            if self._stop(export, by, now):
                break
        return self.load(export_id)

    def issue_link(self, export: Export, by: Caller, now: datetime) -> bool:
        """Record that a caller gets a download link. Return False if the file no longer exists."""
        has_file = Check(
            export_key(export.id),
            f"#status = :COMPLETED AND {NOT_DELETED} AND {NOT_EXPIRED}",
            {**CONSTANTS, "now": to_text(now)},
        )
        entry = make_event_entry(AuditEvent.LINK_ISSUED, export.id, export.attempt, now, by)
        return self._table.write_together(has_file, self._audit.insert(entry))

    def delete(self, export_id: str, by: Caller, now: datetime) -> bool:
        """Hide an ended export from every read and forget its filters and its name.

        Return False if the export is active, deleted or unknown.
        """
        export = self.load(export_id)
        if export is None:
            return False
        cleanup = "" if export.was_never_started else ", #cleanup = :ORPHANED"
        return self._record(
            make_event_entry(AuditEvent.DELETED, export_id, export.attempt, now, by),
            f"SET #deleted_at = :now, #ttl = :ttl{cleanup} REMOVE {FORGOTTEN}",
            f"{SETTLED} AND {NOT_DELETED} AND {SAME_ATTEMPT}",
            attempt=export.attempt,
            now=to_text(now),
            ttl=to_epoch(now + PURGE_DELAY),
        )

    def set_retention(self, export_id: str, days: int, by: Caller, now: datetime) -> Export | None:
        """Set how many days after the export's end its file is retained. Return the changed export.

        Return None if there will be no file: unknown, deleted, expired, failed, aborted or aborting.
        """
        for _ in range(TRIES):  # it may be claimed, requeued or completed in between
            export = self.get(export_id, now)
            if export is None or not export.can_set_retention:
                return None
            if self._set_retention(export, days, by, now):
                return self.load(export_id)
        return None

    # What a worker does with the export that it has claimed

    def claim(self, export_id: str, attempt: int, now: datetime) -> Export | None:
        """Take the export for one attempt. Return None if it is not queued for this attempt."""
        claimed = self._record(
            make_event_entry(AuditEvent.STARTED, export_id, attempt, now),
            "SET #status = :RUNNING, #started_at = :now, #lease_until = :lease, #studies_done = :zero"
            " REMOVE #studies_total, #error_code, #error",
            f"{QUEUED} AND {SAME_ATTEMPT}",
            attempt=attempt,
            now=to_text(now),
            lease=_end_lease(now),
            zero=0,
        )
        return self.load(export_id) if claimed else None

    def beat(self, export_id: str, attempt: int, progress: Progress, now: datetime) -> State | None:
        """Renew the lease and write the progress. Return RUNNING, or ABORTING if the worker must stop.

        Return None if the attempt has lost the export or released it.
        """
        export = self._change(
            export_id,
            "SET #lease_until = :lease, #studies_done = :studies_done, #studies_total = :studies_total",
            f"{SAME_ATTEMPT} AND {HELD} AND {NOT_RELEASED}",
            attempt=attempt,
            lease=_end_lease(now),
            studies_done=progress.studies_done,
            studies_total=progress.studies_total,
        )
        return None if export is None else export.state

    def record_upload(self, export_id: str, attempt: int, key: str, upload_id: str) -> bool:
        """Write which upload is under way, before its first part. Return False if the export is lost."""
        recorded = self._change(
            export_id,
            "SET #key = :key, #upload_id = :upload_id",
            f"{SAME_ATTEMPT} AND {HELD}",
            attempt=attempt,
            key=key,
            upload_id=upload_id,
        )
        return recorded is not None

    def complete(
        self, export_id: str, attempt: int, result: Result, now: datetime, retention: timedelta
    ) -> bool:
        """Publish the file. This is the only place that sets COMPLETED.

        Return False if the export was aborted or lost meanwhile.
        The file is retained for as long as the row says, or for `retention` if the row does not say.
        """
        entry = make_completion_entry(export_id, attempt, now, result)
        for _ in range(TRIES):  # its retention may be changed in between
            export = self.load(export_id)
            if export is None or (export.state, export.attempt) != (State.RUNNING, attempt):
                return False
            days = export.retention_days or retention.days
            if self._settle_as_read(export, entry, _publish(attempt, result, days), timedelta(days=days)):
                return True
        return False

    def fail(self, export_id: str, attempt: int, code: str, message: str, now: datetime) -> bool:
        """Settle as FAILED. Return False if the export was aborted or lost meanwhile."""
        return self._fail(export_id, attempt, Failure(code, message), now, RUNNING)

    def settle_aborted(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Settle an ABORTING export as ABORTED. Return False if it is not ABORTING in this attempt."""
        return self._abort(make_event_entry(AuditEvent.ABORTED, export_id, attempt, now), ABORTING)

    def release(self, export_id: str, attempt: int, code: str, message: str, now: datetime) -> bool:
        """End the lease for a reason that may pass: the sweep requeues the export, or fails it."""
        released = self._change(
            export_id,
            "SET #lease_until = :epoch, #error_code = :code, #error = :message",
            f"{SAME_ATTEMPT} AND {HELD}",
            attempt=attempt,
            epoch=to_epoch(now),
            code=code,
            message=message,
        )
        return released is not None

    # What the sweep does

    def mark_sent(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Count a message sent for the attempt. Return False if the attempt is no longer queued."""
        sent = self._change(
            export_id,
            "SET #queued_at = :now ADD #sends :one",
            f"{QUEUED} AND {SAME_ATTEMPT}",
            attempt=attempt,
            now=to_text(now),
            one=1,
        )
        return sent is not None

    def requeue(self, export_id: str, attempt: int, now: datetime) -> Export | None:
        """Queue an export whose lease is over, as its next attempt. Return None if its lease is not over."""
        requeued = self._record(
            make_event_entry(AuditEvent.REQUEUED, export_id, attempt + 1, now),
            "SET #status = :QUEUED, #attempt = :next, #sends = :zero, #queued_at = :now"
            f" REMOVE {ATTEMPT_FIELDS}",
            f"{LEASE_OVER} AND {SAME_ATTEMPT}",
            attempt=attempt,
            next=attempt + 1,
            zero=0,
            now=to_text(now),
            epoch=to_epoch(now),
        )
        return self.load(export_id) if requeued else None

    def give_up(self, export_id: str, attempt: int, failure: Failure, now: datetime) -> bool:
        """Settle as FAILED an export that is queued, or whose lease is over. Return False for any other."""
        return self._fail(export_id, attempt, failure, now, f"({QUEUED} OR {LEASE_OVER})")

    def finish_cleanup(self, export_id: str) -> None:
        """Record that the objects of an export are deleted for good, so that the sweep skips it."""
        self._change(export_id, "REMOVE #cleanup", "#cleanup = :ORPHANED")

    def mark_clean(self, export_id: str) -> None:
        """Record that an ended export's objects are deleted. A worker may still make more."""
        self._change(export_id, "SET #is_clean = :yes", "#cleanup IN (:ORPHANED, :SUPERSEDED)", yes=True)

    def mark_retained(self, export_id: str) -> None:
        """Record that only the expiry remains to be handled.

        No earlier attempt can write objects any more.
        """
        self._change(export_id, "SET #cleanup = :RETAINED", "#cleanup = :SUPERSEDED")

    def expire(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Mark an expired file for deletion and forget its filters and its name.

        Return False if its expiry has moved.

        From here on its retention cannot change: only files that no row promises are deleted.
        """
        return self._record(
            make_event_entry(AuditEvent.EXPIRED, export_id, attempt, now),
            f"SET #cleanup = :ORPHANED REMOVE {FORGOTTEN}",
            f"#cleanup = :RETAINED AND {EXPIRED}",
            now=to_text(now),
        )

    # How writes are made

    def _change(self, export_id: str, update: str, condition: str, **values: Any) -> Export | None:
        """Make a change that has no audit entry. Return the export after it."""
        row = self._table.update(_make_change(export_id, update, condition, values))
        return None if row is None else read_row(row)

    def _record(self, entry: AuditEntry, update: str, condition: str, **values: Any) -> bool:
        """Make a change and write its audit entry: both or neither."""
        change = _make_change(entry.export_id, update, condition, values)
        return self._table.write_together(change, self._audit.insert(entry))

    def _settle(self, entry: AuditEntry, end: End, shown_for: timedelta) -> bool:
        export = self.load(entry.export_id)
        return export is not None and self._settle_as_read(export, entry, end, shown_for)

    def _settle_as_read(self, export: Export, entry: AuditEntry, end: End, shown_for: timedelta) -> bool:
        """Write the end of an export, free its owner's slot and write its audit entry: all or nothing."""
        free_slot = Change(owner_key(export.owner), "DELETE #active :ids", values={"ids": {export.id}})
        change = end.make_change(export.id, entry.at, shown_for)
        return self._table.write_together(change, free_slot, self._audit.insert(entry))

    def _fail(self, export_id: str, attempt: int, failure: Failure, now: datetime, condition: str) -> bool:
        values = {
            "attempt": attempt,
            "code": failure.code,
            "message": failure.message,
            "epoch": to_epoch(now),
        }
        failed = "#error_code = :code, #error = :message,"
        end = End(State.FAILED, Cleanup.ORPHANED, f"{SAME_ATTEMPT} AND {condition}", failed, values)
        return self._settle(make_failure_entry(export_id, attempt, now, failure.code), end, FAILURE_RETENTION)

    def _abort(self, entry: AuditEntry, condition: str, cleanup: Cleanup | None = Cleanup.ORPHANED) -> bool:
        condition = f"{condition} AND {SAME_ATTEMPT}"
        end = End(State.ABORTED, cleanup, condition, "", {"attempt": entry.attempt})
        return self._settle(entry, end, FAILURE_RETENTION)

    def _stop(self, export: Export, by: Caller, now: datetime) -> bool:
        """Stop an export as it was read. Return False if it has changed since."""
        if export.state is State.QUEUED:
            entry = make_event_entry(AuditEvent.ABORTED, export.id, export.attempt, now, by)
            cleanup = None if export.was_never_started else Cleanup.ORPHANED
            return self._abort(entry, QUEUED, cleanup)
        entry = make_event_entry(AuditEvent.ABORT_REQUESTED, export.id, export.attempt, now, by)
        running = f"{RUNNING} AND {SAME_ATTEMPT}"
        return self._record(entry, "SET #status = :ABORTING", running, attempt=export.attempt)

    def _set_retention(self, export: Export, days: int, by: Caller, now: datetime) -> bool:
        """Set the retention of an export as it was read. Return False if it has changed since."""
        if export.finished_at is None:
            return self._record(
                make_retention_entry(export, now, by, days, None),
                "SET #retention_days = :days",
                f"({QUEUED} OR {RUNNING}) AND {SAME_ATTEMPT}",
                attempt=export.attempt,
                days=days,
            )
        until = export.finished_at + timedelta(days=days)
        return self._record(
            make_retention_entry(export, now, by, days, until),
            "SET #retention_days = :days, #expires_at = :until, #ttl = :ttl",
            f"{HAS_FILE} AND {SAME_ATTEMPT}",
            attempt=export.attempt,
            days=days,
            until=to_text(until),
            ttl=to_epoch(until + PURGE_DELAY),
            now=to_text(now),
        )


def _take_slot(export: Export, owner: Row, limit: int, rate: int | None) -> Change:
    """Return the change that counts the export for its owner, as the owner's row was read."""
    values = {
        "ids": {export.id},
        "limit": limit,
        "minute": _name_minute(export.created_at),
        "one": 1,
        "rate": rate,
    }
    if owner.get("minute") == values["minute"]:
        is_allowed = HAS_ROOM if rate is None else f"{HAS_ROOM} AND #requests < :rate"
        is_same = f"{is_allowed} AND #minute = :minute"
        return Change(owner_key(export.owner), "ADD #active :ids, #requests :one", is_same, values)
    is_new = f"{HAS_ROOM} AND (attribute_not_exists(#minute) OR #minute <> :minute)"
    update = "SET #minute = :minute, #requests = :one ADD #active :ids"
    return Change(owner_key(export.owner), update, is_new, values)


def _is_full(owner: Row, now: datetime, limit: int, rate: int | None) -> bool:
    is_fast = rate is not None and _is_rate_reached(owner, now, rate)
    return is_fast or len(owner.get("active", ())) >= limit


def _is_rate_reached(owner: Row, now: datetime, rate: int) -> bool:
    return bool(owner.get("minute") == _name_minute(now) and owner["requests"] >= rate)


def _name_minute(when: datetime) -> str:
    return to_text(when)[:16]


def _make_change(export_id: str, update: str, condition: str, values: dict[str, Any]) -> Change:
    return Change(export_key(export_id), update, condition, {**CONSTANTS, **values})


def _publish(attempt: int, result: Result, retention_days: int) -> End:
    return End(
        State.COMPLETED,
        Cleanup.RETAINED if attempt == 1 else Cleanup.SUPERSEDED,
        f"{RUNNING} AND {SAME_ATTEMPT} AND {SAME_RETENTION}",
        "#key = :key, #file_name = :file_name, #size = :size, #sha256 = :sha256, #studies = :studies,"
        " #events = :events, #warnings = :warnings, #has_manifest = :has_manifest, #answer = :answer,"
        " #studies_done = :studies, #studies_total = :studies, #retention_days = :retention_days,",
        {
            "attempt": attempt,
            "retention_days": retention_days,
            **asdict(result),
            "warnings": list(result.warnings),
        },
    )


def _end_lease(now: datetime) -> int:
    return to_epoch(now + LEASE)
