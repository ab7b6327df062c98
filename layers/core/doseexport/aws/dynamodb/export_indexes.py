"""The indexes of the exports table, by which its lists are read.

Most hold keys only, so that the rows are read afterwards. Only by_month_details holds what a list is filtered
and sorted by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doseexport.aws.dynamodb.conditions import EXPIRED
from doseexport.aws.dynamodb.export_rows import export_key
from doseexport.aws.dynamodb.table import Page, Query, Row, Table
from doseexport.domain.export import Cleanup
from doseexport.domain.export_list import ListEntry
from doseexport.domain.timestamps import to_text


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: an export's id and its created_at as the row holds it.

    `rank` counts the exports before the place in a list that is sorted by a value.
    """

    id: str
    created_at: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """The times of created_at, both included, of which a list consists, and its direction."""

    first: str
    last: str
    newest_first: bool = True

    @property
    def start(self) -> str:
        """The time at which the list starts."""
        return self.last if self.newest_first else self.first


@dataclass(frozen=True, slots=True)
class IdPage:
    """Ids of exports, and where the next page starts, or None if nothing is left."""

    ids: list[str]
    end: Position | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries of a list, how many were read for them, and where the next page starts.

    `end` is None if nothing is left.
    """

    entries: list[ListEntry]
    end: Position | None
    read: int


class ExportIndexes:
    """The indexes by owner, month, cleanup and expiry."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)

    def list_month(self, month: str) -> Iterator[list[Position]]:
        """Yield pages of everyone's exports of a month (2026-11), newest first."""
        return self._list("by_month", "#month = :value", month, newest_first=True)

    def list_for_cleanup(self, cleanup: Cleanup) -> Iterator[list[Position]]:
        """Yield pages of the exports that the sweep has to handle, oldest first."""
        return self._list("by_cleanup", "#cleanup = :value", cleanup.value, newest_first=False)

    def list_expired(self, now: datetime) -> Iterator[list[str]]:
        """Yield pages of the ids of exports whose file has expired, the earliest expiry first."""
        condition, values = (
            f"#cleanup = :value AND {EXPIRED}",
            {"value": Cleanup.RETAINED.value, "now": to_text(now)},
        )
        for page in self._table.query("by_expiry", condition, values, None, newest_first=False):
            yield [_read_id(row) for row in page]

    def read_owned(self, owner: str, span: Span, after: Position | None, limit: int) -> IdPage:
        """Return the ids of the next `limit` of an owner's exports."""
        return _read_ids(self._read_page("by_owner", {"owner": owner}, span, after, limit, {}))

    def read_active(self, span: Span, after: Position | None, limit: int) -> IdPage:
        """Return the ids of the next `limit` of the exports that have not ended."""
        key = {"cleanup": Cleanup.ACTIVE.value}
        return _read_ids(self._read_page("by_cleanup", key, span, after, limit, {}))

    def read_month(
        self, month: str, span: Span, after: Position | None, limit: int, equal: Mapping[str, str]
    ) -> EntryPage:
        """Return, of the next `limit` exports of a month (2026-11), those whose attributes equal these."""
        page = self._read_page("by_month_details", {"month": month}, span, after, limit, equal)
        return EntryPage([_read_entry(row) for row in page.rows], _find_end(page), page.read)

    def _read_page(  # noqa: PLR0913, PLR0917  the parts of one query
        self,
        index: str,
        key: Mapping[str, str],
        span: Span,
        after: Position | None,
        limit: int,
        equal: Mapping[str, str],
    ) -> Page:
        wanted = Query(
            index,
            " AND ".join([*(f"#{name} = :{name}" for name in key), "#created_at BETWEEN :first AND :last"]),
            {**key, **equal, "first": span.first, "last": span.last},
            " AND ".join(f"#{name} = :{name}" for name in equal),
            limit,
            span.newest_first,
        )
        start = {"pk": export_key(after.id), "created_at": after.created_at, **key} if after else None
        return self._table.query_page(wanted, start)

    def _list(
        self, index: str, condition: str, value: str, *, newest_first: bool
    ) -> Iterator[list[Position]]:
        for page in self._table.query(index, condition, {"value": value}, None, newest_first=newest_first):
            yield [_read_position(row) for row in page]


def _read_ids(page: Page) -> IdPage:
    return IdPage([_read_id(row) for row in page.rows], _find_end(page))


def _find_end(page: Page) -> Position | None:
    return _read_position(page.last_key) if page.last_key else None


def _read_position(row: Row) -> Position:
    return Position(_read_id(row), row["created_at"])


def _read_id(row: Row) -> str:
    key: str = row["pk"]
    return key.removeprefix(export_key(""))


def _read_entry(row: Row) -> ListEntry:
    """Return the entry in a row of the index of details. Rows of earlier releases have no names."""
    size, studies = row.get("size"), row.get("studies")
    return ListEntry(
        id=_read_id(row),
        created_at=row["created_at"],
        owner=row["owner"],
        owner_name=row["owner_name"],
        type=row["type"],
        state=row["status"],
        has_patient_data=row["has_patient_data"],
        name=row.get("name"),
        schedule_id=row.get("schedule_id"),
        schedule_name=row.get("schedule_name"),
        finished_at=row.get("finished_at"),
        expires_at=row.get("expires_at"),
        is_deleted="deleted_at" in row,
        size=None if size is None else int(size),
        studies=None if studies is None else int(studies),
    )
