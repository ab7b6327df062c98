"""What people do with schedules through the API.

A schedule is its owner's: others see none of it, but administrators, who may stop and delete it too.
Programs have none: nobody would notification that one has left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doseexport.actions.activity import record_activity
from doseexport.actions.exports import check_key, enqueue_export
from doseexport.actions.listing import parse_scope
from doseexport.actions.presets import load_for_use
from doseexport.actions.views import present_schedule
from doseexport.aws.services import Services
from doseexport.domain.export import is_id, make_id
from doseexport.domain.request import check_retention, parse_request
from doseexport.domain.rights import Caller, require_person, require_service
from doseexport.domain.schedule import Schedule
from doseexport.domain.schedule_terms import Terms, change_terms, disable, parse_terms
from doseexport.errors import RequestError, forbidden
from doseexport.jobs.reconcile_schedules import place


def create_schedule(services: Services, caller: Caller, body: object) -> dict[str, Any]:
    """Check a schedule's terms, made of a preset or not, write them, tell EventBridge Scheduler; return it.

    RequestError: 403, 409 (too many), 422.
    """
    require_person(caller)
    record_activity(services, caller)
    now, settings = services.clock(), services.settings
    whole = load_for_use(services, caller, body)
    terms = parse_terms(whole, now, settings.time_zone, may_see_patients=caller.may_see_patients)
    check_retention(terms.request["retention_days"], settings.max_retention)
    schedule = Schedule(make_id(caller.id, None), caller.id, caller.name, now, terms, handled_until=now)
    if not services.schedules.create(schedule, settings.max_schedules):
        raise RequestError(
            "TOO_MANY_SCHEDULES", f"You have {settings.max_schedules} schedules; delete one first.", None, 409
        )
    return _show_placed(services, caller, schedule)


def list_schedules(services: Services, caller: Caller, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the caller's schedules, oldest first; all of them for an admin who asks for scope=all.

    RequestError: 400, 403.
    """
    require_service(caller)
    scope = parse_scope(parameters)
    if scope == "all" and not caller.is_admin:
        raise forbidden("Everybody's schedules are for members of admingroup only.", "scope")
    record_activity(services, caller)
    found = services.schedules.list_all() if scope == "all" else services.schedules.list_owned(caller.id)
    shown = [
        present_schedule(schedule, caller, services.clock()) for schedule in found if not schedule.is_deleted
    ]
    return {"schedules": shown}


def get_schedule(services: Services, caller: Caller, schedule_id: str) -> dict[str, Any]:
    """Return one schedule. RequestError: 404."""
    return present_schedule(_find(services, caller, schedule_id), caller, services.clock())


def change_schedule(services: Services, caller: Caller, schedule_id: str, changes: object) -> dict[str, Any]:
    """Change the fields given; an administrator may only disable another's. Return the schedule.

    RequestError: 403, 404, 409 (changed at the same moment), 422.
    """
    schedule = _find(services, caller, schedule_id)
    record_activity(services, caller)
    terms = _make_changes(services, caller, schedule, changes)
    if not services.schedules.change(schedule, terms, services.clock()):
        raise RequestError("CHANGED_MEANWHILE", "The schedule was changed meanwhile; look again.", "id", 409)
    return _show_placed(services, caller, _find(services, caller, schedule_id))


def delete_schedule(services: Services, caller: Caller, schedule_id: str) -> None:
    """Delete a schedule; its exports stay. RequestError: 403, 404."""
    schedule = _find(services, caller, schedule_id)
    if services.schedules.delete(schedule, services.clock()):
        place(services, schedule_id)


def run_schedule_now(
    services: Services, caller: Caller, schedule_id: str, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Ask for a schedule's export now, beside its occurrences; return the export. For its owner alone.

    RequestError: 400, 403, 404, 409 (nothing new to export), 422, 429.
    """
    check_key(idempotency_key)
    record_activity(services, caller)
    schedule = _find(services, caller, schedule_id)
    if schedule.owner != caller.id:
        raise forbidden("Only its owner may run a schedule.", "id")
    occurrence = schedule.plan_manual_run(services.clock())
    if occurrence is None:
        raise RequestError("NOTHING_NEW", "All days until today are exported already.", "id", 409)
    request = parse_request(occurrence.request, may_see_patients=caller.may_see_patients)
    export_id = make_id(caller.id, idempotency_key) if idempotency_key else occurrence.export_id
    return enqueue_export(services, caller, request, export_id, schedule.id)


def _find(services: Services, caller: Caller, schedule_id: str) -> Schedule:
    require_service(caller)
    schedule = services.schedules.load(schedule_id) if is_id(schedule_id) else None
    if schedule is None or schedule.is_deleted or not (caller.is_admin or schedule.owner == caller.id):
        raise RequestError("NOT_FOUND", "There is no such schedule of yours.", "id", 404)
    return schedule


def _make_changes(services: Services, caller: Caller, schedule: Schedule, changes: object) -> Terms:
    is_stop = isinstance(changes, Mapping) and changes.keys() == {"enabled"} and changes["enabled"] is False
    if is_stop:  # may be done by whoever lost the right to what it asks for, too
        return disable(schedule.terms)
    if schedule.owner != caller.id:
        raise forbidden("Only its owner may change a schedule; an administrator may disable it.", "id")
    terms = change_terms(
        schedule.terms,
        changes,
        services.clock(),
        may_see_patients=caller.may_see_patients,
        made_at=schedule.made_at,
    )
    check_retention(terms.request["retention_days"], services.settings.max_retention)
    return terms


def _show_placed(services: Services, caller: Caller, schedule: Schedule) -> dict[str, Any]:
    """Tell EventBridge Scheduler, at once or within five minutes, and show the schedule."""
    place(services, schedule.id)
    return present_schedule(schedule, caller, services.clock())
