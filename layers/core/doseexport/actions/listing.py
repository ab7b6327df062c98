"""Read pages of the list of exports, and make the cursors that lead from one page to the next.

An index gives the ids of exports, and their rows are read as they are now. A page is filled by reading on
past exports that are deleted, expired or in another state.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from doseexport.aws.dynamodb.exports import FAILURE_RETENTION, Position
from doseexport.aws.services import Services
from doseexport.domain.export import Export, State, is_id
from doseexport.domain.rights import Caller
from doseexport.domain.timestamps import to_text
from doseexport.errors import RequestError

SCOPES = ("mine", "all")
MAX_LIMIT = 100
LONGEST_RUN = timedelta(days=2)
"""Longer than any export can be queued and run. With the retention, the age of the oldest export shown."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which exports to list: `scope` mine or all, `state` None for any, `after` None for the first page."""

    scope: str = "mine"
    state: State | None = None
    limit: int = 50
    after: Position | None = None


def parse_list_query(parameters: Mapping[str, str]) -> ListQuery:
    """Return the query in URL parameters. Raise RequestError (400) naming the parameter."""
    scope = parse_scope(parameters)
    cursor = parameters.get("cursor")
    return ListQuery(
        scope=scope,
        state=_parse_state(parameters.get("state")),
        limit=_parse_limit(parameters.get("limit", "50")),
        after=None if cursor is None else parse_cursor(cursor, scope),
    )


def parse_scope(parameters: Mapping[str, str]) -> str:
    """Return the scope of a list, mine or all. Raise RequestError (400) for any other."""
    scope = parameters.get("scope", "mine")
    if scope not in SCOPES:
        raise _bad("BAD_SCOPE", "scope must be mine or all.", "scope")
    return scope


def find_page(services: Services, caller: Caller, query: ListQuery) -> tuple[list[Export], str | None]:
    """Return the exports of a page, newest first, and the cursor of the next page or None."""
    now = services.clock()
    matching = (
        export
        for positions in _walk(services, caller, query, now)
        for export in services.exports.get_many([position.id for position in positions], now)
        if query.state in {None, export.state}
    )
    found = list(islice(matching, query.limit + 1))
    page = found[: query.limit]
    return page, make_cursor(page[-1], query.scope) if len(found) > len(page) else None


def make_cursor(export: Export, scope: str) -> str:
    """Return an opaque text from which the list continues after this export, in this scope."""
    text = json.dumps([scope, export.id, to_text(export.created_at)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(cursor: str, scope: str) -> Position:
    """Return the position in a cursor. Raise RequestError (400) if it is invalid or from another scope.

    A forged cursor can only name another position in a list that its bearer may read anyway.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, export_id, created_at = json.loads(raw)
        is_valid = made_for == scope and is_id(export_id) and _is_time(created_at)
    except (ValueError, TypeError, RecursionError):
        is_valid = False
    if not is_valid:
        raise _bad(
            "BAD_CURSOR", "This cursor belongs to another list. Start again without a cursor.", "cursor"
        )
    return Position(export_id, created_at)


def _walk(services: Services, caller: Caller, query: ListQuery, now: datetime) -> Iterator[list[Position]]:
    if query.scope == "mine":
        yield from services.exports.list_owned(caller.id, query.after)
        return
    oldest = now - max(services.settings.max_retention, FAILURE_RETENTION) - LONGEST_RUN
    for month in _months_back(query.after, now, oldest):
        is_first = query.after is not None and query.after.created_at.startswith(month)
        yield from services.exports.list_month(month, query.after if is_first else None)


def _months_back(after: Position | None, now: datetime, oldest: datetime) -> Iterator[str]:
    """Yield months (2026-11) from that of `after`, or of now, back to that of the oldest export shown."""
    month = to_text(now)[:7] if after is None else min(after.created_at, to_text(now))[:7]
    while month >= to_text(oldest)[:7]:
        yield month
        month = to_text(datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC) - timedelta(days=1))[:7]


def _is_time(text: Any) -> bool:
    return isinstance(text, str) and to_text(datetime.fromisoformat(text)) == text


def _parse_state(text: str | None) -> State | None:
    if text is None:
        return None
    if text not in State.__members__:
        raise _bad("BAD_STATE", f"state must be one of {', '.join(State)}.", "state")
    return State(text)


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
