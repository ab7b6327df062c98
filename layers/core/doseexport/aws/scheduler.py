"""EventBridge Scheduler: one schedule of its for each of ours, in the stack's group.

It knows an id, a time and nothing of what is exported.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from doseexport.aws.clients import ClientError, error_code
from doseexport.aws.settings import SchedulerTarget
from doseexport.domain.recurrence import Rate
from doseexport.domain.schedule import Schedule

_RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}


class Scheduler:
    """The stack's group of schedules; `client` is a scheduler client."""

    def __init__(self, client: Any, target: SchedulerTarget) -> None:
        self._client = client
        self._target = target

    def put(self, schedule: Schedule, now: datetime) -> None:
        """Make Scheduler's schedule what ours is; it fires only if ours is live."""
        entry = self._describe(schedule, now)
        try:
            self._client.update_schedule(**entry)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            self._client.create_schedule(**entry)

    def remove(self, schedule_id: str) -> None:
        """Delete Scheduler's schedule, if there is one."""
        try:
            self._client.delete_schedule(Name=schedule_id, GroupName=self._target.group)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise

    def _describe(self, schedule: Schedule, now: datetime) -> dict[str, Any]:
        terms, target = schedule.terms, self._target
        event = {"schedule_id": schedule.id, "scheduled_at": "<aws.scheduler.scheduled-time>"}
        entry = {
            "Name": schedule.id,
            "GroupName": target.group,
            "ScheduleExpression": terms.expression.text,
            "ScheduleExpressionTimezone": terms.zone.key,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED" if schedule.is_live else "DISABLED",
            "Target": {
                "Arn": target.function_arn,
                "RoleArn": target.role_arn,
                "Input": json.dumps(event),
                "RetryPolicy": _RETRIES,
                "DeadLetterConfig": {"Arn": target.queue_arn},
            },
        }
        due = schedule.next_after(now)
        if due is None:
            # Scheduler refuses an end that is over; what is never due again need not be enabled.
            return entry | {"State": "DISABLED"}
        # A rate counts from its start: one that is put again goes on in the rhythm it had.
        start = {"StartDate": due} if isinstance(terms.expression, Rate) else {}
        end = {"EndDate": terms.ends_at} if terms.ends_at else {}
        return entry | start | end
