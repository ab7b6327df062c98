"""Show exports, audit trails, presets, schedules, previews and usage as JSON objects to one caller.

Only this module, catalogue_views.py and api/ know JSON. A caller who may not read a value gets null in its
place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from doseexport.actions.results import (
    AuditTrail,
    Deletions,
    Download,
    ExportPage,
    OwnerUsage,
    PresetList,
    Preview,
    RunList,
    SchedulePreview,
    Suggestions,
    Usage,
)
from doseexport.domain.audit import AuditEntry
from doseexport.domain.export import Export, State
from doseexport.domain.export_name import find_label, label_file
from doseexport.domain.preset import Preset, describe_saved
from doseexport.domain.rights import (
    Caller,
    list_rights,
    may_change_preset,
    may_read_schedule,
    may_run_schedule,
    may_see_filters,
    may_see_name,
    may_see_patient_filters,
    may_withdraw_preset,
)
from doseexport.domain.schedule import PAUSE_MESSAGES, ComingRun, Pause, Run, Schedule
from doseexport.domain.timestamps import format_time

if TYPE_CHECKING:
    from doseexport.engine.first_rows import FirstTable  # it imports psycopg, which most functions lack

POLL_SECONDS = 2
"""How often to poll an export that is under way."""
SHORTEST_RATE = timedelta(seconds=3)
"""A rate measured over less time is not reliable."""
PREVIEW_FIELDS = (
    *("studies", "events", "most_events", "first_date", "last_date"),
    *("protocols", "rooms", "descriptions", "months", "groups", "missing"),
    *("estimated_size", "estimated_seconds"),
)
"""The fields of a preview besides `timed_out`."""

Json = dict[str, Any]


# Exports


def view_export(export: Export, caller: Caller, now: datetime) -> Json:
    """Return an export. `filters` and `options` are null for a caller who may not read them."""
    return {
        **_view_request(export, caller),
        **_view_progress(export, now),
        **_view_file(export, caller),
        "error": _view_failure(export),
        "links": _view_links(export, caller),
    }


def view_exports(page: ExportPage, caller: Caller, now: datetime) -> Json:
    """Return a page of exports. `next_cursor` is null on the last page."""
    return {
        "exports": [view_export(export, caller, now) for export in page.exports],
        "next_cursor": page.next_cursor,
    }


def view_download(download: Download) -> Json:
    """Return the links of a file and its manifest, which hold for `seconds`."""
    manifest = download.manifest
    return {
        "url": download.file.url,
        "file_name": download.file.name,
        "size": download.size,
        "sha256": download.sha256,
        "seconds": download.seconds,
        "manifest": {"url": manifest.url, "file_name": manifest.name} if manifest else None,
    }


def view_deletions(deletions: Deletions) -> Json:
    """Return which exports were deleted, and why others were not."""
    return {
        "deleted": list(deletions.deleted),
        "refused": [
            {"id": export_id, "code": error.code, "message": error.message}
            for export_id, error in deletions.refused.items()
        ],
    }


def suggest_wait(export: Export) -> int | None:
    """Return after how many seconds to poll the export again, or None once it has ended."""
    return POLL_SECONDS if export.is_active else None


def estimate_end(export: Export, now: datetime) -> datetime | None:
    """Return when the export will end at its rate so far, or None while that would be a guess."""
    done, total = export.progress.studies_done, export.progress.studies_total
    if export.state is not State.RUNNING or export.started_at is None or not done or not total:
        return None
    elapsed = now - export.started_at
    if elapsed < SHORTEST_RATE:
        return None
    return now + elapsed / done * max(total - done, 0)


def _view_request(export: Export, caller: Caller) -> Json:
    request = export.request
    return {
        "id": export.id,
        "name": export.name if may_see_name(caller, export) else None,
        "type": request.type,
        "filters": dict(request.filters) if may_see_filters(caller, export) else None,
        "order": request.order,
        "options": dict(request.options) if may_see_filters(caller, export) else None,
        "include_names": request.include_names,
        "include_ids": request.include_ids,
        "send_mail": request.send_mail,
        "has_patient_data": export.has_patient_data,
        "owner_name": export.owner_name,
        "mine": export.owner == caller.id,
        "schedule_id": export.schedule_id,
        "schedule_name": export.schedule_name if may_read_schedule(caller, export) else None,
    }


def _view_progress(export: Export, now: datetime) -> Json:
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


def _view_file(export: Export, caller: Caller) -> Json:
    result = export.result
    return {
        "file_name": label_file(result.file_name, find_label(caller, export)) if result else None,
        "size": result.size if result else None,
        "sha256": result.sha256 if result else None,
        "studies": result.studies if result else None,
        "events": result.events if result else None,
        "warnings": list(result.warnings) if result else [],
        "answer": result.answer or None if result else None,
        "has_manifest": result.has_manifest if result else False,
    }


def _view_failure(export: Export) -> dict[str, str] | None:
    if export.state is not State.FAILED or export.failure is None:
        return None
    return {"code": export.failure.code, "message": export.failure.message}


def _view_links(export: Export, caller: Caller) -> dict[str, str]:
    itself = f"/exports/{export.id}"
    paths = {
        "download": f"{itself}/download",
        "abort": f"{itself}/abort",
        "delete": itself,
        "set_retention": itself,
    }
    return {"self": itself, **{right: paths[right] for right in list_rights(caller, export)}}


def _find_percent(export: Export) -> int | None:
    """Return whole percents. An export is at 100 only once its file is published."""
    if export.state is State.COMPLETED:
        return 100
    if not export.progress.studies_total:
        return None
    return min(99, 100 * export.progress.studies_done // export.progress.studies_total)


# Audit trails


def view_audit_trail(trail: AuditTrail, caller: Caller) -> Json:
    """Return the audit trail of one export, oldest entry first."""
    return {"id": trail.export_id, "entries": [view_audit_entry(each, caller) for each in trail.entries]}


def view_audit_entry(entry: AuditEntry, caller: Caller) -> Json:
    """Return one entry. Fields that entries of its event do not have are null."""
    return _view_entry(entry, has_patient_filters=may_see_patient_filters(caller))


def _view_entry(entry: AuditEntry, *, has_patient_filters: bool) -> Json:
    return {
        "time": format_time(entry.at),
        "event": entry.event.value,
        "attempt": entry.attempt,
        "by": {"id": entry.by.id, "name": entry.by.name} if entry.by else None,
        "request": _view_audited_request(entry.request, has_patient_filters) if entry.request else None,
        "file": dict(entry.file) if entry.file else None,
        "code": entry.code,
        "retention": _view_retention(entry.retention) if entry.retention else None,
    }


def _view_audited_request(request: Mapping[str, Any], has_patient_filters: bool) -> Json:
    naming = request["patient_filters"]
    return {
        "schedule_id": None,
        "pseudonyms": None,
        **request,
        "patient_filters": dict(naming) if has_patient_filters else None,
    }


def _view_retention(retention: Mapping[str, Any]) -> Json:
    until = retention["until"]
    return {
        "days": retention["days"],
        "until": format_time(datetime.fromisoformat(until)) if until else None,
    }


# Presets and schedules


def view_preset(preset: Preset, caller: Caller, now: datetime, zone: ZoneInfo) -> Json:
    """Return a preset. `links` say what the caller may do with it, `dates` what its window means now."""
    itself = f"/presets/{preset.id}"
    period = preset.find_period(now, zone)
    rights = {"change": may_change_preset(caller, preset), "delete": may_withdraw_preset(caller, preset)}
    return {
        "id": preset.id,
        "name": preset.name,
        "shared": preset.shared,
        "owner_name": preset.owner_name,
        "mine": preset.owner == caller.id,
        "created_at": format_time(preset.created_at),
        "changed_at": format_time(preset.changed_at),
        "request": describe_saved(preset.request),
        "window": preset.window.name if preset.window else None,
        "dates": period.filters if period else None,
        "usable": preset.is_usable,
        "links": {"self": itself, **{right: itself for right, given in rights.items() if given}},
    }


def view_presets(found: PresetList, caller: Caller, now: datetime, zone: ZoneInfo) -> Json:
    """Return a list of presets. `complete` is false if there are more shared ones."""
    return {
        "presets": [view_preset(preset, caller, now, zone) for preset in found.presets],
        "complete": found.is_complete,
    }


def view_schedule(schedule: Schedule, caller: Caller, now: datetime) -> Json:
    """Return a schedule. `filters` and `options` are null for a caller who may not read them."""
    hidden = {} if may_see_filters(caller, schedule) else {"filters": None, "options": None}
    coming = list(schedule.list_coming_runs(now)) if schedule.is_live else []
    return {
        "id": schedule.id,
        **schedule.terms.body,
        **hidden,
        "has_patient_data": schedule.has_patient_data,
        "owner_name": schedule.owner_name,
        "mine": schedule.owner == caller.id,
        "created_at": format_time(schedule.created_at),
        "paused": _view_pause(schedule.paused),
        "next_run": format_time(coming[0].scheduled_at) if coming else None,
        "next_runs": [_view_coming_run(run) for run in coming],
        "last_run": view_run(schedule.last) if schedule.last else None,
        "next_day": schedule.next_day.isoformat() if schedule.next_day else None,
        "links": _view_schedule_links(schedule, caller),
    }


def view_schedules(schedules: list[Schedule], caller: Caller, now: datetime) -> Json:
    """Return a list of schedules."""
    return {"schedules": [view_schedule(schedule, caller, now) for schedule in schedules]}


def _view_pause(pause: Pause | None) -> dict[str, str] | None:
    return None if pause is None else {"code": pause.value, "message": PAUSE_MESSAGES[pause]}


def _view_schedule_links(schedule: Schedule, caller: Caller) -> dict[str, str]:
    itself = f"/schedules/{schedule.id}"
    own = {"run": f"{itself}/run", "change": itself, "preview": f"{itself}/preview"}
    return {
        "self": itself,
        "runs": f"{itself}/runs",
        **(own if may_run_schedule(caller, schedule) else {}),
    }


def view_schedule_preview(preview: SchedulePreview) -> Json:
    """Return the coming runs of a schedule before it is created or changed."""
    return {"next_runs": [_view_coming_run(run) for run in preview.runs], "continues": preview.continues}


def view_runs(found: RunList) -> Json:
    """Return the history of a schedule, newest first. `complete` is false if there are older runs."""
    return {"runs": [view_run(run) for run in found.runs], "complete": found.is_complete}


def view_run(run: Run) -> Json:
    """Return a run of a schedule. `dates` are null without a window, and for runs of older releases."""
    return {
        "scheduled_at": format_time(run.scheduled_at),
        "export_id": run.export_id,
        "outcome": run.outcome.value,
        "dates": run.period.filters if run.period else None,
        "manual": run.is_manual,
    }


def _view_coming_run(run: ComingRun) -> Json:
    return {
        "scheduled_at": format_time(run.scheduled_at),
        "dates": run.period.filters if run.period else None,
        "nothing_new": run.is_empty,
    }


# Previews and usage


def view_preview(preview: Preview | None) -> Json:
    """Return a preview. Everything is null where PostgreSQL ran out of time (None)."""
    if preview is None:
        return {**dict.fromkeys(PREVIEW_FIELDS), "timed_out": True}
    found = preview.found
    return {
        "studies": found.studies,
        "events": found.events,
        "most_events": found.most_events,
        "first_date": found.first_date,
        "last_date": found.last_date,
        "protocols": _view_counts(found.protocols, "value"),
        "rooms": _view_counts(found.rooms, "value"),
        "descriptions": _view_counts(found.descriptions, "value"),
        "months": _view_counts(found.months, "month"),
        "groups": found.groups,
        "missing": found.missing,
        "estimated_size": preview.estimated_size,
        "estimated_seconds": preview.estimated_seconds,
        "timed_out": False,
    }


def view_first_rows(tables: Sequence[FirstTable] | None) -> Json:
    """Return the first rows of an export. `tables` is null where PostgreSQL ran out of time (None)."""
    shown = None if tables is None else [_view_first_table(table) for table in tables]
    return {"tables": shown, "timed_out": tables is None}


def _view_first_table(table: FirstTable) -> Json:
    return {
        "name": table.name,
        "headings": list(table.headings),
        "more_columns": table.has_more_columns,
        "rows": [{"study_id": row.study_id, "cells": row.cells} for row in table.rows],
    }


def _view_counts(counts: Iterable[tuple[str, int]] | None, name: str) -> list[Json]:
    return [{name: value, "count": count} for value, count in counts or ()]


def view_suggestions(suggestions: Suggestions) -> Json:
    """Return suggested texts, and whether there are more."""
    return {
        "values": _view_counts(suggestions.values, "value"),
        "complete": suggestions.is_complete,
        "letters_needed": suggestions.letters_needed,
    }


def view_usage(usage: Usage) -> Json:
    """Return how much each owner used the service in a month, and who was shown patients in first rows.

    It shows nobody the filters that identify a patient.
    """
    return {
        "month": usage.month,
        "complete": usage.is_complete,
        "users": [_view_owner_usage(each) for each in usage.owners],
        "first_rows": [_view_entry(each, has_patient_filters=False) for each in usage.first_rows],
        "first_rows_complete": usage.has_all_first_rows,
    }


def _view_owner_usage(usage: OwnerUsage) -> Json:
    return {
        "user": {"id": usage.owner, "name": usage.owner_name},
        "requested": usage.requested,
        "active": usage.active,
        "completed": usage.completed,
        "failed": usage.failed,
        "aborted": usage.aborted,
        "studies": usage.studies,
        "bytes": usage.bytes,
        "bytes_retained": usage.bytes_retained,
    }
