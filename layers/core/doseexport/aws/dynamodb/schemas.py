"""What OpenREM's database was last seen to have, recorded by the worker for functions without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.table import Change, Table
from doseexport.catalogue.schema import FULL, Schema, list_missing, make_schema_without
from doseexport.domain.timestamps import to_text

KEY = "OPENREM"
RECORD_INTERVAL = timedelta(hours=12)
"""How long an unchanged record is not written again."""
RECORD_LIFE = timedelta(days=1)
"""How long a record counts. After an upgrade of OpenREM nothing is withheld for longer."""
_NEVER = (FULL, datetime(1970, 1, 1, tzinfo=UTC))


class SchemaRepository:
    """The row of OpenREM's database in the table of exports."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)
        self._recorded = _NEVER

    def record(self, schema: Schema, now: datetime) -> None:
        """Record what the database has now."""
        last, recorded_at = self._recorded
        if list_missing(schema) == list_missing(last) and now - recorded_at < RECORD_INTERVAL:
            return
        update = "SET #missing_features = :missing, #recorded_at = :now"
        self._table.update(Change(KEY, update, "", {"missing": list_missing(schema), "now": to_text(now)}))
        self._recorded = schema, now

    def find(self, now: datetime) -> Schema:
        """Return what the database was seen to have within the last day, or everything without a record."""
        row = self._table.get(KEY)
        if row is None or now - datetime.fromisoformat(row["recorded_at"]) > RECORD_LIFE:
            return FULL
        return make_schema_without(row["missing_features"])
