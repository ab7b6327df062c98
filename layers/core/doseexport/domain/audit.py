"""The audit trail: what happened to each export, and who was shown names or IDs of patients without one.

An entry is written once, together with the change it records, and never changed. Only the entries `requested`
and `first_rows_shown` hold filters. docs/data-model.md lists the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from doseexport.catalogue.options import PSEUDONYMS
from doseexport.domain.export import Export, Result
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller
from doseexport.domain.timestamps import to_text


class AuditEvent(StrEnum):
    """What an entry records.

    SKIPPED: a schedule was due and paused instead of requesting the export. FIRST_ROWS_SHOWN: a caller was
    shown names or IDs of patients in first rows. All others are about an export.
    """

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
    MAIL_SENT = "mail_sent"
    MAIL_FAILED = "mail_failed"
    FIRST_ROWS_SHOWN = "first_rows_shown"


@dataclass(frozen=True, slots=True)
class Actor:
    """A user or a program: the Cognito sub (a program's client id), and the name that others see."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. `by` is None for the service itself; `at` is an aware datetime.

    `export_id` is empty if the entry is about no export (FIRST_ROWS_SHOWN only). `request` describes what was
    requested (REQUESTED and FIRST_ROWS_SHOWN only), `file` the contents of the file (COMPLETED only), `code`
    the reason (FAILED, SKIPPED and MAIL_FAILED only), `retention` the new retention (RETENTION_CHANGED only).
    `send_mail` asks for a mail to the owner (SKIPPED only).
    """

    export_id: str
    event: AuditEvent
    attempt: int
    at: datetime
    by: Actor | None = None
    request: Mapping[str, Any] | None = None
    file: Mapping[str, Any] | None = None
    code: str | None = None
    retention: Mapping[str, Any] | None = None
    send_mail: bool = False

    @property
    def names_patients(self) -> bool:
        """Whether the entry holds filters that identify a patient."""
        return bool(self.request and self.request["patient_filters"])


def make_event_entry(
    event: AuditEvent, export_id: str, attempt: int, at: datetime, caller: Caller | None = None
) -> AuditEntry:
    """Return an entry that holds nothing but the event and who caused it."""
    return AuditEntry(export_id, event, attempt, at, Actor(caller.id, caller.name) if caller else None)


def make_request_entry(export: Export) -> AuditEntry:
    """Return the entry of a new export, with its filters."""
    by = Actor(export.owner, export.owner_name)
    request = describe_request(export.request)
    if export.schedule_id is not None:
        request["schedule_id"] = export.schedule_id
    return AuditEntry(export.id, AuditEvent.REQUESTED, export.attempt, export.created_at, by, request=request)


def make_completion_entry(export_id: str, attempt: int, at: datetime, result: Result) -> AuditEntry:
    """Return the entry of a published file: counts, bytes and SHA-256, but not its name."""
    file = {
        "studies": result.studies,
        "events": result.events,
        "size": result.size,
        "sha256": result.sha256,
    }
    return AuditEntry(export_id, AuditEvent.COMPLETED, attempt, at, file=file)


def make_failure_entry(export_id: str, attempt: int, at: datetime, code: str) -> AuditEntry:
    """Return the entry of an export that failed: its code, but not its message."""
    return AuditEntry(export_id, AuditEvent.FAILED, attempt, at, code=code)


def make_skipped_entry(
    export_id: str, owner: Actor, at: datetime, code: str, *, send_mail: bool = False
) -> AuditEntry:
    """Return the entry of an export that a schedule did not request: `code` is why the schedule is paused."""
    return AuditEntry(export_id, AuditEvent.SKIPPED, 1, at, owner, code=code, send_mail=send_mail)


def make_mail_entry(source: AuditEntry, at: datetime, code: str | None) -> AuditEntry:
    """Return the entry of a mail to the owner about another entry. `code` is why it could not be sent."""
    event = AuditEvent.MAIL_SENT if code is None else AuditEvent.MAIL_FAILED
    return AuditEntry(source.export_id, event, source.attempt, at, code=code)


def make_reading_entry(export_id: str, at: datetime, by: Caller) -> AuditEntry:
    """Return the entry of a caller who reads filters of another user's export that name patients."""
    return AuditEntry(export_id, AuditEvent.READ, 1, at, Actor(by.id, by.name))


def make_first_rows_entry(request: ExportRequest, at: datetime, by: Caller) -> AuditEntry:
    """Return the entry of a caller who is shown names or IDs of patients in the first rows of a request."""
    actor = Actor(by.id, by.name)
    return AuditEntry("", AuditEvent.FIRST_ROWS_SHOWN, 1, at, actor, request=describe_request(request))


def make_retention_entry(
    export: Export, at: datetime, by: Caller, days: int, until: datetime | None
) -> AuditEntry:
    """Return the entry of a changed retention. `until` is None while the export has not ended."""
    retention = {"days": days, "until": None if until is None else to_text(until)}
    actor = Actor(by.id, by.name)
    return AuditEntry(export.id, AuditEvent.RETENTION_CHANGED, export.attempt, at, actor, retention=retention)


def describe_request(request: ExportRequest) -> dict[str, Any]:
    """Return the request as an entry holds it: filters that identify a patient are separate."""
    spec = request.spec
    naming = {name: value for name, value in request.filters.items() if spec.filter(name).identifies_patient}
    return {
        "type": request.type,
        "filters": {name: value for name, value in request.filters.items() if name not in naming},
        "patient_filters": naming,
        "include_names": request.include_names,
        "include_ids": request.include_ids,
        **({PSEUDONYMS.name: request.options[PSEUDONYMS.name]} if request.has_pseudonyms else {}),
    }


def find_owner_id(entries: Sequence[AuditEntry]) -> str | None:
    """Return the sub of the owner: who requested the export, or whose schedule skipped it.

    Return None if no entry says so.
    """
    owned = (each for each in entries if each.event in {AuditEvent.REQUESTED, AuditEvent.SKIPPED})
    return next((each.by.id for each in owned if each.by), None)
