"""The schedules in EventBridge Scheduler: one AWS schedule per Dose Export schedule, in the stack's group.

An AWS schedule holds an id and times, but nothing of the request.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from doseexport.aws.clients import ClientError, find_error_code
from doseexport.aws.settings import SchedulerTarget
from doseexport.domain.recurrence import Rate
from doseexport.domain.schedule import Schedule

_RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}


class Scheduler:
    """The stack's group of AWS schedules. `client` is a boto3 client of `scheduler`."""

    def __init__(self, client: Any, target: SchedulerTarget) -> None:
        self._client = client
        self._target = target

    def put(self, schedule: Schedule, now: datetime) -> None:
        """Create or update the AWS schedule. It is enabled only if the schedule is live."""
        entry = self._describe(schedule, now)
        try:
            self._client.update_schedule(**entry)
        except ClientError as error:
            if find_error_code(error) != "ResourceNotFoundException":
                raise
            self._client.create_schedule(**entry)

    def remove(self, schedule_id: str) -> None:
        """Delete the AWS schedule, if there is one."""
        try:
            self._client.delete_schedule(Name=schedule_id, GroupName=self._target.group)
        except ClientError as error:
            if find_error_code(error) != "ResourceNotFoundException":
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
            # EventBridge Scheduler refuses a past end date, and a schedule that is never due needs no date.
            return entry | {"State": "DISABLED"}
        # A rate counts from its start date, so an updated schedule must start at a due time to stay in step.
        start = {"StartDate": due} if isinstance(terms.expression, Rate) else {}
        end = {"EndDate": terms.ends_at} if terms.ends_at else {}
        return entry | start | end
