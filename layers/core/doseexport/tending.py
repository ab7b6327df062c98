"""What is looked after every five minutes: that schedules are known to EventBridge Scheduler, and run.

| found | done |
|---|---|
| a change that Scheduler does not know | told to it again |
| an occurrence whose export has ended | written down; its days are covered unless it failed |
| an occurrence whose export was never asked for | asked for |
| due for ten minutes, and nothing happened | the newest such occurrence run |

Every write is conditional on what was read, so two looks at once do no harm.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from doseexport.export import Export, State
from doseexport.logs import describe_error
from doseexport.occurrences import run_occurrence, start_occurrence
from doseexport.schedule import Occurrence, Outcome, Schedule
from doseexport.services import Services

GRACE = timedelta(minutes=10)
"""How late EventBridge Scheduler may be."""

_OUTCOMES = {
    State.COMPLETED: Outcome.COMPLETED,
    State.FAILED: Outcome.FAILED,
    State.ABORTED: Outcome.ABORTED,
}
_LOGGER = logging.getLogger(__name__)


def tend_schedules(services: Services) -> Counter[str]:
    """Look after every schedule; return how often each thing was done.

    `broken` counts schedules that could not be looked after; they are logged, and tried again next time.
    """
    done: Counter[str] = Counter()
    for schedule in services.schedules.list_all():
        try:
            done.update(_tend(services, schedule))
        except Exception as error:  # noqa: BLE001  one broken schedule must not stop the others' care
            done["broken"] += 1
            _LOGGER.warning("tending_failed", extra={"schedule_id": schedule.id, **describe_error(error)})
    return done


def place(services: Services, schedule: Schedule) -> None:
    """Tell EventBridge Scheduler of a schedule as it is now; ClientError if it cannot be told."""
    if schedule.is_deleted:
        services.timetable.remove(schedule.id)
    else:
        services.timetable.put(schedule, services.clock())
    services.schedules.mark_placed(schedule)


def _tend(services: Services, schedule: Schedule) -> list[str]:
    done = []
    if schedule.placed != schedule.revision:
        place(services, schedule)
        done.append("placed")
    if schedule.is_deleted:
        return done
    if schedule.open is not None:
        return [*done, _follow(services, schedule, schedule.open)]
    missed = schedule.find_missed(services.clock() - GRACE) if schedule.is_live else None
    return done if missed is None else [*done, run_occurrence(services, schedule.id, missed)]


def _follow(services: Services, schedule: Schedule, occurrence: Occurrence) -> str:
    """Look how an occurrence's export goes."""
    export = services.store.load(occurrence.export_id)
    if export is None:
        return start_occurrence(services, schedule, occurrence) if schedule.is_live else "waits"
    if export.is_active:
        return "under_way"
    services.schedules.close_occurrence(schedule, occurrence, _judge(export))
    return "closed"


def _judge(export: Export) -> Outcome:
    is_empty = export.failure is not None and export.failure.code == Outcome.NO_STUDIES
    return Outcome.NO_STUDIES if is_empty else _OUTCOMES[export.state]
