"""Bring EventBridge Scheduler up to date with a schedule that has changed."""

from __future__ import annotations

import logging

from doseexport.aws.clients import BotoCoreError, ClientError, find_error_code
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.errors import unprocessable

TRIES = 3
"""How often to send a schedule that changes while it is being sent."""
_CHANGED_BY_ANOTHER = "ConflictException"

_LOGGER = logging.getLogger(__name__)


def sync_to_scheduler(services: Services, schedule_id: str) -> bool:
    """Send a schedule, as it is now, to EventBridge Scheduler.

    Return False if that failed: reconcile_schedules tries again within five minutes. Raise RequestError (422)
    if EventBridge Scheduler refuses the terms.
    """
    failure: dict[str, object] = {}
    for _ in range(TRIES):
        try:
            if _send(services, schedule_id):
                return True
        except (ClientError, BotoCoreError) as error:
            if find_error_code(error) == "ValidationException":
                message = (
                    "EventBridge Scheduler does not accept this time zone or expression. Choose another."
                )
                raise unprocessable("SCHEDULE_REFUSED", message, "time_zone") from error
            failure = describe_error(error)
            if find_error_code(error) != _CHANGED_BY_ANOTHER:
                break
    _LOGGER.warning("sync_failed", extra={"schedule_id": schedule_id, **failure})
    return False


def _send(services: Services, schedule_id: str) -> bool:
    """Send a schedule once. Return False if it has changed during the call, and must be sent again."""
    schedule = services.schedules.load(schedule_id)
    if schedule is None:
        return True
    if schedule.is_deleted:
        services.scheduler.remove(schedule.id)
    else:
        services.scheduler.put(schedule, services.clock())
    return services.schedules.mark_synced(schedule)
