"""Lists of exports: pages, and cursors from one to the next.

The index names exports; what is shown are their rows as they are now. So a page is filled by reading
on past what was deleted, expired or not wanted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from doseexport.aws.dynamodb.export_rows import to_text
from doseexport.aws.dynamodb.exports import Position
from doseexport.aws.dynamodb.exports_base import REMEMBERED
from doseexport.aws.services import Services
from doseexport.domain.export import Export, State, is_id
from doseexport.domain.rights import Caller
from doseexport.errors import RequestError

SCOPES = ("mine", "all")
MAX_LIMIT = 100
LONGEST_RUN = timedelta(days=2)
"""No export waits and runs for longer: what is older than this and the retention has left every read."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which exports to list: whose, in which state (None: any), how many, from where on."""

    scope: str = "mine"
    state: State | None = None
    limit: int = 50
    after: Position | None = None


def parse_list_query(parameters: Mapping[str, str]) -> ListQuery:
    """Return the query that URL parameters ask for; RequestError (400) names one that is wrong."""
    scope = parse_scope(parameters)
    cursor = parameters.get("cursor")
    return ListQuery(
        scope=scope,
        state=_parse_state(parameters.get("state")),
        limit=_parse_limit(parameters.get("limit", "50")),
        after=None if cursor is None else parse_cursor(cursor, scope),
    )


def parse_scope(parameters: Mapping[str, str]) -> str:
    """Return whose things to list, mine or all; RequestError (400) if it is neither."""
    scope = parameters.get("scope", "mine")
    if scope not in SCOPES:
        raise _bad("BAD_SCOPE", "scope must be mine or all.", "scope")
    return scope


def find_page(services: Services, caller: Caller, query: ListQuery) -> tuple[list[Export], str | None]:
    """Return the exports asked for, newest first, and the cursor of the next page if there is one."""
    now = services.clock()
    wanted = (
        export
        for positions in _walk(services, caller, query, now)
        for export in services.exports.get_many([position.id for position in positions], now)
        if query.state in {None, export.state}
    )
    found = list(islice(wanted, query.limit + 1))
    page = found[: query.limit]
    return page, make_cursor(page[-1], query.scope) if len(found) > len(page) else None


def make_cursor(export: Export, scope: str) -> str:
    """Return an opaque text that says: go on after this export, in this scope."""
    text = json.dumps([scope, export.id, to_text(export.created_at)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(cursor: str, scope: str) -> Position:
    """Return the place a cursor names; RequestError (400) if none of ours, or of another scope.

    A forged one can only name another place in a list that its bearer may read anyway.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, export_id, created_at = json.loads(raw)
        is_ours = made_for == scope and is_id(export_id) and _is_time(created_at)
    except (ValueError, TypeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise _bad("BAD_CURSOR", "This cursor is not one of this list; begin without a cursor.", "cursor")
    return Position(export_id, created_at)


def _walk(services: Services, caller: Caller, query: ListQuery, now: datetime) -> Iterator[list[Position]]:
    if query.scope == "mine":
        yield from services.exports.list_owned(caller.id, query.after)
        return
    oldest = now - max(services.settings.max_retention, REMEMBERED) - LONGEST_RUN
    for month in _months_back(query.after, now, oldest):
        is_first = query.after is not None and query.after.created_at.startswith(month)
        yield from services.exports.list_month(month, query.after if is_first else None)


def _months_back(after: Position | None, now: datetime, oldest: datetime) -> Iterator[str]:
    """Yield months (2026-11) from where the list goes on, or now, back to the oldest shown."""
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
