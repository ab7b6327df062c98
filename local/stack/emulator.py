"""MiniStack, the AWS emulator, in a process of its own that ends with the process which started it.

What its EventBridge Scheduler lacks is added here: time zones, the scheduled time in an input, and rights by
group.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from doseexport.domain.recurrence import parse_expression

LOOK_EVERY = 1
"""Seconds."""
TIME = "<aws.scheduler.scheduled-time>"

Json = dict[str, Any]
Key = tuple[str, str, str]
"""User, region, group/name."""


def main() -> None:
    """Serve on GATEWAY_PORT; argv names the program that stands in for Lambda's Python."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # MiniStack starts Python functions with its own interpreter: this is where it looks that up.
    sys.executable = sys.argv.pop(1)
    # It reads its settings while it is imported.
    from ministack.app import main as serve  # type: ignore[import-untyped]  # noqa: PLC0415

    install_scheduler()
    serve()


def _end_with_parent() -> None:
    # The parent holds the other end of stdin and never writes. However it ends, a kill included, this read
    # returns, and the whole process group goes: MiniStack and every function it runs.
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def install_scheduler() -> None:
    """Let MiniStack look at its schedules, and at rights to them, as we do; before it serves."""
    from ministack.core import iam_actions  # type: ignore[import-untyped]  # noqa: PLC0415  reads settings
    from ministack.services import scheduler  # type: ignore[import-untyped]  # noqa: PLC0415  as above

    looked_at: dict[Key, datetime] = {}
    scheduler._SCHEDULE_TICK_INTERVAL = LOOK_EVERY  # noqa: SLF001
    scheduler._tick_schedules = lambda: _look(scheduler, looked_at, datetime.now(UTC))  # noqa: SLF001
    iam_actions.extract_resource_arn = _name_groups(iam_actions.extract_resource_arn)


def find_due(schedule: Json, since: datetime, now: datetime) -> datetime | None:
    """Return the time since the last look at which a schedule as MiniStack holds it was due, if it was."""
    start = _read_time(schedule.get("StartDate")) or _read_time(schedule["CreationDate"])
    zone = ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")
    due = parse_expression(schedule["ScheduleExpression"]).next_after(since, zone, start or now)
    end = _read_time(schedule.get("EndDate"))
    is_due = due is not None and due <= now and schedule["State"] == "ENABLED" and not (end and due > end)
    return due if is_due else None


def tell_time(target: Json, due: datetime) -> Json:
    """Return the target with the time in its input."""
    scheduled_at = f"{due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return target | {"Input": target.get("Input", "{}").replace(TIME, scheduled_at)}


def find_group(body: bytes, query: Json) -> str:
    """Return the group of schedules that a call names."""
    (group,) = query.get("groupName") or [json.loads(body or b"{}").get("GroupName") or "default"]
    return str(group)


def _name_groups(name: Callable[..., str]) -> Callable[..., str]:
    """MiniStack takes every schedule for one of the group default."""

    def name_with_group(service: str, method: str, path: str, *rest: Any) -> str:
        arn = name(service, method, path, *rest)
        if service == "scheduler" and unquote(path).startswith("/schedules/"):
            _, body, query = rest[:3]
            return arn.replace(":schedule/default/", f":schedule/{find_group(body, query)}/")
        return arn

    return name_with_group


def _look(scheduler: Any, looked_at: dict[Key, datetime], now: datetime) -> None:
    for key, schedule in list(scheduler._schedules._data.items()):  # noqa: SLF001
        due = find_due(schedule, looked_at.get(key, now), now)
        looked_at[key] = now
        if due is not None:
            _invoke(scheduler, key, schedule, due)


def _invoke(scheduler: Any, key: Key, schedule: Json, due: datetime) -> None:
    from ministack.services import eventbridge  # noqa: PLC0415  as above

    account, region, _ = key
    scheduler.set_request_account_id(account)
    scheduler.set_request_region(region)
    event = {
        "EventId": scheduler.new_uuid(),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": due.timestamp(),
        "Resources": [schedule["Arn"]],
        "User": account,
        "Region": region,
    }
    eventbridge._invoke_target(tell_time(schedule["Target"], due), event, schedule)  # noqa: SLF001


def _read_time(value: Any) -> datetime | None:
    if value is None or isinstance(value, str):
        return None if value is None else datetime.fromisoformat(value)
    return datetime.fromtimestamp(value, UTC)


if __name__ == "__main__":
    main()
