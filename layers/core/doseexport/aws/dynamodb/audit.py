"""The audit table: entries are written together with the change they record, and never changed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from doseexport.aws.dynamodb.audit_rows import new_entry_row, read_entry
from doseexport.aws.dynamodb.export_rows import export_key
from doseexport.aws.dynamodb.table import Insert, Table
from doseexport.domain.audit import AuditEntry, record_reading
from doseexport.domain.rights import Caller


class AuditRepository:
    """The entries of every export, each retained for `retention`."""

    def __init__(self, client: Any, table_name: str, retention: timedelta) -> None:
        self._table = Table(client, table_name)
        self._name = table_name
        self._retention = retention
        self._recorded: set[tuple[str, str, date]] = set()

    def insert(self, entry: AuditEntry) -> Insert:
        """Return the write of an entry, to be made in one transaction with the change it records."""
        return Insert(new_entry_row(entry, self._retention), self._name)

    def record_reading(self, export_id: str, by: Caller, now: datetime) -> None:
        """Record that a caller reads filters that name patients, once per person, export and day."""
        reading = (export_id, by.id, now.date())
        if reading not in self._recorded:
            self._table.write_together(self.insert(record_reading(export_id, now, by)))
            self._recorded.add(reading)

    def read(self, export_id: str) -> list[AuditEntry]:
        """Return an export's entries, oldest first. An unknown export has none."""
        pages = self._table.query(
            None, "#pk = :value", {"value": export_key(export_id)}, None, newest_first=False
        )
        return [read_entry(row) for row in chain.from_iterable(pages)]
