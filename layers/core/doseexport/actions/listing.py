"""Read pages of the list of exports, and make the cursors that lead from one page to the next.

No request reads more than a fixed number of index entries and rows, however many exports there are:

| list | read from | at most |
|---|---|---|
| of active exports | index by_cleanup, then rows | MAX_ROUNDS of an index page and a batch of rows |
| of the caller's own exports | index by_owner, then rows | the same |
| of everyone's exports | index by_month_details, then the rows shown | MAX_QUERIES, MAX_ENTRIES |

Where that is not enough to fill a page, the page is short and its cursor continues the search. A list that is
sorted by a value must be read whole, and is refused if that is more than a request reads.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from doseexport.aws.dynamodb.export_indexes import EntryPage, IdPage, Position, Span
from doseexport.aws.dynamodb.exports import FAILURE_RETENTION
from doseexport.aws.services import Services
from doseexport.catalogue import load_specs
from doseexport.domain.export import ACTIVE, Export, State, is_id
from doseexport.domain.export_list import (
    NEWEST_FIRST,
    OLDEST_FIRST,
    SORTS,
    ExportTerms,
    ListEntry,
    summarise,
)
from doseexport.domain.rights import Caller
from doseexport.domain.timestamps import to_text
from doseexport.errors import RequestError

LIST_SCOPES = ("mine", "all")
MAX_LIMIT = 100
MAX_TEXT = 80
"""The most characters of a search, and of a user's name."""
MAX_ROUNDS = 5
"""How often one request reads a page of keys and then its rows."""
ROUND = 100
"""The most rows of a round: what DynamoDB reads in one BatchGetItem."""
MAX_QUERIES = 6
"""How often one request queries the index of details, which has a partition per month."""
GROWTH = 3
"""How many times more entries the next query of a search reads, which has found too little so far."""
MAX_ENTRIES = 3_000
"""The most entries of the index of details that one request reads, about 1 MB."""
FEW_ENTRIES = 300
"""How many entries a search reads at first: often, they hold enough exports for a page."""
LONGEST_RUN = timedelta(days=2)
"""This is longer than any export can be queued and run. With the retention, it is the age of the oldest
export that is listed."""

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_TEXT = f"must have 1 to {MAX_TEXT} printable characters."
_DAY_TEXT = "must be a date such as 2026-11-30."
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which exports to list, how many at most, and after which one. `after` is None for the first page."""

    terms: ExportTerms = field(default_factory=ExportTerms)
    limit: int = 50
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Exports that may be in a list, in its order, and up to where it is searched.

    `exports` holds those whose rows are read already. `end` is None if nothing is left.
    """

    entries: list[ListEntry]
    exports: Mapping[str, Export]
    end: Position | None


# Parameters


def parse_list_query(parameters: Mapping[str, str]) -> ListQuery:
    """Return the query in URL parameters. Raise RequestError (400) naming the parameter."""
    terms = ExportTerms(
        scope=parse_scope(parameters),
        state=_parse_state(parameters.get("state")),
        type=_parse_type(parameters.get("type")),
        owner_name=_parse_text(
            parameters.get("owner_name"), _bad("BAD_OWNER_NAME", f"owner_name {_TEXT}", "owner_name")
        ),
        schedule_id=_parse_id(parameters.get("schedule_id")),
        first_day=_parse_day(
            parameters.get("requested_from"),
            _bad("BAD_REQUESTED_FROM", f"requested_from {_DAY_TEXT}", "requested_from"),
        ),
        last_day=_parse_day(
            parameters.get("requested_to"),
            _bad("BAD_REQUESTED_TO", f"requested_to {_DAY_TEXT}", "requested_to"),
        ),
        text=_parse_text(parameters.get("q"), _bad("BAD_Q", f"q {_TEXT}", "q")) or "",
        sort=_parse_sort(parameters.get("sort", NEWEST_FIRST)),
    )
    if terms.first_day and terms.last_day and terms.first_day > terms.last_day:
        raise _bad("BAD_REQUESTED_TO", "The start date is after the end date.", "requested_to")
    cursor = parameters.get("cursor")
    after = None if cursor is None else parse_cursor(cursor, terms)
    return ListQuery(terms, _parse_limit(parameters.get("limit", "50")), after)


def parse_scope(parameters: Mapping[str, str]) -> str:
    """Return the scope of a list, mine or all. Raise RequestError (400) for any other."""
    scope = parameters.get("scope", "mine")
    if scope not in LIST_SCOPES:
        raise _bad("BAD_SCOPE", "scope must be mine or all.", "scope")
    return scope


def make_cursor(terms: ExportTerms, position: Position) -> str:
    """Return an opaque text from which a list of these terms continues after a position."""
    parts = [terms.digest, position.id, position.created_at, position.rank]
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(cursor: str, terms: ExportTerms) -> Position:
    """Return the position in a cursor. Raise RequestError (400) if it is invalid or from another list.

    A forged cursor can only name another position in a list that its bearer may read anyway.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, export_id, created_at, rank = json.loads(raw)
        is_valid = (
            made_for == terms.digest and is_id(export_id) and _is_time(created_at) and type(rank) is int
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        is_valid = False
    if not is_valid:
        raise _bad(
            "BAD_CURSOR", "This cursor belongs to another list. Start again without a cursor.", "cursor"
        )
    return Position(export_id, created_at, rank)


# Pages


def find_page(services: Services, caller: Caller, query: ListQuery) -> tuple[list[Export], str | None]:
    """Return the exports of a page, and the cursor of the next page or None.

    Raise RequestError (400) for a list that is too long to be sorted by a value.
    """
    if query.terms.is_sorted_by_value:
        return _sort_page(services, caller, query)
    now = services.clock()
    page: list[Export] = []
    end: Position | None = None
    for found in _search(services, caller, query, now):
        for exports in _read_matching(services, caller, query, found, now):
            page += exports
            if len(page) > query.limit:
                last = page[query.limit - 1]
                return page[: query.limit], make_cursor(query.terms, find_position(last))
        end = found.end
    return page, make_cursor(query.terms, end) if end else None


def _sort_page(services: Services, caller: Caller, query: ListQuery) -> tuple[list[Export], str | None]:
    """Return a page of a list that is sorted by a value. It is read whole for every page."""
    now, terms = services.clock(), query.terms
    entries: list[ListEntry] = []
    exports: dict[str, Export] = {}
    end: Position | None = None
    for found in _search(services, caller, ListQuery(terms), now):
        entries += found.entries
        exports |= found.exports
        end = found.end
    if end is not None:
        message = "There are too many exports to sort them so. Choose shorter dates, or sort by date."
        raise _bad("TOO_MANY_TO_SORT", message, "sort")
    ordered = terms.order(entries)
    places = {entry.id: place for place, entry in enumerate(ordered, start=1)}
    start = places.get(query.after.id, max(query.after.rank, 0)) if query.after else 0
    shown = ordered[start : start + query.limit]
    missing = [entry.id for entry in shown if entry.id not in exports]
    exports |= {export.id: export for export in services.exports.get_many(missing, now)}
    page = [exports[entry.id] for entry in shown if entry.id in exports]
    is_last = start + query.limit >= len(ordered)
    following = None if is_last else Position(shown[-1].id, shown[-1].created_at, start + query.limit)
    return page, make_cursor(terms, following) if following else None


def _read_matching(
    services: Services, caller: Caller, query: ListQuery, found: Found, now: datetime
) -> Iterator[list[Export]]:
    """Yield batches of the exports that are in the list as their rows are now."""
    size = query.limit + 1
    for start in range(0, len(found.entries), size):
        ids = [entry.id for entry in found.entries[start : start + size]]
        missing = [export_id for export_id in ids if export_id not in found.exports]
        read = {export.id: export for export in services.exports.get_many(missing, now)}
        exports = [found.exports.get(export_id) or read.get(export_id) for export_id in ids]
        yield [each for each in exports if each and query.terms.matches(summarise(each), caller)]


# Searches: each step is one request for index entries, and one for their rows if the index has only keys


@dataclass(frozen=True, slots=True)
class _Search:
    """One search: whose, for what, how many exports are wanted, and in which part of the list."""

    services: Services
    caller: Caller
    terms: ExportTerms
    limit: int
    span: Span
    after: Position | None
    now: datetime

    def run(self) -> Iterator[Found]:
        """Yield what is found, step by step, until nothing is left or enough is read."""
        is_small = self.terms.scope == "mine" or self.terms.state in ACTIVE
        return self._search_rows() if is_small else self._search_details()

    def _search_rows(self) -> Iterator[Found]:
        """Search an index that has only keys, reading the rows of each page of keys at once."""
        terms, after = self.terms, self.after
        limit = ROUND if terms.narrows or terms.is_sorted_by_value else min(self.limit + 1, ROUND)
        for _ in range(MAX_ROUNDS):
            page = self._read_keys(after, limit)
            exports = self.services.exports.get_many(page.ids, self.now)
            matching = [each for each in exports if terms.matches(summarise(each), self.caller)]
            entries = [summarise(each) for each in matching]
            yield Found(entries, {each.id: each for each in matching}, page.end)
            after, limit = page.end, ROUND
            if after is None:
                return

    def _read_keys(self, after: Position | None, limit: int) -> IdPage:
        if self.terms.state in ACTIVE:
            return self.services.indexes.read_active(self.span, after, limit)
        return self.services.indexes.read_owned(self.caller.id, self.span, after, limit)

    def _search_details(self) -> Iterator[Found]:
        """Search the index that has what a list knows of an export, month by month."""
        terms, span, after, unread = self.terms, self.span, self.after, MAX_ENTRIES
        wanted = FEW_ENTRIES if terms.narrows else self.limit + 1
        wanted = MAX_ENTRIES if terms.is_sorted_by_value else wanted
        month: str | None = (after.created_at if after else span.start)[:7]
        for _ in range(MAX_QUERIES):
            if month is None or not unread:
                return
            page = self.services.indexes.read_month(month, span, after, min(wanted, unread), terms.equal)
            unread, wanted = unread - page.read, max(FEW_ENTRIES, GROWTH * wanted)
            after = page.end
            month = month if after else _find_next_month(month, span)
            yield Found(self._list_matching(page), {}, after or (_start_of(month, span) if month else None))

    def _list_matching(self, page: EntryPage) -> list[ListEntry]:
        entries = [entry for entry in page.entries if not entry.is_gone(self.now)]
        return [entry for entry in entries if self.terms.matches(entry, self.caller)]


def _search(services: Services, caller: Caller, query: ListQuery, now: datetime) -> Iterator[Found]:
    span = _find_span(services, query.terms, now)
    after, is_over = _clamp(query.after, span)
    if not is_over:
        yield from _Search(services, caller, query.terms, query.limit, span, after, now).run()


def _find_span(services: Services, terms: ExportTerms, now: datetime) -> Span:
    """Return the times of request of the exports that a list can show."""
    zone = services.settings.time_zone
    oldest = now - max(services.settings.max_retention, FAILURE_RETENTION) - LONGEST_RUN
    # The clock of the function that writes a row may be ahead.
    first, last = [oldest], [now + _DAY]
    if terms.first_day:
        first.append(datetime.combine(terms.first_day, time(), zone))
    if terms.last_day:
        last.append(datetime.combine(terms.last_day + _DAY, time(), zone) - _MICROSECOND)
    return Span(to_text(max(first)), to_text(min(last)), terms.sort != OLDEST_FIRST)


def _clamp(after: Position | None, span: Span) -> tuple[Position | None, bool]:
    """Return a position within the span or None for its start, and whether the list ends before it."""
    if span.first > span.last:
        return None, True
    if after is None or span.first <= after.created_at <= span.last:
        return after, False
    is_before = (after.created_at > span.last) == span.newest_first
    return None, not is_before


def _find_next_month(month: str, span: Span) -> str | None:
    """Return the month that a list reads after this one, or None if it ends with this one."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    following = to_text(first - _DAY if span.newest_first else first + 31 * _DAY)[:7]
    return following if span.first[:7] <= following <= span.last[:7] else None


def _start_of(month: str, span: Span) -> Position:
    """Return the position before the first export that a list can have in a month."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    if span.newest_first:
        return Position("z" * 32, to_text((first + 31 * _DAY).replace(day=1) - _MICROSECOND))
    return Position("-" * 32, to_text(first))


def find_position(export: Export) -> Position:
    """Return the place of an export in a list."""
    return Position(export.id, to_text(export.created_at))


def _is_time(text: Any) -> bool:
    return isinstance(text, str) and to_text(datetime.fromisoformat(text)) == text


def _parse_state(text: str | None) -> State | None:
    if text is None:
        return None
    if text not in State.__members__:
        raise _bad("BAD_STATE", f"state must be one of {', '.join(State)}.", "state")
    return State(text)


def _parse_type(text: str | None) -> str | None:
    if text is not None and text not in load_specs():
        raise _bad("BAD_TYPE", f"type must be one of {', '.join(load_specs())}.", "type")
    return text


def _parse_id(text: str | None) -> str | None:
    if text is not None and not is_id(text):
        raise _bad("BAD_SCHEDULE_ID", "schedule_id must be the id of a schedule.", "schedule_id")
    return text


def _parse_day(text: str | None, refusal: RequestError) -> date | None:
    try:
        day = date.fromisoformat(text) if text is not None and _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if text is not None and (day is None or day in {date.min, date.max}):
        raise refusal
    return day


def _parse_text(text: str | None, refusal: RequestError) -> str | None:
    if text is not None and not (0 < len(text.strip()) <= MAX_TEXT and text.isprintable()):
        raise refusal
    return text


def _parse_sort(text: str) -> str:
    if text not in SORTS:
        raise _bad("BAD_SORT", f"sort must be one of {', '.join(SORTS)}.", "sort")
    return text


def _parse_limit(text: str) -> int:
    if (
        text.isascii()
        and text.isdecimal()
        and len(text) <= len(str(MAX_LIMIT))
        and 1 <= int(text) <= MAX_LIMIT
    ):
        return int(text)
    raise _bad("BAD_LIMIT", f"limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")


def _bad(code: str, message: str, field: str) -> RequestError:
    return RequestError(code, message, field, 400)
