"""The audit table: entries are written together with the change they record, and never changed.

Entries about what changes nothing are written alone.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from doseexport.aws.dynamodb.audit_rows import first_rows_key, mail_sort_key, new_entry_row, read_entry
from doseexport.aws.dynamodb.export_rows import export_key
from doseexport.aws.dynamodb.table import Insert, Query, Table
from doseexport.domain.audit import AuditEntry, make_mail_entry, make_reading_entry
from doseexport.domain.rights import Caller


class AuditRepository:
    """The entries of every export and about first rows, each retained for `retention`."""

    def __init__(self, client: Any, table_name: str, retention: timedelta) -> None:
        self._table = Table(client, table_name)
        self._name = table_name
        self._retention = retention
        self._recorded: set[tuple[str, str, date]] = set()

    def insert(self, entry: AuditEntry) -> Insert:
        """Return the write of an entry, to be made in one transaction with the change it records."""
        return Insert(new_entry_row(entry, self._retention), self._name)

    def write_reading(self, export_id: str, by: Caller, now: datetime) -> None:
        """Write that a caller read filters that name patients, once per caller, export and day."""
        reading = (export_id, by.id, now.date())
        if reading not in self._recorded:
            self._table.write_together(self.insert(make_reading_entry(export_id, now, by)))
            self._recorded.add(reading)

    def write_first_rows(self, entry: AuditEntry) -> bool:
        """Write an entry about first rows, which are shown only after that. Return False if it exists."""
        return self._table.write_together(self.insert(entry))

    def has_mail(self, source: AuditEntry) -> bool:
        """Return whether a mail about an entry was sent, or could not be sent."""
        key = {"pk": export_key(source.export_id), "sk": mail_sort_key(source)}
        return self._table.get_attributes(key, ("pk", "sk")) is not None

    def write_mail(self, source: AuditEntry, now: datetime, code: str | None) -> None:
        """Write once that a mail about an entry was sent, or why it could not be sent."""
        row = new_entry_row(make_mail_entry(source, now, code), self._retention)
        self._table.write_together(Insert(row | {"sk": mail_sort_key(source)}, self._name))

    def read(self, export_id: str) -> list[AuditEntry]:
        """Return an export's entries, oldest first. An unknown export has none."""
        pages = self._table.query(
            None, "#pk = :value", {"value": export_key(export_id)}, None, newest_first=False
        )
        return [read_entry(row) for row in chain.from_iterable(pages)]

    def read_first_rows(self, month: str, limit: int) -> list[AuditEntry]:
        """Return the newest `limit` entries about first rows of a month (2026-11), newest first."""
        wanted = Query(None, "#pk = :value", {"value": first_rows_key(month)}, limit=limit)
        return [read_entry(row) for row in self._table.query_page(wanted).rows]
