"""Notices of what happened to exports, made from the trail's entries: ids and counts, nothing else. Pure.

docs/notifications.schema.json is their form, docs/notifications.md how to listen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doseexport.domain.audit import AuditEntry, AuditEvent
from doseexport.domain.timestamps import to_text

SOURCE = "doseexport"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message for people: plain text, without anything that was asked for."""

    subject: str
    text: str


def is_notified(kind: AuditEvent) -> bool:
    """Whether such an entry is announced: every change of an export but that of its retention."""
    return kind not in {AuditEvent.RETENTION_CHANGED, AuditEvent.READ}


def name_notification(kind: AuditEvent) -> str:
    """Return an event's detail-type: "Export completed", "Export link issued"."""
    return f"Export {kind.replace('_', ' ')}"


def describe_entry(entry: AuditEntry, notification_id: str) -> dict[str, Any]:
    """Return an event's detail; the same entry told twice has the same `notification_id`."""
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


def write_mail(entry: AuditEntry, page: str) -> Mail | None:
    """Return what people hear of an export that has completed or failed, or was not asked for; else None.

    `page` is the origin of the page: the mail's link leads there, never to the file.
    """
    describe = {
        AuditEvent.COMPLETED: _tell_contents,
        AuditEvent.FAILED: _tell_reason,
        AuditEvent.SKIPPED: _tell_pause,
    }
    if entry.event not in describe:
        return None
    text = f"The export {entry.export_id} {describe[entry.event](entry)}.\n\n{page}/#exports\n"
    return Mail(f"Dose export {entry.event}", text)


def _tell_contents(entry: AuditEntry) -> str:
    file: Mapping[str, Any] = entry.file or {}
    return f"has completed: {file.get('studies', 0):,} studies, {file.get('size', 0):,} bytes"


def _tell_reason(entry: AuditEntry) -> str:
    return f"has failed: {entry.code}"


def _tell_pause(entry: AuditEntry) -> str:
    return f"was due, but its schedule is paused: {entry.code}"
