"""What people do with schedules: one function per request of the API, from a caller to a domain object.

Only its owner sees a schedule, and administrators, who may disable and delete it too. Programs cannot have
schedules, because nobody would notice that a program's owner has left.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from doseexport.actions.activity import record_activity
from doseexport.actions.exports import check_key, enqueue_export
from doseexport.actions.listing import parse_scope
from doseexport.actions.presets import load_for_schedule
from doseexport.actions.results import RunList, SchedulePreview
from doseexport.actions.schedule_sync import sync_to_scheduler
from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.export import Export, is_id, make_id
from doseexport.domain.parsing import read_flag
from doseexport.domain.request import check_mail, check_retention, parse_request
from doseexport.domain.rights import (
    Caller,
    may_disable_schedule,
    may_read_schedule,
    may_use_pseudonyms,
    require_all_schedules,
    require_person,
    require_schedule_change,
    require_schedule_run,
    require_service,
)
from doseexport.domain.schedule import Occurrence, Outcome, Run, Schedule
from doseexport.domain.schedule_terms import Terms, change_terms, disable, parse_terms
from doseexport.errors import RequestError

MAX_RUNS = 100
"""The most runs in the history of a schedule: the newest ones."""
UNNAMED = "unnamed"
"""The name of a schedule that is previewed before it has one."""

_LOGGER = logging.getLogger(__name__)


def create_schedule(services: Services, caller: Caller, body: object) -> Schedule:
    """Check the terms of a schedule, write it, and send it to EventBridge Scheduler.

    The body may name a preset. Raise RequestError: 403, 409 (too many), 422.
    """
    require_person(caller)
    record_activity(services, caller)
    schedule, settings = _make_schedule(services, caller, body), services.settings
    if not services.schedules.create(schedule, settings.max_schedules):
        message = f"You have {settings.max_schedules} schedules. Delete one first."
        raise RequestError("TOO_MANY_SCHEDULES", message, None, 409)
    try:
        sync_to_scheduler(services, schedule.id)
    except RequestError:
        services.schedules.delete(schedule, schedule.created_at)
        raise
    return schedule


def preview_schedule(services: Services, caller: Caller, body: object) -> SchedulePreview:
    """Return the coming runs of a schedule that is not created yet, and may be unnamed.

    Raise RequestError: 403, 422.
    """
    require_person(caller)
    named = {"name": UNNAMED, **body} if isinstance(body, Mapping) else body
    schedule = _make_schedule(services, caller, _enable(named))
    return SchedulePreview(list(schedule.list_coming_runs(services.clock())), continues=False)


def preview_change(services: Services, caller: Caller, schedule_id: str, changes: object) -> SchedulePreview:
    """Return the coming runs that a schedule will have, enabled, with the given fields changed.

    Raise RequestError: 403, 404, 422.
    """
    schedule = _find(services, caller, schedule_id)
    require_schedule_change(caller, schedule)
    changed = schedule.with_terms(_parse_changed_terms(services, caller, schedule, _enable(changes)))
    runs = list(changed.list_coming_runs(services.clock()))
    return SchedulePreview(runs, continues=changed.next_day is not None)


def list_runs(services: Services, caller: Caller, schedule_id: str) -> RunList:
    """Return the newest runs of a schedule, manual ones included. Raise RequestError: 403, 404."""
    runs, is_complete = services.schedules.list_runs(_find(services, caller, schedule_id), MAX_RUNS)
    return RunList(runs, is_complete)


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
        _undo_change(services, changed, schedule)
        raise
    return changed


def _undo_change(services: Services, changed: Schedule, schedule: Schedule) -> None:
    """Restore a schedule, or only its terms if one of its runs began meanwhile."""
    if not services.schedules.restore(changed, schedule):
        services.schedules.change(changed, schedule.terms, services.clock())


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
    request = parse_request(
        occurrence.request,
        may_see_patients=caller.may_see_patients,
        may_use_pseudonyms=may_use_pseudonyms(caller, services.settings.pseudonyms.group),
    )
    if idempotency_key:
        occurrence = replace(occurrence, export_id=make_id(caller.id, idempotency_key))
    export = enqueue_export(services, caller, request, occurrence.export_id, schedule)
    _record_manual_run(services, schedule, occurrence)
    return export


def _record_manual_run(services: Services, schedule: Schedule, occurrence: Occurrence) -> None:
    """Show a manual run in the history. If that fails, its export is requested nevertheless."""
    try:
        services.schedules.start_manual_run(schedule, Run.of(occurrence, Outcome.STARTED, is_manual=True))
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("manual_run_unrecorded", extra={"schedule_id": schedule.id, **describe_error(error)})


def _make_schedule(services: Services, caller: Caller, body: object) -> Schedule:
    """Return the checked schedule in a body, which may name a preset."""
    now, settings = services.clock(), services.settings
    full_body = load_for_schedule(services, caller, body)
    terms = parse_terms(
        full_body,
        now,
        settings.time_zone,
        may_see_patients=caller.may_see_patients,
        may_use_pseudonyms=may_use_pseudonyms(caller, settings.pseudonyms.group),
    )
    check_retention(terms.request["retention_days"], settings.max_retention)
    _check_mail(services, terms)
    return Schedule(make_id(caller.id, None), caller.id, caller.name, now, terms, handled_until=now)


def _enable(body: object) -> object:
    """Return a body that enables its schedule. Raise RequestError (422) if its own flag is none."""
    if not isinstance(body, Mapping):
        return body
    if body.get("enabled") is not None:
        read_flag(body["enabled"], "enabled")
    return {**body, "enabled": True}


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
        may_use_pseudonyms=may_use_pseudonyms(caller, services.settings.pseudonyms.group),
        rate_start=schedule.rate_start,
    )
    check_retention(terms.request["retention_days"], services.settings.max_retention)
    if not schedule.terms.request.get("send_mail"):
        _check_mail(services, terms)  # another edit must not fail where the sender was removed
    return terms


def _check_mail(services: Services, terms: Terms) -> None:
    has_sender = services.settings.has_mail_sender
    check_mail(send_mail=terms.request["send_mail"], has_sender=has_sender, is_machine=False)
