"""What happens when a schedule is due: its owner is looked up, its days are decided, its export asked for.

EventBridge Scheduler may call twice, late, or while the last export is under way; what cannot be done now
is left to the look every few minutes (tending.py).
"""

from __future__ import annotations

import logging
from datetime import datetime

from doseexport.access import Caller
from doseexport.actions import start_export
from doseexport.errors import RequestError
from doseexport.logs import describe_error
from doseexport.request import parse_request
from doseexport.schedule import Occurrence, Pause, Schedule
from doseexport.services import Services

TOO_MANY = 429

_LOGGER = logging.getLogger(__name__)


def run_occurrence(services: Services, schedule_id: str, scheduled_at: datetime) -> str:
    """Ask for the export of one occurrence, however often this is called; return what was done.

    `asked`, `nothing_new`, `paused`; `waits`: for the last export, or for a place; `ignored`: there is
    nothing to do, any more or at all.
    """
    schedule = services.schedules.load(schedule_id)
    if schedule is None or not schedule.is_live:
        return "ignored"
    if schedule.open is not None:
        is_this = schedule.open.scheduled_at == scheduled_at
        return start_occurrence(services, schedule, schedule.open) if is_this else "waits"
    occurrence = schedule.plan_occurrence(scheduled_at)
    if occurrence is None:
        return "nothing_new" if services.schedules.pass_over(schedule, scheduled_at) else "ignored"
    if not services.schedules.open_occurrence(schedule, occurrence):
        return "ignored"
    return start_occurrence(services, schedule, occurrence)


def start_occurrence(services: Services, schedule: Schedule, occurrence: Occurrence) -> str:
    """Ask for an occurrence's export, with the rights that its owner has now; return what was done."""
    owner = find_owner(services, schedule)
    if isinstance(owner, Pause):
        return _pause(services, schedule, owner, occurrence)
    try:
        request = parse_request(occurrence.asked, may_see_patients=owner.may_see_patients)
        start_export(services, owner, request, occurrence.export_id, schedule.id)
    except RequestError as error:
        if error.status == TOO_MANY:
            return "waits"
        _LOGGER.warning("schedule_refused", extra={"schedule_id": schedule.id, **describe_error(error)})
        return _pause(services, schedule, Pause.REQUEST_REFUSED, occurrence)
    return "asked"


def find_owner(services: Services, schedule: Schedule) -> Caller | Pause:
    """Return a schedule's owner as the user pool knows them now, or why they may not have this export."""
    person = services.people.find(schedule.owner_name)
    if person is None or person.id != schedule.owner:
        return Pause.OWNER_GONE
    if not person.is_enabled:
        return Pause.OWNER_DISABLED
    caller = Caller(person.id, schedule.owner_name, person.groups)
    if not caller.may_use_service:
        return Pause.GROUP_LOST
    if schedule.terms.with_patients and not caller.may_see_patients:
        return Pause.PIDGROUP_LOST
    seen = services.schedules.find_seen(schedule.owner) or schedule.created_at
    if services.clock() - seen > services.settings.owner_silent:
        return Pause.OWNER_SILENT
    return caller


def _pause(services: Services, schedule: Schedule, pause: Pause, occurrence: Occurrence) -> str:
    paused = services.schedules.pause(schedule, pause, occurrence, services.clock())
    if paused:
        _LOGGER.warning("schedule_paused", extra={"schedule_id": schedule.id, "code": pause.value})
    return "paused" if paused else "ignored"
