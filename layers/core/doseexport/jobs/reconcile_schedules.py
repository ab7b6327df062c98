"""What is looked after every five minutes: that schedules are known to EventBridge Scheduler, and run.

| found | done |
|---|---|
| a change that Scheduler does not know | told to it again |
| an occurrence whose export has ended | written down; its days are not exported again unless it failed |
| an occurrence whose export was never asked for | asked for; let go if the schedule was disabled since |
| due for ten minutes, and nothing happened | the newest such occurrence run |

Every write is conditional on what was read, so two looks at once do no harm.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.schedule import Schedule
from doseexport.errors import DoseExportError
from doseexport.jobs.occurrences import follow_occurrence, run_occurrence

GRACE = timedelta(minutes=10)
"""How late EventBridge Scheduler may be."""
TRIES = 3
"""How often a schedule is told of that is changed while it is told of."""

_LOGGER = logging.getLogger(__name__)


def reconcile_schedules(services: Services) -> Counter[str]:
    """Look after every schedule; return how often each thing was done.

    `broken` counts schedules that could not be looked after, or told of; they are logged, and tried again.
    """
    done: Counter[str] = Counter()
    for schedule_id in services.schedules.list_ids():
        try:
            done.update(_reconcile(services, schedule_id))
        except Exception as error:  # noqa: BLE001  one broken schedule must not stop the others' care
            done["broken"] += 1
            _LOGGER.warning("reconcile_failed", extra={"schedule_id": schedule_id, **describe_error(error)})
    return done


def require_all_reconciled(counts: Mapping[str, int]) -> None:
    """Raise DoseExportError if a schedule is broken: the function's errors are what an alarm counts."""
    if counts.get("broken"):
        raise DoseExportError("SCHEDULES_BROKEN", f"{counts['broken']} schedules could not be looked after.")


def place(services: Services, schedule_id: str) -> bool:
    """Tell EventBridge Scheduler of a schedule as it is now; False if that failed and is left to the look."""
    try:
        for _ in range(TRIES):
            schedule = services.schedules.load(schedule_id)
            if schedule is None:
                return True
            _tell(services, schedule)
            # If it was changed meanwhile, a newer telling may have been overwritten by this one.
            if services.schedules.mark_synced(schedule):
                return True
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("sync_failed", extra={"schedule_id": schedule_id, **describe_error(error)})
    return False


def _tell(services: Services, schedule: Schedule) -> None:
    if schedule.is_deleted:
        services.scheduler.remove(schedule.id)
    else:
        services.scheduler.put(schedule, services.clock())


def _reconcile(services: Services, schedule_id: str) -> list[str]:
    schedule = services.schedules.load(schedule_id)
    if schedule is None:
        return []
    done = []
    if schedule.synced_revision != schedule.revision:
        done.append("synced_revision" if place(services, schedule_id) else "broken")
    if schedule.is_deleted:
        return done
    if schedule.open is not None:
        return [*done, follow_occurrence(services, schedule, schedule.open)]
    missed = schedule.find_missed(services.clock() - GRACE) if schedule.is_live else None
    return done if missed is None else [*done, run_occurrence(services, schedule_id, missed)]
