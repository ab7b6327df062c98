"""The list of exports: which exports a caller looks for, and in which order.

A search reads only what the caller may see. A name that is hidden from the caller is never found by its text,
because a search that finds it would reveal it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from doseexport.domain.export import Export, State
from doseexport.domain.rights import Caller, may_read_schedule, may_see_name
from doseexport.domain.timestamps import to_text

NEWEST_FIRST = "-created_at"
OLDEST_FIRST = "created_at"
VALUE_SORTS = ("finished_at", "expires_at", "size", "studies")
"""What else a list can be sorted by. An export without a value comes last."""
SORTS = (
    NEWEST_FIRST,
    OLDEST_FIRST,
    *(sign + name for name in VALUE_SORTS for sign in ("-", "")),
)
"""The orders of a list. A minus means the largest or latest first."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What a list knows of an export before it reads its row. Times are texts as rows hold them."""

    id: str
    created_at: str
    owner: str
    owner_name: str
    type: str
    state: str
    has_patient_data: bool
    name: str | None = field(default=None, repr=False)
    schedule_id: str | None = None
    schedule_name: str | None = field(default=None, repr=False)
    finished_at: str | None = None
    expires_at: str | None = None
    is_deleted: bool = False
    size: int | None = None
    studies: int | None = None

    def is_gone(self, now: datetime) -> bool:
        """Return whether the export is deleted or expired, so that no read may show it."""
        return self.is_deleted or (self.expires_at is not None and self.expires_at <= to_text(now))


@dataclass(frozen=True, slots=True)
class ExportTerms:
    """Which exports a list has, and in which order. None and "" mean any.

    `first_day` and `last_day` are days of the request, both included. `text` is never logged.
    """

    scope: str = "mine"
    state: State | None = None
    type: str | None = None
    owner_name: str | None = None
    schedule_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    text: str = field(default="", repr=False)
    sort: str = NEWEST_FIRST

    @property
    def equal(self) -> dict[str, str]:
        """The attributes of an export that must have one value, and the value."""
        given = {
            "status": self.state.value if self.state else None,
            "type": self.type,
            "owner_name": self.owner_name,
            "schedule_id": self.schedule_id,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def is_sorted_by_value(self) -> bool:
        """Whether the order is another than that of the requests."""
        return self.sort not in {NEWEST_FIRST, OLDEST_FIRST}

    @property
    def narrows(self) -> bool:
        """Whether an export of the scope can be left out for another reason than its date."""
        return bool(self.text or self.equal)

    @property
    def digest(self) -> str:
        """A short text that tells these terms from others, without showing them."""
        terms = [self.scope, self.equal, str(self.first_day), str(self.last_day), self.text, self.sort]
        return hashlib.sha256(json.dumps(terms).encode()).hexdigest()[:16]

    def matches(self, entry: ListEntry, caller: Caller) -> bool:
        """Return whether an export is in the list. Its date is not compared."""
        if self.scope == "mine" and entry.owner != caller.id:
            return False
        own = {
            "status": entry.state,
            "type": entry.type,
            "owner_name": entry.owner_name,
            "schedule_id": entry.schedule_id,
        }
        if any(own[name] != value for name, value in self.equal.items()):
            return False
        return not self.text or _has_words(" ".join(_list_texts(entry, caller)), self.text)

    def sort_key(self, entry: ListEntry) -> tuple[Any, ...]:
        """Return the key by which entries are put into the order of a list that is sorted by a value."""
        value = getattr(entry, self.sort.removeprefix("-"))
        return (value is not None, "" if value is None else value, entry.created_at, entry.id)

    def order(self, entries: list[ListEntry]) -> list[ListEntry]:
        """Return the entries in the order of a list that is sorted by a value. Those without one are last."""
        without = [entry for entry in entries if not self.sort_key(entry)[0]]
        valued = [entry for entry in entries if self.sort_key(entry)[0]]
        is_descending = self.sort.startswith("-")
        newest_first = sorted(without, key=self.sort_key, reverse=True)
        return [*sorted(valued, key=self.sort_key, reverse=is_descending), *newest_first]


def summarise(export: Export) -> ListEntry:
    """Return the entry of an export."""
    result = export.result
    return ListEntry(
        id=export.id,
        created_at=to_text(export.created_at),
        owner=export.owner,
        owner_name=export.owner_name,
        type=export.request.type,
        state=export.state.value,
        has_patient_data=export.has_patient_data,
        name=export.name,
        schedule_id=export.schedule_id,
        schedule_name=export.schedule_name,
        finished_at=None if export.finished_at is None else to_text(export.finished_at),
        expires_at=None if export.expires_at is None else to_text(export.expires_at),
        is_deleted=export.deleted_at is not None,
        size=result.size if result else None,
        studies=result.studies if result else None,
    )


def _list_texts(entry: ListEntry, caller: Caller) -> Iterator[str]:
    yield entry.type
    yield entry.owner_name
    if entry.name and may_see_name(caller, entry):
        yield entry.name
    if entry.schedule_name and may_read_schedule(caller, entry):
        yield entry.schedule_name


def _has_words(text: str, searched: str) -> bool:
    lowered = text.casefold()
    return all(word in lowered for word in searched.casefold().split())
