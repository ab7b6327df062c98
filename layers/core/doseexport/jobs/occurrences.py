"""Run an occurrence of a schedule: decide its days, check its owner's rights and request its export.

EventBridge Scheduler may invoke twice, late, or while the last export is under way. Work that must wait is
done by reconcile_schedules, which runs every five minutes.
"""

from __future__ import annotations

import logging
from datetime import datetime

from doseexport.actions.exports import enqueue_export
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.export import Export, State
from doseexport.domain.request import parse_request
from doseexport.domain.rights import Caller, may_use_pseudonyms
from doseexport.domain.schedule import Occurrence, Outcome, Pause, Schedule
from doseexport.errors import RequestError

LIMIT_REACHED_STATUS = 429
"""The status of an export refused because its owner reached a limit: active exports, or requests per
minute."""

_OUTCOMES = {
    State.COMPLETED: Outcome.COMPLETED,
    State.FAILED: Outcome.FAILED,
    State.ABORTED: Outcome.ABORTED,
}
_LOGGER = logging.getLogger(__name__)


def run_occurrence(services: Services, schedule_id: str, invoked_at: datetime) -> str:
    """Request the export of one occurrence, only once however often this is called. Return what was done.

    | answer | meaning |
    |---|---|
    | requested | the export is requested |
    | nothing_new | all days of the window were exported before |
    | paused | the schedule was paused instead |
    | waits | the owner reached a limit; tried again later |
    | under_way, closed | an earlier occurrence's export is under way, or its end was recorded now |
    | ignored | the schedule is not due, or has changed meanwhile |
    """
    schedule = services.schedules.load(schedule_id)
    due = schedule.find_due(invoked_at) if schedule is not None and schedule.is_live else None
    if schedule is None or due is None:
        return "ignored"
    if schedule.open_occurrence is not None:
        return follow_occurrence(services, schedule, schedule.open_occurrence)
    occurrence = schedule.plan_occurrence(due)
    if occurrence is None:
        return "nothing_new" if services.schedules.skip_occurrence(schedule, due) else "ignored"
    if not services.schedules.open_occurrence(schedule, occurrence):
        return "ignored"
    return _start(services, schedule, occurrence)


def follow_occurrence(services: Services, schedule: Schedule, occurrence: Occurrence) -> str:
    """Request the open occurrence's export if it is missing, or record its end. Return what was done."""
    export = services.exports.load(occurrence.export_id)
    if export is None and schedule.is_live:
        return _start(services, schedule, occurrence)
    if export is not None and export.is_active:
        return "under_way"
    outcome = Outcome.ABORTED if export is None else _find_outcome(export)
    return "closed" if services.schedules.close_occurrence(schedule, occurrence, outcome) else "ignored"


def follow_manual_runs(services: Services, schedule: Schedule) -> list[str]:
    """Record the ends of manual runs, oldest first. Return what was done."""
    done = []
    for run in schedule.manual_runs:
        export = services.exports.load(run.export_id) if run.export_id else None
        if export is not None and export.is_active:
            break
        outcome = Outcome.ABORTED if export is None else _find_outcome(export)
        if not services.schedules.close_manual_run(schedule, run, outcome):
            break
        done.append("closed")
    return done


def resolve_owner(services: Services, schedule: Schedule) -> Caller | Pause:
    """Return a schedule's owner with the rights they have now, or the reason to pause the schedule."""
    user = services.user_pool.find(schedule.owner_name)
    if user is None or user.id != schedule.owner:
        return Pause.OWNER_DELETED
    if not user.is_enabled:
        return Pause.OWNER_DISABLED
    caller = Caller(user.id, schedule.owner_name, user.groups)
    if not caller.may_use_service:
        return Pause.GROUP_LOST
    last_active = services.users.find_last_activity(schedule.owner) or schedule.created_at
    if services.clock() - last_active > services.settings.owner_inactive:
        return Pause.OWNER_INACTIVE
    return caller


def _start(services: Services, schedule: Schedule, occurrence: Occurrence) -> str:
    """Request an occurrence's export, with the rights that its owner has now."""
    owner = resolve_owner(services, schedule)
    if isinstance(owner, Pause):
        return _pause(services, schedule, owner, occurrence)
    try:
        request = parse_request(
            occurrence.request,
            may_see_patients=owner.may_see_patients,
            may_use_pseudonyms=may_use_pseudonyms(owner, services.settings.pseudonyms.group),
        )
        enqueue_export(services, owner, request, occurrence.export_id, schedule)
    except RequestError as error:
        if error.status == LIMIT_REACHED_STATUS:
            return "waits"
        _LOGGER.warning("schedule_refused", extra={"schedule_id": schedule.id, **describe_error(error)})
        needs_group = error.code == "PIDGROUP_NEEDED"
        reason = Pause.PIDGROUP_LOST if needs_group else Pause.REQUEST_REFUSED
        return _pause(services, schedule, reason, occurrence)
    return "requested"


def _pause(services: Services, schedule: Schedule, pause: Pause, occurrence: Occurrence) -> str:
    paused = services.schedules.pause(schedule, pause, occurrence, services.clock())
    if paused:
        _LOGGER.warning("schedule_paused", extra={"schedule_id": schedule.id, "code": pause.value})
    return "paused" if paused else "ignored"


def _find_outcome(export: Export) -> Outcome:
    is_empty = export.failure is not None and export.failure.code == Outcome.NO_STUDIES
    return Outcome.NO_STUDIES if is_empty else _OUTCOMES[export.state]
