"""Bring EventBridge Scheduler up to date with a schedule that has changed."""

from __future__ import annotations

import logging

from doseexport.aws.clients import BotoCoreError, ClientError, error_code
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.schedule import Schedule
from doseexport.errors import unprocessable

TRIES = 3
"""How often to send a schedule that changes while it is being sent."""

_LOGGER = logging.getLogger(__name__)


def sync_to_scheduler(services: Services, schedule_id: str) -> bool:
    """Send a schedule, as it is now, to EventBridge Scheduler.

    Return False if that failed: reconcile_schedules tries again within five minutes. Raise RequestError (422)
    if EventBridge Scheduler refuses the terms.
    """
    try:
        for _ in range(TRIES):
            schedule = services.schedules.load(schedule_id)
            if schedule is None:
                return True
            _send(services, schedule)
            # The schedule may have changed during the call. Then send it again.
            if services.schedules.mark_synced(schedule):
                return True
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "ValidationException":
            message = "EventBridge Scheduler does not accept this time zone or expression. Choose another."
            raise unprocessable("SCHEDULE_REFUSED", message, "time_zone") from error
        _LOGGER.warning("sync_failed", extra={"schedule_id": schedule_id, **describe_error(error)})
    return False


def _send(services: Services, schedule: Schedule) -> None:
    if schedule.is_deleted:
        services.scheduler.remove(schedule.id)
    else:
        services.scheduler.put(schedule, services.clock())
