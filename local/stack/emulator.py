"""Run MiniStack, the AWS emulator, in a process that ends with its parent process.

Its EventBridge Scheduler is extended here by what it lacks: time zones, the scheduled time in an input, and
permissions by schedule group. What is due is computed from cron and rate expressions as the service does.
challenges.py extends its Cognito, and functions.py starts its functions.
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

import uvicorn

from doseexport.domain.recurrence import parse_expression
from local.stack.challenges import install_challenges
from local.stack.functions import Sandbox

KEEP_ALIVE = 75
"""Seconds for which an unused connection stays open, as in MiniStack."""
CHECK_EVERY = 1
"""Seconds."""
TIME = "<aws.scheduler.scheduled-time>"

Json = dict[str, Any]
Key = tuple[str, str, str]
"""Account, region, group/name."""


def main() -> None:
    """Serve on GATEWAY_PORT: python -m local.stack.emulator INTERPRETER_OF_FUNCTIONS STATE_FOLDER."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sandbox = Sandbox(*sys.argv[1:])
    del sys.argv[1:]
    # MiniStack reads its settings at import.
    from ministack.app import app  # type: ignore[import-untyped]  # noqa: PLC0415

    install_scheduler()
    install_challenges()
    answer_at_once()
    sandbox.install()
    # MiniStack's own server, Hypercorn, takes longer for a request than MiniStack does.
    uvicorn.run(
        app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
    )


def _end_with_parent() -> None:
    # The parent holds the other end of stdin and never writes. When it ends, even by SIGKILL, this read
    # returns, and the whole process group is killed: MiniStack and every function that it runs.
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def install_scheduler() -> None:
    """Replace MiniStack's check of due schedules, and its ARNs of schedules. Call this before it serves."""
    from ministack.core import iam_actions  # type: ignore[import-untyped]  # noqa: PLC0415  reads settings
    from ministack.services import scheduler  # type: ignore[import-untyped]  # noqa: PLC0415  as above

    checked_at: dict[Key, datetime] = {}
    scheduler._SCHEDULE_TICK_INTERVAL = CHECK_EVERY  # noqa: SLF001
    scheduler._tick_schedules = lambda: _invoke_due(scheduler, checked_at, datetime.now(UTC))  # noqa: SLF001
    iam_actions.extract_resource_arn = _add_group(iam_actions.extract_resource_arn)


def answer_at_once() -> None:
    """Answer calls without a wait for log lines. They are in files. Call this before it serves."""
    from ministack.core import lambda_runtime  # noqa: PLC0415  as above

    lambda_runtime.Worker._drain_stderr_bounded = lambda_runtime.Worker._drain_stderr  # noqa: SLF001


def find_due(schedule: Json, since: datetime, now: datetime) -> datetime | None:
    """Return the time after the last check at which a schedule of MiniStack was due, or None."""
    start = _read_time(schedule.get("StartDate")) or _read_time(schedule["CreationDate"])
    zone = ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")
    due = parse_expression(schedule["ScheduleExpression"]).next_after(since, zone, start or now)
    end = _read_time(schedule.get("EndDate"))
    is_due = due is not None and due <= now and schedule["State"] == "ENABLED" and not (end and due > end)
    return due if is_due else None


def insert_scheduled_time(target: Json, due: datetime) -> Json:
    """Return the target with the scheduled time in its input."""
    scheduled_at = f"{due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return target | {"Input": target.get("Input", "{}").replace(TIME, scheduled_at)}


def find_group(body: bytes, query: Json) -> str:
    """Return the schedule group that a call names."""
    (group,) = query.get("groupName") or [json.loads(body or b"{}").get("GroupName") or "default"]
    return str(group)


def _add_group(extract_arn: Callable[..., str]) -> Callable[..., str]:
    """Return a function that puts the right group into ARNs. MiniStack always uses the group default."""

    def extract_with_group(service: str, method: str, path: str, *rest: Any) -> str:
        arn = extract_arn(service, method, path, *rest)
        if service == "scheduler" and unquote(path).startswith("/schedules/"):
            _, body, query = rest[:3]
            return arn.replace(":schedule/default/", f":schedule/{find_group(body, query)}/")
        return arn

    return extract_with_group


def _invoke_due(scheduler: Any, checked_at: dict[Key, datetime], now: datetime) -> None:
    for key, schedule in list(scheduler._schedules._data.items()):  # noqa: SLF001
        due = find_due(schedule, checked_at.get(key, now), now)
        checked_at[key] = now
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
        "Account": account,
        "Region": region,
    }
    eventbridge._invoke_target(insert_scheduled_time(schedule["Target"], due), event, schedule)  # noqa: SLF001


def _read_time(value: Any) -> datetime | None:
    if value is None or isinstance(value, str):
        return None if value is None else datetime.fromisoformat(value)
    return datetime.fromtimestamp(value, UTC)


if __name__ == "__main__":
    main()
