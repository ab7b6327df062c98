"""Turn a schedule into a row of the table of saved requests, and back.

docs/data-model.md lists the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from doseexport.domain.recurrence import parse_expression
from doseexport.domain.schedule import Occurrence, Outcome, Pause, Run, Schedule
from doseexport.domain.schedule_terms import Terms
from doseexport.domain.timestamps import to_text
from doseexport.domain.window import Period, Window

KIND = "SCHEDULE"


def schedule_key(schedule_id: str) -> str:
    """Return the key of a schedule's row."""
    return f"SCHEDULE#{schedule_id}"


def new_schedule_row(schedule: Schedule) -> dict[str, Any]:
    """Return the row of a new schedule."""
    return {
        "pk": schedule_key(schedule.id),
        "kind": KIND,
        "id": schedule.id,
        "owner": schedule.owner,
        "owner_name": schedule.owner_name,
        "created_at": to_text(schedule.created_at),
        "handled_until": to_text(schedule.handled_until),
        "revision": schedule.revision,
        "synced_revision": schedule.synced_revision,
        **write_terms(schedule.terms),
    }


def run_kind(schedule_id: str) -> str:
    """Return the kind by which the index finds the runs of a schedule."""
    return f"RUN#{schedule_id}"


def run_key(schedule_id: str, run: Run) -> str:
    """Return the key of a run's row. A run that requests no export is named by its time."""
    return f"{run_kind(schedule_id)}#{run.export_id or to_text(run.scheduled_at)}"


def write_terms(terms: Terms) -> dict[str, Any]:
    """Return all the attributes that a change by its owner writes."""
    return {
        "name": terms.name,
        "request": dict(terms.request),
        "has_patient_data": terms.has_patient_data,
        "window": terms.window.name if terms.window else None,
        "expression": terms.expression.text,
        "zone": terms.zone.key,
        "ends_on": terms.ends_on.isoformat() if terms.ends_on else None,
        "enabled": terms.enabled,
    }


def write_progress(schedule: Schedule) -> dict[str, str | None]:
    """Return the attributes that say how far a schedule is. One that is None has no attribute in a row."""
    return {
        "handled_until": to_text(schedule.handled_until),
        "paused": schedule.paused.value if schedule.paused else None,
        "next_day": schedule.next_day.isoformat() if schedule.next_day else None,
    }


def read_schedule(row: Mapping[str, Any]) -> Schedule:
    """Return the schedule that a row holds. Raise KeyError or ValueError if the row holds none."""
    return Schedule(
        id=row["id"],
        owner=row["owner"],
        owner_name=row["owner_name"],
        created_at=datetime.fromisoformat(row["created_at"]),
        terms=_read_terms(row),
        handled_until=datetime.fromisoformat(row["handled_until"]),
        revision=int(row["revision"]),
        synced_revision=int(row["synced_revision"]),
        paused=Pause(row["paused"]) if "paused" in row else None,
        is_deleted="deleted_at" in row,
        next_day=date.fromisoformat(row["next_day"]) if "next_day" in row else None,
        open_occurrence=_read_occurrence(row["open"]) if "open" in row else None,
        last=read_run(row["last"]) if "last" in row else None,
        manual_runs=tuple(map(read_run, row.get("manual", ()))),
    )


def write_occurrence(occurrence: Occurrence) -> dict[str, Any]:
    """Return an occurrence as a map."""
    return {
        "scheduled_at": to_text(occurrence.scheduled_at),
        "export_id": occurrence.export_id,
        "request": dict(occurrence.request),
        "period": occurrence.period.filters if occurrence.period else None,
    }


def write_run(run: Run) -> dict[str, Any]:
    """Return a run as a map."""
    return {
        "scheduled_at": to_text(run.scheduled_at),
        "export_id": run.export_id,
        "outcome": run.outcome.value,
        "period": run.period.filters if run.period else None,
        "is_manual": run.is_manual,
    }


def _read_terms(row: Mapping[str, Any]) -> Terms:
    return Terms(
        name=row["name"],
        request=_read_request(row["request"]),
        has_patient_data=row["has_patient_data"],
        window=Window(row["window"]) if row["window"] else None,
        expression=parse_expression(row["expression"]),
        zone=ZoneInfo(row["zone"]),
        ends_on=date.fromisoformat(row["ends_on"]) if row["ends_on"] else None,
        enabled=row["enabled"],
    )


def _read_occurrence(found: Mapping[str, Any]) -> Occurrence:
    return Occurrence(
        scheduled_at=datetime.fromisoformat(found["scheduled_at"]),
        export_id=found["export_id"],
        request=_read_request(found["request"]),
        period=_read_period(found["period"]),
    )


def _read_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's body, with whole numbers instead of DynamoDB's decimals."""
    return {name: int(value) if isinstance(value, Decimal) else value for name, value in request.items()}


def read_run(run: Mapping[str, Any]) -> Run:
    """Return the run in a map. Rows of older releases lack its period, and whether it was manual."""
    return Run(
        scheduled_at=datetime.fromisoformat(run["scheduled_at"]),
        export_id=run["export_id"],
        outcome=Outcome(run["outcome"]),
        period=_read_period(run.get("period")),
        is_manual=run.get("is_manual", False),
    )


def _read_period(days: Mapping[str, str] | None) -> Period | None:
    if not days:
        return None
    return Period(*(date.fromisoformat(days[name]) for name in ("date_from", "date_to")))
