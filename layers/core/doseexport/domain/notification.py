"""Notices of what happened to exports, made from the trail's entries: ids and counts, nothing else. Pure.

docs/notices.schema.json is their form, docs/notices.md how to listen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doseexport.aws.dynamodb.export_rows import to_text
from doseexport.domain.audit import Entry, Kind

SOURCE = "doseexport"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message for people: plain text, without anything that was asked for."""

    subject: str
    text: str


def is_told(kind: Kind) -> bool:
    """Whether a notice is sent of such entries: of changes of an export, but for how long it is kept."""
    return kind not in {Kind.KEPT, Kind.READ}


def name_notice(kind: Kind) -> str:
    """Return an event's detail-type: "Export completed", "Export link issued"."""
    return f"Export {kind.replace('_', ' ')}"


def describe_entry(entry: Entry, notice_id: str) -> dict[str, Any]:
    """Return an event's detail; the same entry told twice has the same `notice_id`."""
    detail: dict[str, Any] = {
        "notice_id": notice_id,
        "export_id": entry.export_id,
        "kind": entry.kind.value,
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


def write_mail(entry: Entry, page: str) -> Mail | None:
    """Return what people hear of an export that has completed or failed, or was not asked for; else None.

    `page` is the origin of the page: the mail's link leads there, never to the file.
    """
    tell = {Kind.COMPLETED: _tell_contents, Kind.FAILED: _tell_reason, Kind.WITHHELD: _tell_pause}
    if entry.kind not in tell:
        return None
    text = f"The export {entry.export_id} {tell[entry.kind](entry)}.\n\n{page}/#exports\n"
    return Mail(f"Dose export {entry.kind}", text)


def _tell_contents(entry: Entry) -> str:
    file: Mapping[str, Any] = entry.file or {}
    return f"has completed: {file.get('studies', 0):,} studies, {file.get('size', 0):,} bytes"


def _tell_reason(entry: Entry) -> str:
    return f"has failed: {entry.code}"


def _tell_pause(entry: Entry) -> str:
    return f"was due, but its schedule is paused: {entry.code}"
