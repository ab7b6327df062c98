"""Notifications of what happened to exports, made from audit entries. They hold only ids and counts.

docs/notifications.schema.json defines their format, and docs/notifications.md shows how to subscribe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from doseexport.domain.audit import AuditEntry, AuditEvent
from doseexport.domain.timestamps import to_text

SOURCE = "doseexport"


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text mail. It holds nothing of the request."""

    subject: str
    text: str


class MailFailure(StrEnum):
    """Why a mail to the owner of an export could not be sent."""

    OWNER_DELETED = "OWNER_DELETED"
    OWNER_DISABLED = "OWNER_DISABLED"
    ADDRESS_UNVERIFIED = "ADDRESS_UNVERIFIED"
    MAIL_REFUSED = "MAIL_REFUSED"


SILENT = frozenset(
    {
        AuditEvent.RETENTION_CHANGED,
        AuditEvent.READ,
        AuditEvent.MAIL_SENT,
        AuditEvent.MAIL_FAILED,
        AuditEvent.FIRST_ROWS_SHOWN,
    }
)
"""The events that are not announced."""


def is_notified(event: AuditEvent) -> bool:
    """Return whether the event is announced: all are, except those in SILENT."""
    return event not in SILENT


def name_notification(event: AuditEvent) -> str:
    """Return the detail-type of an event, such as "Export completed" or "Export link issued"."""
    return f"Export {event.replace('_', ' ')}"


def describe_entry(entry: AuditEntry, notification_id: str) -> dict[str, Any]:
    """Return the detail of an event. An entry that is sent twice has the same `notification_id` each time."""
    detail: dict[str, Any] = {
        "notification_id": notification_id,
        "export_id": entry.export_id,
        "event": entry.event.value,
        "attempt": entry.attempt,
        "time": to_text(entry.at),
    }
    if entry.by is not None:
        detail["by"] = entry.by.id
    if entry.file is not None:
        detail["file"] = dict(entry.file)
    if entry.code is not None:
        detail["code"] = entry.code
    return detail


def write_mail(entry: AuditEntry, app_url: str) -> Mail | None:
    """Return the mail about a completed, failed or skipped export. Return None for any other entry.

    `app_url` is the origin of the web page. The mail links to the page, never to the file.
    """
    describe = {
        AuditEvent.COMPLETED: _describe_file,
        AuditEvent.FAILED: _describe_failure,
        AuditEvent.SKIPPED: _describe_pause,
    }
    if entry.event not in describe:
        return None
    text = f"The export {entry.export_id} {describe[entry.event](entry)}.\n\n{app_url}/#exports\n"
    return Mail(f"Dose export {entry.event}", text)


def write_owner_mail(entry: AuditEntry, app_url: str) -> Mail | None:
    """Return the mail to the owner of an export that has ended. Return None for any other entry.

    It names the id of the export, counts and a code: nothing that a user has typed.
    """
    describe = {
        AuditEvent.COMPLETED: _describe_file,
        AuditEvent.FAILED: _describe_failure,
        AuditEvent.ABORTED: _describe_abort,
        AuditEvent.SKIPPED: _describe_pause,
    }
    if entry.event not in describe:
        return None
    place = "schedules" if entry.event is AuditEvent.SKIPPED else f"exports?export={entry.export_id}"
    text = (
        f"Your export {entry.export_id} {describe[entry.event](entry)}.\n\n{app_url}/#{place}\n\n"
        "You requested this mail with the export or its schedule. The page asks you to sign in.\n"
    )
    return Mail(f"Dose export {entry.event}", text)


def _describe_abort(_entry: AuditEntry) -> str:
    return "was aborted"


def _describe_file(entry: AuditEntry) -> str:
    file: Mapping[str, Any] = entry.file or {}
    return f"has completed: {file.get('studies', 0):,} studies, {file.get('size', 0):,} bytes"


def _describe_failure(entry: AuditEntry) -> str:
    return f"has failed: {entry.code}"


def _describe_pause(entry: AuditEntry) -> str:
    return f"was skipped because its schedule is paused: {entry.code}"
