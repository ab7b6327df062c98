"""What happens when a schedule is due: its days are decided, its owner is looked up, its export asked for.

EventBridge Scheduler may call twice, late, or while the last export is under way; what cannot be done now
is left to the look every few minutes (tending.py).
"""

from __future__ import annotations

import logging
from datetime import datetime

from doseexport.actions.exports import enqueue_export
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.export import Export, State
from doseexport.domain.request import parse_request
from doseexport.domain.rights import Caller
from doseexport.domain.schedule import Occurrence, Outcome, Pause, Schedule
from doseexport.errors import RequestError

TOO_MANY = 429

_OUTCOMES = {
    State.COMPLETED: Outcome.COMPLETED,
    State.FAILED: Outcome.FAILED,
    State.ABORTED: Outcome.ABORTED,
}
_LOGGER = logging.getLogger(__name__)


def run_occurrence(services: Services, schedule_id: str, called_at: datetime) -> str:
    """Ask for the export of one occurrence, however often this is called; return what was done.

    `asked`, `nothing_new`, `paused`; `waits`: for the last export, or for a place; `under_way`, `closed`:
    it was asked for before; `ignored`: there is nothing to do, any more or at all.
    """
    schedule = services.schedules.load(schedule_id)
    due = schedule.find_due(called_at) if schedule is not None and schedule.is_live else None
    if schedule is None or due is None:
        return "ignored"
    if schedule.open is not None:
        return follow_occurrence(services, schedule, schedule.open)
    occurrence = schedule.plan_occurrence(due)
    if occurrence is None:
        return "nothing_new" if services.schedules.skip_occurrence(schedule, due) else "ignored"
    if not services.schedules.open_occurrence(schedule, occurrence):
        return "ignored"
    return _start(services, schedule, occurrence)


def follow_occurrence(services: Services, schedule: Schedule, occurrence: Occurrence) -> str:
    """Look how the export of the open occurrence goes, and do what is to be done; return what that was."""
    export = services.exports.load(occurrence.export_id)
    if export is None and schedule.is_live:
        return _start(services, schedule, occurrence)
    if export is not None and export.is_active:
        return "under_way"
    outcome = Outcome.ABORTED if export is None else _judge(export)
    services.schedules.close_occurrence(schedule, occurrence, outcome)
    return "closed"


def find_owner(services: Services, schedule: Schedule) -> Caller | Pause:
    """Return a schedule's owner as the user pool knows them now, or why they may have no export."""
    person = services.user_pool.find(schedule.owner_name)
    if person is None or person.id != schedule.owner:
        return Pause.OWNER_DELETED
    if not person.is_enabled:
        return Pause.OWNER_DISABLED
    caller = Caller(person.id, schedule.owner_name, person.groups)
    if not caller.may_use_service:
        return Pause.GROUP_LOST
    seen = services.users.find_last_activity(schedule.owner) or schedule.created_at
    if services.clock() - seen > services.settings.owner_inactive:
        return Pause.OWNER_INACTIVE
    return caller


def _start(services: Services, schedule: Schedule, occurrence: Occurrence) -> str:
    """Ask for an occurrence's export, with the rights that its owner has now."""
    owner = find_owner(services, schedule)
    if isinstance(owner, Pause):
        return _pause(services, schedule, owner, occurrence)
    try:
        request = parse_request(occurrence.request, may_see_patients=owner.may_see_patients)
        enqueue_export(services, owner, request, occurrence.export_id, schedule.id)
    except RequestError as error:
        if error.status == TOO_MANY:
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


def _judge(export: Export) -> Outcome:
    is_empty = export.failure is not None and export.failure.code == Outcome.NO_STUDIES
    return Outcome.NO_STUDIES if is_empty else _OUTCOMES[export.state]
