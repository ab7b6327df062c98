"""The trail of an export: what happened to it, when, and by whom. Pure.

Entries are written once, together with the change they tell of, and are never changed. Nothing but the
entry `requested` holds filters; docs/architecture.md lists the attributes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from doseexport.aws.dynamodb.export_rows import export_key, to_epoch, to_text
from doseexport.domain.export import Export, Result
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller


class AuditEvent(StrEnum):
    """What an entry tells of."""

    REQUESTED = "requested"
    STARTED = "started"
    REQUEUED = "requeued"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORT_REQUESTED = "abort_requested"
    ABORTED = "aborted"
    LINK_ISSUED = "link_issued"
    RETENTION_CHANGED = "retention_changed"
    READ = "read"
    DELETED = "deleted"
    EXPIRED = "expired"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it: the Cognito sub (a program's client id), and what others see."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry; `by` None: the service itself. `at` is an aware datetime.

    `asked` is what was asked for (requested alone), `file` what is in the file (completed alone),
    `code` why it failed, or was not asked for (failed and skipped alone), `kept` for how long its file is
    kept (kept alone).
    """

    export_id: str
    event: AuditEvent
    attempt: int
    at: datetime
    by: Person | None = None
    request: Mapping[str, Any] | None = None
    file: Mapping[str, Any] | None = None
    code: str | None = None
    retention: Mapping[str, Any] | None = None


def record_request(export: Export) -> AuditEntry:
    """Return the entry of a new export: the only one that holds filters."""
    by = Person(export.owner, export.owner_name)
    asked = describe_request(export.request)
    if export.schedule_id is not None:
        asked["schedule_id"] = export.schedule_id
    return AuditEntry(export.id, AuditEvent.REQUESTED, export.attempt, export.created_at, by, request=asked)


def record_event(
    event: AuditEvent, export_id: str, attempt: int, at: datetime, caller: Caller | None = None
) -> AuditEntry:
    """Return an entry of which no more is to be said than who did it."""
    return AuditEntry(export_id, event, attempt, at, Person(caller.id, caller.name) if caller else None)


def record_completion(export_id: str, attempt: int, at: datetime, result: Result) -> AuditEntry:
    """Return the entry of a published file: counts, bytes and SHA-256, not its name."""
    file = {
        "studies": result.studies,
        "events": result.events,
        "size": result.size,
        "sha256": result.sha256,
    }
    return AuditEntry(export_id, AuditEvent.COMPLETED, attempt, at, file=file)


def record_failure(export_id: str, attempt: int, at: datetime, code: str) -> AuditEntry:
    """Return the entry of an export that failed: its code, not its message."""
    return AuditEntry(export_id, AuditEvent.FAILED, attempt, at, code=code)


def record_skipped(export_id: str, owner: Person, at: datetime, code: str) -> AuditEntry:
    """Return the entry of an export that its owner's schedule did not ask for: why the schedule is paused."""
    return AuditEntry(export_id, AuditEvent.SKIPPED, 1, at, owner, code=code)


def record_reading(export_id: str, at: datetime, by: Caller) -> AuditEntry:
    """Return the entry of somebody who reads what another's export of patients asks for: one a day."""
    return AuditEntry(export_id, AuditEvent.READ, 1, at, Person(by.id, by.name))


def record_retention(
    export: Export, at: datetime, by: Caller, days: int, until: datetime | None
) -> AuditEntry:
    """Return the entry of how long a file shall be kept; `until` None: from the end to come."""
    kept = {"days": days, "until": None if until is None else to_text(until)}
    return AuditEntry(
        export.id, AuditEvent.RETENTION_CHANGED, export.attempt, at, Person(by.id, by.name), retention=kept
    )


def describe_request(request: ExportRequest) -> dict[str, Any]:
    """Return what was asked for; filters that name a patient apart, whatever later releases call them."""
    naming = {name: value for name, value in request.filters.items() if request.spec.filter(name).pid}
    return {
        "type": request.type,
        "filters": {name: value for name, value in request.filters.items() if name not in naming},
        "patient_filters": naming,
        "include_names": request.include_names,
        "include_ids": request.include_ids,
    }


def find_owner(entries: Sequence[AuditEntry]) -> str | None:
    """Return the sub of who asked, or whose schedule did not; None if the export is older than the trail."""
    owned = (each for each in entries if each.event in {AuditEvent.REQUESTED, AuditEvent.SKIPPED})
    return next((each.by.id for each in owned if each.by), None)


def new_entry_row(entry: AuditEntry, kept: timedelta) -> dict[str, Any]:
    """Return the entry's row, which DynamoDB forgets once `kept` has passed.

    No two share a key, but readings of one person on one day, of which the first is kept.
    """
    at = to_text(entry.at)
    given = {
        "request": entry.request,
        "file": entry.file,
        "code": entry.code,
        "retention": entry.retention,
    }
    if entry.by is not None:
        given["by"] = {"id": entry.by.id, "name": entry.by.name}
    return {
        "pk": export_key(entry.export_id),
        "sk": _name_entry(entry),
        "at": at,
        "event": entry.event.value,
        "attempt": entry.attempt,
        "ttl": to_epoch(entry.at + kept),
        **{name: value for name, value in given.items() if value is not None},
    }


def _name_entry(entry: AuditEntry) -> str:
    at = to_text(entry.at)
    if entry.event is AuditEvent.READ and entry.by:
        return f"{at[:10]}#{entry.event}#{entry.by.id}"
    return f"{at}#{entry.event}#{secrets.token_hex(8)}"


def read_entry(row: Mapping[str, Any]) -> AuditEntry:
    """Return the entry that a row holds; KeyError or ValueError if it is none."""
    file, kept = row.get("file"), row.get("retention")
    return AuditEntry(
        export_id=row["pk"].removeprefix(export_key("")),
        event=AuditEvent(row["event"]),
        attempt=int(row["attempt"]),
        at=datetime.fromisoformat(row["at"]),
        by=Person(**row["by"]) if "by" in row else None,
        request=row.get("request"),
        file=None if file is None else {**file, **{name: int(file[name]) for name in _COUNTS}},
        code=row.get("code"),
        retention=None if kept is None else {**kept, "days": int(kept["days"])},
    )


_COUNTS = ("studies", "events", "size")
