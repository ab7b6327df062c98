"""The trail's table: entries are put beside the change they tell of, and read; nothing changes them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from doseexport.aws.dynamodb.export_rows import export_key
from doseexport.aws.dynamodb.table import Insert, Table
from doseexport.domain.audit import AuditEntry, new_entry_row, read_entry, record_reading
from doseexport.domain.rights import Caller


class AuditRepository:
    """The table of entries, each kept for `kept`."""

    def __init__(self, client: Any, table_name: str, kept: timedelta) -> None:
        self._table = Table(client, table_name)
        self._name = table_name
        self._kept = kept
        self._noted: set[tuple[str, str, date]] = set()

    def insert(self, entry: AuditEntry) -> Insert:
        """Return the write of an entry, to be made together with what it tells of."""
        return Insert(new_entry_row(entry, self._kept), self._name)

    def record_reading_once(self, export_id: str, by: Caller, now: datetime) -> None:
        """Write down that somebody reads what an export of patients asks for, once a day."""
        reading = (export_id, by.id, now.date())
        if reading not in self._noted:
            self._table.write_together(self.insert(record_reading(export_id, now, by)))
            self._noted.add(reading)

    def read(self, export_id: str) -> list[AuditEntry]:
        """Return an export's entries, oldest first; none of an unknown one."""
        pages = self._table.query(
            None, "#pk = :value", {"value": export_key(export_id)}, None, newest_first=False
        )
        return [read_entry(row) for row in chain.from_iterable(pages)]
