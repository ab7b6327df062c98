"""Bring schedules and EventBridge Scheduler together every five minutes, and run what was missed.

| found | done |
|---|---|
| a change that EventBridge Scheduler does not have | sent again |
| an occurrence whose export has ended | recorded; its days are exported again only if it failed |
| a manual run whose export has ended | recorded |
| an occurrence whose export was never requested | requested, or closed if the schedule was disabled since |
| occurrences due for ten minutes and not handled | the newest one run |

Every write is conditional on what was read, so two runs at once do no harm.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from doseexport.actions.schedule_sync import sync_to_scheduler
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.errors import DoseExportError, RequestError
from doseexport.jobs.occurrences import follow_manual_runs, follow_occurrence, run_occurrence

GRACE = timedelta(minutes=10)
"""How late EventBridge Scheduler may be."""

_LOGGER = logging.getLogger(__name__)


def reconcile_schedules(services: Services) -> Counter[str]:
    """Handle every schedule. Return how often each thing was done.

    `broken` counts schedules that could not be handled or sent. They are logged, and tried again next time.
    """
    done: Counter[str] = Counter()
    for schedule_id in services.schedules.list_ids():
        try:
            done.update(_reconcile(services, schedule_id))
        except Exception as error:  # noqa: BLE001  one broken schedule must not stop the others
            done["broken"] += 1
            _LOGGER.warning("reconcile_failed", extra={"schedule_id": schedule_id, **describe_error(error)})
    return done


def raise_if_broken(counts: Mapping[str, int]) -> None:
    """Raise DoseExportError if a schedule is broken: an alarm counts the function's errors."""
    if counts.get("broken"):
        raise DoseExportError("SCHEDULES_BROKEN", f"{counts['broken']} schedules could not be handled.")


def _reconcile(services: Services, schedule_id: str) -> list[str]:
    schedule = services.schedules.load(schedule_id)
    if schedule is None:
        return []
    done = []
    if schedule.synced_revision != schedule.revision:
        done.append(_sync(services, schedule_id))
    if schedule.is_deleted:
        return done
    done += follow_manual_runs(services, schedule)
    if schedule.open_occurrence is not None:
        return [*done, follow_occurrence(services, schedule, schedule.open_occurrence)]
    missed = schedule.find_missed(services.clock() - GRACE) if schedule.is_live else None
    return done if missed is None else [*done, run_occurrence(services, schedule_id, missed)]


def _sync(services: Services, schedule_id: str) -> str:
    try:
        return "synced" if sync_to_scheduler(services, schedule_id) else "broken"
    except RequestError as error:
        _LOGGER.warning("sync_refused", extra={"schedule_id": schedule_id, **describe_error(error)})
        return "broken"
