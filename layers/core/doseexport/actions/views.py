"""Exports, their trails and schedules as the API shows them to one caller. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from doseexport.domain.audit import AuditEntry
from doseexport.domain.export import ACTIVE, Export, State
from doseexport.domain.rights import Caller, list_rights, may_see_filters
from doseexport.domain.schedule import PAUSES, Pause, Run, Schedule

PATIENCE = 2
"""Seconds between two looks at an export that is under way."""
MEANINGFUL = timedelta(seconds=3)
"""A rate measured over less time says nothing."""


def present(export: Export, caller: Caller, now: datetime) -> dict[str, Any]:
    """Return the export as a JSON object; `filters` is null for a caller who may not read them."""
    return {
        **_present_request(export, caller),
        **_present_course(export, now),
        **_present_file(export),
        "error": _present_failure(export),
        "links": _present_links(export, caller),
    }


def present_entry(entry: AuditEntry, caller: Caller) -> dict[str, Any]:
    """Return an entry of a trail as a JSON object: null for what entries of its kind do not say."""
    return {
        "time": format_time(entry.at),
        "kind": entry.event.value,
        "attempt": entry.attempt,
        "by": {"id": entry.by.id, "name": entry.by.name} if entry.by else None,
        "request": _present_asked(entry.request, caller) if entry.request else None,
        "file": dict(entry.file) if entry.file else None,
        "code": entry.code,
        "retention": _present_kept(entry.retention) if entry.retention else None,
    }


def present_schedule(schedule: Schedule, caller: Caller, now: datetime) -> dict[str, Any]:
    """Return a schedule as a JSON object; `filters` and `options` are null for whoever may not read them."""
    hidden = {} if may_see_filters(caller, schedule) else {"filters": None, "options": None}
    itself, is_owner = f"/schedules/{schedule.id}", schedule.owner == caller.id
    return {
        "id": schedule.id,
        **schedule.terms.body,
        **hidden,
        "has_patient_data": schedule.has_patient_data,
        "owner_name": schedule.owner_name,
        "mine": is_owner,
        "created_at": format_time(schedule.created_at),
        "paused": _present_pause(schedule.paused),
        "next_run": format_time(schedule.next_after(now)) if schedule.is_live else None,
        "last_run": _present_run(schedule.last),
        "next_day": schedule.next_day.isoformat() if schedule.next_day else None,
        "links": {"self": itself, **({"run": f"{itself}/run"} if is_owner else {})},
    }


def suggest_wait(shown: Mapping[str, Any]) -> int | None:
    """Return the seconds after which a shown export is worth another look; None once it has ended."""
    return PATIENCE if shown["state"] in ACTIVE else None


def format_time(when: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the second: 2026-11-23T11:30:00Z."""
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def estimate_end(export: Export, now: datetime) -> datetime | None:
    """Return when the export will end at its rate so far; None while that would be a guess."""
    done, expected = export.progress.studies_done, export.progress.studies_total
    if export.state is not State.RUNNING or export.started_at is None or not done or not expected:
        return None
    elapsed = now - export.started_at
    if elapsed < MEANINGFUL:
        return None
    return now + elapsed / done * max(expected - done, 0)


def _present_request(export: Export, caller: Caller) -> dict[str, Any]:
    request = export.request
    return {
        "id": export.id,
        "type": request.type,
        "filters": dict(request.filters) if may_see_filters(caller, export) else None,
        "order": request.order,
        "options": dict(request.options) if may_see_filters(caller, export) else None,
        "include_names": request.include_names,
        "include_ids": request.include_ids,
        "has_patient_data": export.has_patient_data,
        "owner_name": export.owner_name,
        "mine": export.owner == caller.id,
        "schedule_id": export.schedule_id,
    }


def _present_asked(asked: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Return what was asked for; `patient_filters` is null for a caller who may not see patients."""
    naming = asked["patient_filters"]
    return {
        "schedule_id": None,
        **asked,
        "patient_filters": dict(naming) if caller.may_see_patients else None,
    }


def _present_pause(pause: Pause | None) -> dict[str, str] | None:
    return None if pause is None else {"code": pause.value, "message": PAUSES[pause]}


def _present_run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "scheduled_at": format_time(run.scheduled_at),
        "export_id": run.export_id,
        "outcome": run.outcome.value,
    }


def _present_kept(kept: Mapping[str, Any]) -> dict[str, Any]:
    until = kept["until"]
    return {"days": kept["days"], "until": format_time(datetime.fromisoformat(until)) if until else None}


def _present_course(export: Export, now: datetime) -> dict[str, Any]:
    return {
        "state": export.state.value,
        "attempt": export.attempt,
        "created_at": format_time(export.created_at),
        "started_at": format_time(export.started_at),
        "finished_at": format_time(export.finished_at),
        "expires_at": format_time(export.expires_at),
        "retention_days": export.retention_days,
        "studies_done": export.progress.studies_done,
        "studies_total": export.progress.studies_total,
        "percent": _find_percent(export),
        "estimated_end": format_time(estimate_end(export, now)),
    }


def _present_file(export: Export) -> dict[str, Any]:
    result = export.result
    return {
        "file_name": result.file_name if result else None,
        "size": result.size if result else None,
        "sha256": result.sha256 if result else None,
        "studies": result.studies if result else None,
        "events": result.events if result else None,
        "warnings": list(result.warnings) if result else [],
        "has_manifest": result.has_manifest if result else False,
    }


def _present_failure(export: Export) -> dict[str, str] | None:
    if export.state is not State.FAILED or export.failure is None:
        return None
    return {"code": export.failure.code, "message": export.failure.message}


def _present_links(export: Export, caller: Caller) -> dict[str, str]:
    itself = f"/exports/{export.id}"
    paths = {
        "download": f"{itself}/download",
        "abort": f"{itself}/abort",
        "delete": itself,
        "set_retention": itself,
    }
    return {"self": itself, **{right: paths[right] for right in list_rights(caller, export)}}


def _find_percent(export: Export) -> int | None:
    """Return whole per cents; 100 only once the file is published."""
    if export.state is State.COMPLETED:
        return 100
    if not export.progress.studies_total:
        return None
    return min(99, 100 * export.progress.studies_done // export.progress.studies_total)
