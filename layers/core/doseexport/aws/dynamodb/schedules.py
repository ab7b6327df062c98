"""The schedules' rows, and when their owners were last seen.

A write that lost a race changes nothing and returns False.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.export_rows import owner_key, to_epoch, to_text
from doseexport.aws.dynamodb.schedule_rows import (
    KIND,
    new_schedule_row,
    read_schedule,
    schedule_key,
    write_occurrence,
    write_run,
    write_terms,
)
from doseexport.aws.dynamodb.table import Change, Insert, Row, Table
from doseexport.domain.audit import Person, record_skipped
from doseexport.domain.schedule import Occurrence, Outcome, Pause, Run, Schedule
from doseexport.domain.schedule_terms import Terms
from doseexport.errors import RequestError

AFTERLIFE = timedelta(days=7)
"""How long a deleted schedule's row stays, so that EventBridge Scheduler's is deleted too."""
ACTIVITY_RESOLUTION = timedelta(hours=12)

_LOGGER = logging.getLogger(__name__)
_ALIVE = "attribute_exists(pk) AND attribute_not_exists(#deleted_at)"
_SAME = f"{_ALIVE} AND #revision = :revision"
_IDLE = f"{_SAME} AND attribute_not_exists(#paused) AND attribute_not_exists(#open)"
_HAS_ROOM = "(attribute_not_exists(#schedules) OR size(#schedules) < :limit)"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ScheduleRepository:
    """The schedules in the table of what is saved, and the trail of what they did not ask for."""

    def __init__(self, client: Any, table_name: str, audit: AuditRepository) -> None:
        self._table = Table(client, table_name)
        self._audit = audit
        self._noted: dict[str, datetime] = {}

    # What people do

    def create(self, schedule: Schedule, limit: int) -> bool:
        """Write a new schedule; False if its owner has `limit` of them already."""
        room = {"ids": {schedule.id}, "limit": limit}
        take_place = Change(owner_key(schedule.owner), "ADD #schedules :ids", _HAS_ROOM, room)
        return self._table.write_together(Insert(new_schedule_row(schedule)), take_place)

    def load(self, schedule_id: str) -> Schedule | None:
        """Return the schedule, even a deleted one that EventBridge Scheduler may still know."""
        row = self._table.get(schedule_key(schedule_id))
        return None if row is None else read_schedule(row)

    def list_owned(self, owner: str) -> Iterator[Schedule]:
        """Yield a person's schedules, oldest first."""
        return self._list("by_owner", "#owner = :value", owner)

    def list_all(self) -> Iterator[Schedule]:
        """Yield everybody's schedules, oldest first."""
        return self._list("by_kind", "#kind = :value", KIND)

    def list_ids(self) -> Iterator[str]:
        """Yield the ids of everybody's schedules, of deleted ones too, oldest first."""
        for keys in self._list_keys("by_kind", "#kind = :value", KIND):
            yield from (key.removeprefix(schedule_key("")) for key in keys)

    def change(self, schedule: Schedule, terms: Terms, now: datetime) -> bool:
        """Write new terms, and end a pause; False if the schedule was changed meanwhile."""
        written = {f"new_{name}": value for name, value in write_terms(terms).items()}
        parts = [f"#{name.removeprefix('new_')} = :{name}" for name in written]
        values = {**written, "next": schedule.revision + 1}
        if schedule.restarts_with(terms):
            parts.append("#handled_until = :until")
            values["until"] = to_text(max(now, schedule.handled_until))
        forgotten = "#paused" if schedule.keeps_coverage_with(terms) else "#paused, #next_day"
        update = f"SET {', '.join(parts)}, #revision = :next REMOVE {forgotten}"
        return self._change(schedule, update, _SAME, **values)

    def delete(self, schedule: Schedule, now: datetime) -> bool:
        """Hide a schedule from every read, forget what it asks for, free its owner's place."""
        gone = Change(
            schedule_key(schedule.id),
            "SET #deleted_at = :now, #ttl = :ttl, #revision = #revision + :one,"
            " #request = :nothing, #name = :blank REMOVE #open, #next_day",
            _ALIVE,
            {
                "now": to_text(now),
                "ttl": to_epoch(now + AFTERLIFE),
                "one": 1,
                "nothing": {"filters": {}},
                "blank": "",
            },
        )
        free_place = Change(
            owner_key(schedule.owner), "DELETE #schedules :ids", values={"ids": {schedule.id}}
        )
        return self._table.write_together(gone, free_place)

    # What the service does

    def mark_synced(self, schedule: Schedule) -> bool:
        """Note that EventBridge Scheduler knows this revision."""
        return self._change(
            schedule, "SET #synced_revision = :revision", "attribute_exists(pk) AND #revision = :revision"
        )

    def pause(self, schedule: Schedule, pause: Pause, occurrence: Occurrence, now: datetime) -> bool:
        """Stop a schedule instead of asking for an export, and write the trail of the export that is not."""
        stop = Change(
            schedule_key(schedule.id),
            "SET #paused = :paused, #revision = :next, #last = :last REMOVE #open",
            f"{_SAME} AND #open.#export_id = :export_id",
            {
                "paused": pause.value,
                "revision": schedule.revision,
                "next": schedule.revision + 1,
                "last": write_run(Run(occurrence.scheduled_at, occurrence.export_id, Outcome.PAUSED)),
                "export_id": occurrence.export_id,
            },
        )
        owner = Person(schedule.owner, schedule.owner_name)
        entry = record_skipped(occurrence.export_id, owner, now, pause.value)
        return self._table.write_together(stop, self._audit.insert(entry))

    def open_occurrence(self, schedule: Schedule, occurrence: Occurrence) -> bool:
        """Write down what an occurrence exports, once and for all; False if the schedule has gone on."""
        assignments = ", #open = :open"
        values: dict[str, Any] = {"open": write_occurrence(occurrence)}
        if schedule.has_contiguous_windows and occurrence.period is not None:
            # Were this one to fail, the next would begin with the same day.
            assignments += ", #next_day = if_not_exists(#next_day, :first)"
            values["first"] = occurrence.period.first.isoformat()
        run = Run(occurrence.scheduled_at, occurrence.export_id, Outcome.STARTED)
        return self._handle(schedule, run, assignments, values)

    def skip_occurrence(self, schedule: Schedule, scheduled_at: datetime) -> bool:
        """Write down that there was nothing new to export at that time; False if the schedule has gone on."""
        return self._handle(schedule, Run(scheduled_at, None, Outcome.NOTHING_NEW), "", {})

    def close_occurrence(self, schedule: Schedule, occurrence: Occurrence, outcome: Outcome) -> bool:
        """Write down how an occurrence ended; False if the schedule was changed meanwhile."""
        run = Run(occurrence.scheduled_at, occurrence.export_id, outcome)
        values = {"last": write_run(run), "export_id": occurrence.export_id}
        update = "SET #last = :last"
        next_day = schedule.find_next_day(occurrence, outcome)
        if next_day is not None:
            update += ", #next_day = :next_day"
            values["next_day"] = next_day.isoformat()
        is_open = f"{_SAME} AND #open.#export_id = :export_id"
        return self._change(schedule, f"{update} REMOVE #open", is_open, **values)

    # When owners were seen

    def record_activity(self, owner: str, now: datetime) -> None:
        """Remember that somebody uses the service, to half a day."""
        if now - self._noted.get(owner, _LONG_AGO) < ACTIVITY_RESOLUTION:
            return
        self._table.update(
            Change(
                owner_key(owner),
                "SET #active_at = :now",
                "attribute_not_exists(#active_at) OR #active_at < :before",
                {"now": to_text(now), "before": to_text(now - ACTIVITY_RESOLUTION)},
            )
        )
        self._noted[owner] = now

    def find_last_activity(self, owner: str) -> datetime | None:
        """Return when somebody used the service, to half a day; None if that was never noted."""
        row = self._table.get(owner_key(owner)) or {}
        return datetime.fromisoformat(row["active_at"]) if "active_at" in row else None

    def _handle(self, schedule: Schedule, run: Run, assignments: str, values: Mapping[str, Any]) -> bool:
        """Note that a time at which the schedule was due is dealt with: no second call does it again."""
        return self._change(
            schedule,
            f"SET #handled_until = :at, #last = :last{assignments}",
            f"{_IDLE} AND #handled_until < :at",
            at=to_text(run.scheduled_at),
            last=write_run(run),
            **values,
        )

    def _list(self, index: str, condition: str, value: str) -> Iterator[Schedule]:
        for keys in self._list_keys(index, condition, value):
            rows = self._table.get_many(keys)
            yield from filter(None, (_read(rows[key]) for key in keys if key in rows))

    def _list_keys(self, index: str, condition: str, value: str) -> Iterator[list[str]]:
        prefix = schedule_key("")
        for page in self._table.query(index, condition, {"value": value}, None, newest_first=False):
            yield [row["pk"] for row in page if row["pk"].startswith(prefix)]

    def _change(self, schedule: Schedule, update: str, condition: str, **values: Any) -> bool:
        change = Change(
            schedule_key(schedule.id), update, condition, {"revision": schedule.revision, **values}
        )
        return self._table.update(change) is not None


def _read(row: Row) -> Schedule | None:
    """Return the schedule of a row; one that cannot be read must not hide the others."""
    try:
        return read_schedule(row)
    except (KeyError, ValueError, RequestError) as error:
        _LOGGER.warning("schedule_unreadable", extra={"key": row["pk"], "error": type(error).__name__})
        return None
