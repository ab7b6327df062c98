"""Turn an audit entry into a row of the audit table, and back. docs/data-model.md lists the attributes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.export_rows import export_key
from doseexport.domain.audit import Actor, AuditEntry, AuditEvent
from doseexport.domain.timestamps import to_epoch, to_text

_COUNTS = ("studies", "events", "size")


def first_rows_key(month: str) -> str:
    """Return the partition key of the entries about first rows of a month (2026-11)."""
    return f"FIRST_ROWS#{month}"


def new_entry_row(entry: AuditEntry, retention: timedelta) -> dict[str, Any]:
    """Return the entry's row, which DynamoDB deletes once `retention` has passed.

    No two entries share a key, except readings by one person on one day, of which only the first is written.
    """
    given = {
        "request": entry.request,
        "file": entry.file,
        "code": entry.code,
        "retention": entry.retention,
        "by": {"id": entry.by.id, "name": entry.by.name} if entry.by else None,
    }
    return {
        "pk": _make_partition_key(entry),
        "sk": _make_sort_key(entry),
        "at": to_text(entry.at),
        "event": entry.event.value,
        "attempt": entry.attempt,
        "ttl": to_epoch(entry.at + retention),
        **({"send_mail": True} if entry.send_mail else {}),
        **{name: value for name, value in given.items() if value is not None},
    }


def mail_sort_key(source: AuditEntry) -> str:
    """Return the sort key of the entry of a mail about another entry: there is one per entry."""
    return f"{to_text(source.at)}#mail#{source.event}"


def read_entry(row: Mapping[str, Any]) -> AuditEntry:
    """Return the entry that a row holds. Raise KeyError or ValueError if the row holds none."""
    file, retention = row.get("file"), row.get("retention")
    return AuditEntry(
        export_id=_read_export_id(row["pk"]),
        event=AuditEvent(row["event"]),
        attempt=int(row["attempt"]),
        at=datetime.fromisoformat(row["at"]),
        by=Actor(**row["by"]) if "by" in row else None,
        request=row.get("request"),
        file=None if file is None else {**file, **{name: int(file[name]) for name in _COUNTS}},
        code=row.get("code"),
        send_mail=row.get("send_mail", False),
        retention=None if retention is None else {**retention, "days": int(retention["days"])},
    )


def _make_partition_key(entry: AuditEntry) -> str:
    if entry.event is AuditEvent.FIRST_ROWS_SHOWN:
        return first_rows_key(to_text(entry.at)[:7])
    return export_key(entry.export_id)


def _read_export_id(pk: str) -> str:
    prefix = export_key("")
    return pk.removeprefix(prefix) if pk.startswith(prefix) else ""


def _make_sort_key(entry: AuditEntry) -> str:
    at = to_text(entry.at)
    if entry.event is AuditEvent.READ and entry.by:
        return f"{at[:10]}#{entry.event}#{entry.by.id}"
    return f"{at}#{entry.event}#{secrets.token_hex(8)}"
