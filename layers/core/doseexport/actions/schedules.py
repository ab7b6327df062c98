"""What people do with schedules: one function per request of the API, from a caller to a domain object.

Only its owner sees a schedule, and administrators, who may disable and delete it too. Programs cannot have
schedules, because nobody would notice that a program's owner has left.
"""

from __future__ import annotations

from collections.abc import Mapping

from doseexport.actions.activity import record_activity
from doseexport.actions.exports import check_key, enqueue_export
from doseexport.actions.listing import parse_scope
from doseexport.actions.presets import load_for_use
from doseexport.actions.schedule_sync import sync_to_scheduler
from doseexport.aws.services import Services
from doseexport.domain.export import Export, is_id, make_id
from doseexport.domain.request import check_retention, parse_request
from doseexport.domain.rights import (
    Caller,
    may_disable_schedule,
    may_read_schedule,
    require_all_schedules,
    require_person,
    require_schedule_change,
    require_schedule_run,
    require_service,
)
from doseexport.domain.schedule import Schedule
from doseexport.domain.schedule_terms import Terms, change_terms, disable, parse_terms
from doseexport.errors import RequestError


def create_schedule(services: Services, caller: Caller, body: object) -> Schedule:
    """Check the terms of a schedule, write it, and send it to EventBridge Scheduler.

    The body may name a preset. Raise RequestError: 403, 409 (too many), 422.
    """
    require_person(caller)
    record_activity(services, caller)
    now, settings = services.clock(), services.settings
    full_body = load_for_use(services, caller, body)
    terms = parse_terms(full_body, now, settings.time_zone, may_see_patients=caller.may_see_patients)
    check_retention(terms.request["retention_days"], settings.max_retention)
    schedule = Schedule(make_id(caller.id, None), caller.id, caller.name, now, terms, handled_until=now)
    if not services.schedules.create(schedule, settings.max_schedules):
        message = f"You have {settings.max_schedules} schedules. Delete one first."
        raise RequestError("TOO_MANY_SCHEDULES", message, None, 409)
    try:
        sync_to_scheduler(services, schedule.id)
    except RequestError:
        services.schedules.delete(schedule, now)
        raise
    return schedule


def list_schedules(services: Services, caller: Caller, parameters: Mapping[str, str]) -> list[Schedule]:
    """Return the caller's schedules, oldest first, or everyone's for an administrator with scope=all.

    Raise RequestError: 400, 403.
    """
    require_service(caller)
    scope = parse_scope(parameters)
    if scope == "all":
        require_all_schedules(caller)
    record_activity(services, caller)
    found = services.schedules.list_all() if scope == "all" else services.schedules.list_owned(caller.id)
    return [schedule for schedule in found if not schedule.is_deleted]


def get_schedule(services: Services, caller: Caller, schedule_id: str) -> Schedule:
    """Return one schedule. Raise RequestError: 403, 404."""
    return _find(services, caller, schedule_id)


def change_schedule(services: Services, caller: Caller, schedule_id: str, changes: object) -> Schedule:
    """Change the given fields. An administrator may only disable another owner's schedule.

    Raise RequestError: 403, 404, 409 (changed at the same moment), 422.
    """
    schedule = _find(services, caller, schedule_id)
    record_activity(services, caller)
    terms = _parse_changed_terms(services, caller, schedule, changes)
    if not services.schedules.change(schedule, terms, services.clock()):
        message = "The schedule was changed by someone else. Reload it and try again."
        raise RequestError("CHANGED_MEANWHILE", message, "id", 409)
    changed = _find(services, caller, schedule_id)
    try:
        sync_to_scheduler(services, schedule_id)
    except RequestError:
        services.schedules.change(changed, schedule.terms, services.clock())
        raise
    return changed


def delete_schedule(services: Services, caller: Caller, schedule_id: str) -> None:
    """Delete a schedule. Its exports stay. Raise RequestError: 403, 404."""
    schedule = _find(services, caller, schedule_id)
    if services.schedules.delete(schedule, services.clock()):
        sync_to_scheduler(services, schedule_id)


def run_schedule_now(
    services: Services, caller: Caller, schedule_id: str, idempotency_key: str | None = None
) -> Export:
    """Request a schedule's export now, beside its occurrences. Only its owner may.

    Raise RequestError: 400, 403, 404, 409 (nothing new to export), 422, 429.
    """
    check_key(idempotency_key)
    record_activity(services, caller)
    schedule = _find(services, caller, schedule_id)
    require_schedule_run(caller, schedule)
    occurrence = schedule.plan_manual_run(services.clock())
    if occurrence is None:
        message = "There is nothing new to export: all days before today are already exported."
        raise RequestError("NOTHING_NEW", message, "id", 409)
    request = parse_request(occurrence.request, may_see_patients=caller.may_see_patients)
    export_id = make_id(caller.id, idempotency_key) if idempotency_key else occurrence.export_id
    return enqueue_export(services, caller, request, export_id, schedule)


def _find(services: Services, caller: Caller, schedule_id: str) -> Schedule:
    require_service(caller)
    schedule = services.schedules.load(schedule_id) if is_id(schedule_id) else None
    if schedule is None or schedule.is_deleted or not may_read_schedule(caller, schedule):
        raise RequestError("NOT_FOUND", "There is no such schedule, or it is not yours.", "id", 404)
    return schedule


def _parse_changed_terms(services: Services, caller: Caller, schedule: Schedule, changes: object) -> Terms:
    is_stop = isinstance(changes, Mapping) and changes.keys() == {"enabled"} and changes["enabled"] is False
    if is_stop and may_disable_schedule(caller, schedule):
        return disable(schedule.terms)
    require_schedule_change(caller, schedule)
    terms = change_terms(
        schedule.terms,
        changes,
        services.clock(),
        may_see_patients=caller.may_see_patients,
        rate_start=schedule.rate_start,
    )
    check_retention(terms.request["retention_days"], services.settings.max_retention)
    return terms
