"""Show administrators how the service was used in a month: exports by owner, and who was shown patients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain, groupby, islice

from doseexport.actions.results import OwnerUsage, Usage
from doseexport.aws.services import Services
from doseexport.domain.export import Export, State
from doseexport.domain.rights import Caller, require_usage
from doseexport.domain.timestamps import to_text
from doseexport.errors import RequestError

MAX_COUNTED = 5_000
"""The most exports that one request sums up: what a function of 512 MB reads in some seconds."""
MAX_FIRST_ROWS = 200
"""The most entries about first rows that one answer shows."""
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def get_usage(services: Services, caller: Caller, parameters: Mapping[str, str]) -> Usage:
    """Return the usage of a month, of this one by default, as far as the table still holds its exports.

    The table forgets a deleted or expired export after a week. Of more than MAX_COUNTED exports the newest
    are counted. The entries about first rows come from the audit trail, newest first.
    Raise RequestError: 400, 403.
    """
    require_usage(caller)
    now = services.clock()
    month = parse_month(parameters.get("month", to_text(now)[:7]))
    positions = chain.from_iterable(services.indexes.list_month(month))
    ids = [position.id for position in islice(positions, MAX_COUNTED + 1)]
    exports = services.exports.load_many(ids[:MAX_COUNTED])
    first_rows = services.audit.read_first_rows(month, MAX_FIRST_ROWS + 1)
    return Usage(
        month,
        len(ids) <= MAX_COUNTED,
        sum_usage(exports, now),
        first_rows[:MAX_FIRST_ROWS],
        len(first_rows) <= MAX_FIRST_ROWS,
    )


def parse_month(text: str) -> str:
    """Return a month as rows hold it (2026-11). Raise RequestError (400) naming the parameter."""
    if _MONTH.fullmatch(text) is None:
        raise RequestError("BAD_MONTH", "month must be a month like 2026-11.", "month", 400)
    return text


def sum_usage(exports: Iterable[Export], now: datetime) -> list[OwnerUsage]:
    """Return the usage of each owner, those with most bytes first."""
    owned = groupby(sorted(exports, key=_by_owner), key=lambda export: export.owner)
    sums = [_sum_owner(list(each), now) for _, each in owned]
    return sorted(sums, key=lambda each: (-each.bytes, -each.requested, each.owner))


def _by_owner(export: Export) -> tuple[str, datetime]:
    return export.owner, export.created_at


def _sum_owner(exports: list[Export], now: datetime) -> OwnerUsage:
    """Sum up exports of one owner, oldest first."""
    files = [(export, export.result) for export in exports if export.result is not None]
    return OwnerUsage(
        owner=exports[-1].owner,
        owner_name=exports[-1].owner_name,
        requested=len(exports),
        active=sum(export.is_active for export in exports),
        completed=_count(exports, State.COMPLETED),
        failed=_count(exports, State.FAILED),
        aborted=_count(exports, State.ABORTED),
        studies=sum(file.studies for _, file in files),
        bytes=sum(file.size for _, file in files),
        bytes_retained=sum(file.size for export, file in files if not export.is_gone(now)),
    )


def _count(exports: list[Export], state: State) -> int:
    return sum(export.state is state for export in exports)
