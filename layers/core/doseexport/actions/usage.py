"""Who has used the service how much, summed from the exports of a month."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Any

from doseexport.aws.dynamodb.export_rows import to_text
from doseexport.aws.services import Services
from doseexport.domain.export import Export, State
from doseexport.domain.rights import Caller, require_usage
from doseexport.errors import RequestError

MAX_COUNTED = 5_000
"""Exports that one call sums: what a function of 512 MB reads in some seconds."""
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def show_usage(services: Services, caller: Caller, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return what everybody asked for in a month, this one by itself, as far as the table still knows.

    It forgets a deleted or expired export after a week. Of more than MAX_COUNTED the newest are counted, and
    `complete` is false. RequestError: 400, 403.
    """
    require_usage(caller)
    now = services.clock()
    month = parse_month(parameters.get("month", to_text(now)[:7]))
    positions = chain.from_iterable(services.exports.list_month(month))
    ids = [position.id for position in islice(positions, MAX_COUNTED + 1)]
    exports = services.exports.load_many(ids[:MAX_COUNTED])
    return {"month": month, "complete": len(ids) <= MAX_COUNTED, "users": sum_usage(exports, now)}


def parse_month(text: str) -> str:
    """Return a month as rows hold it (2026-11); RequestError (400) names the parameter."""
    if _MONTH.fullmatch(text) is None:
        raise RequestError("BAD_MONTH", "month must be a month like 2026-11.", "month", 400)
    return text


def sum_usage(exports: Iterable[Export], now: datetime) -> list[dict[str, Any]]:
    """Return a JSON object for each owner, those with the most bytes first."""
    owned = groupby(sorted(exports, key=_by_owner), key=lambda export: export.owner)
    sums = [_sum_owner(list(each), now) for _, each in owned]
    return sorted(sums, key=lambda each: (-each["bytes"], -each["requested"], each["user"]["id"]))


def _by_owner(export: Export) -> tuple[str, datetime]:
    return export.owner, export.created_at


def _sum_owner(exports: list[Export], now: datetime) -> dict[str, Any]:
    """Sum exports of one owner, oldest first; the owner is called as the newest one says.

    `active` wait, run or stop; `bytes` and `studies` are of all files that were made, `bytes_kept` of those
    that can still be downloaded.
    """
    files = [(export, export.result) for export in exports if export.result is not None]
    return {
        "user": {"id": exports[-1].owner, "name": exports[-1].owner_name},
        "requested": len(exports),
        "active": sum(export.is_active for export in exports),
        "completed": _count(exports, State.COMPLETED),
        "failed": _count(exports, State.FAILED),
        "aborted": _count(exports, State.ABORTED),
        "studies": sum(file.studies for _, file in files),
        "bytes": sum(file.size for _, file in files),
        "bytes_retained": sum(file.size for export, file in files if not export.is_gone(now)),
    }


def _count(exports: list[Export], state: State) -> int:
    return sum(export.state is state for export in exports)
