"""What every part of the store stands on: reads, changes, and changes that the trail tells of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.conditions import CONSTANTS, MINE, End
from doseexport.aws.dynamodb.export_rows import export_key, owner_key, read_row, to_epoch
from doseexport.aws.dynamodb.table import Change, Table
from doseexport.domain.audit import AuditEntry, record_failure
from doseexport.domain.export import Cleanup, Export, Failure, State

REMEMBERED = timedelta(days=30)
"""How long a failed or aborted export is shown."""


class StoreBase:
    """The table of exports, and the trail that is written together with it."""

    def __init__(self, client: Any, table_name: str, audit: AuditRepository) -> None:
        self._table = Table(client, table_name)
        self._audit = audit

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
        return [export for export in self.load_many(export_ids) if not export.is_gone(now)]

    def load_many(self, export_ids: Sequence[str]) -> list[Export]:
        """Return those of the exports that have a row, even ones that are gone, in the order of the ids."""
        rows = self._table.get_many([export_key(export_id) for export_id in export_ids])
        return [read_row(rows[key]) for key in map(export_key, export_ids) if key in rows]

    def _change(self, export_id: str, update: str, condition: str, **values: Any) -> Export | None:
        """Make a change that the trail does not tell of; return the export after it."""
        row = self._table.update(_make_change(export_id, update, condition, values))
        return None if row is None else read_row(row)

    def _record(self, entry: AuditEntry, update: str, condition: str, **values: Any) -> bool:
        """Make a change and write its entry: both or neither."""
        change = _make_change(entry.export_id, update, condition, values)
        return self._table.write_together(change, self._audit.insert(entry))

    def _settle(self, entry: AuditEntry, end: End, kept: timedelta) -> bool:
        """Write the end of an export, free its owner's place, and write its entry: all or nothing."""
        export = self.load(entry.export_id)
        return export is not None and self._settle_as_read(export, entry, end, kept)

    def _settle_as_read(self, export: Export, entry: AuditEntry, end: End, kept: timedelta) -> bool:
        free_place = Change(owner_key(export.owner), "DELETE #active :ids", values={"ids": {export.id}})
        change = end.change(export.id, entry.at, kept)
        return self._table.write_together(change, free_place, self._audit.insert(entry))

    def _fail(self, export_id: str, attempt: int, failure: Failure, now: datetime, condition: str) -> bool:
        values = {
            "attempt": attempt,
            "code": failure.code,
            "message": failure.message,
            "epoch": to_epoch(now),
        }
        failed = "#error_code = :code, #error = :message,"
        end = End(State.FAILED, Cleanup.ORPHANED, f"{MINE} AND {condition}", failed, values)
        return self._settle(record_failure(export_id, attempt, now, failure.code), end, REMEMBERED)

    def _abort(self, entry: AuditEntry, condition: str) -> bool:
        end = End(State.ABORTED, Cleanup.ORPHANED, f"{condition} AND {MINE}", "", {"attempt": entry.attempt})
        return self._settle(entry, end, REMEMBERED)


def _make_change(export_id: str, update: str, condition: str, values: dict[str, Any]) -> Change:
    return Change(export_key(export_id), update, condition, {**CONSTANTS, **values})
