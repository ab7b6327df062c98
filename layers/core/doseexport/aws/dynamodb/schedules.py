"""The schedules in the table of saved requests.

A write that lost a race changes nothing and returns False.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.export_rows import owner_key
from doseexport.aws.dynamodb.schedule_rows import (
    KIND,
    new_schedule_row,
    read_run,
    read_schedule,
    run_key,
    run_kind,
    schedule_key,
    write_occurrence,
    write_progress,
    write_run,
    write_terms,
)
from doseexport.aws.dynamodb.table import Change, Insert, Row, Table
from doseexport.domain.audit import Actor, make_skipped_entry
from doseexport.domain.schedule import Occurrence, Outcome, Pause, Run, Schedule
from doseexport.domain.schedule_terms import Terms
from doseexport.domain.timestamps import to_epoch, to_text
from doseexport.errors import RequestError

PURGE_DELAY = timedelta(days=7)
"""How long the row of a deleted schedule stays, so that its AWS schedule can be deleted too."""
RUN_RETENTION = timedelta(days=800)
"""How long a run is shown: a yearly schedule shows its last two."""

_LOGGER = logging.getLogger(__name__)
_ALIVE = "attribute_exists(pk) AND attribute_not_exists(#deleted_at)"
_SAME = f"{_ALIVE} AND #revision = :revision"
_IDLE = f"{_SAME} AND attribute_not_exists(#paused) AND attribute_not_exists(#open)"
_HAS_ROOM = "(attribute_not_exists(#schedules) OR size(#schedules) < :limit)"


class ScheduleRepository:
    """The schedules, and the audit trail of the exports that they skip."""

    def __init__(self, client: Any, table_name: str, audit: AuditRepository) -> None:
        self._table = Table(client, table_name)
        self._audit = audit

    # What people do

    def create(self, schedule: Schedule, limit: int) -> bool:
        """Write a new schedule. Return False if its owner has `limit` schedules already."""
        room = {"ids": {schedule.id}, "limit": limit}
        take_slot = Change(owner_key(schedule.owner), "ADD #schedules :ids", _HAS_ROOM, room)
        return self._table.write_together(Insert(new_schedule_row(schedule)), take_slot)

    def load(self, schedule_id: str) -> Schedule | None:
        """Return the schedule, even a deleted one that EventBridge Scheduler may still have."""
        row = self._table.get(schedule_key(schedule_id))
        return None if row is None else read_schedule(row)

    def list_owned(self, owner: str) -> Iterator[Schedule]:
        """Yield an owner's schedules, oldest first."""
        return self._list("by_owner", "#owner = :value", owner)

    def list_all(self) -> Iterator[Schedule]:
        """Yield everyone's schedules, oldest first."""
        return self._list("by_kind", "#kind = :value", KIND)

    def list_ids(self) -> Iterator[str]:
        """Yield the ids of everyone's schedules, oldest first, those of deleted ones included."""
        for keys in self._list_keys("by_kind", "#kind = :value", KIND):
            yield from (key.removeprefix(schedule_key("")) for key in keys)

    def change(self, schedule: Schedule, terms: Terms, now: datetime) -> bool:
        """Write new terms and end a pause. Return False if the schedule was changed meanwhile."""
        written = {f"new_{name}": value for name, value in write_terms(terms).items()}
        parts = [f"#{name.removeprefix('new_')} = :{name}" for name in written]
        values = {**written, "next": schedule.revision + 1}
        if schedule.restarts_with(terms):
            parts.append("#handled_until = :until")
            values["until"] = to_text(max(now, schedule.handled_until))
        forgotten = "#paused" if schedule.keeps_coverage_with(terms) else "#paused, #next_day"
        update = f"SET {', '.join(parts)}, #revision = :next REMOVE {forgotten}"
        # A transaction has a token. So the AWS SDK can repeat it, if its answer is lost, without a conflict.
        values["revision"] = schedule.revision
        return self._table.write_together(Change(schedule_key(schedule.id), update, _SAME, values))

    def restore(self, changed: Schedule, schedule: Schedule) -> bool:
        """Undo a change, with the pause, the next day and the handled due times that it altered.

        Return False if the schedule has changed since, or one of its runs began.
        """
        progress = write_progress(schedule)
        absent = [f"#{name}" for name, value in progress.items() if value is None]
        row = write_terms(schedule.terms) | {
            name: value for name, value in progress.items() if value is not None
        }
        written = ", ".join(f"#{name} = :new_{name}" for name in row)
        update = f"SET {written}, #revision = :next" + (f" REMOVE {', '.join(absent)}" if absent else "")
        values = {
            **{f"new_{name}": value for name, value in row.items()},
            "revision": changed.revision,
            "next": changed.revision + 1,
            "read": to_text(changed.handled_until),
        }
        same = f"{_SAME} AND #handled_until = :read"
        return self._table.write_together(Change(schedule_key(changed.id), update, same, values))

    def delete(self, schedule: Schedule, now: datetime) -> bool:
        """Hide a schedule from every read, forget its request and free its owner's slot."""
        gone = Change(
            schedule_key(schedule.id),
            "SET #deleted_at = :now, #ttl = :ttl, #revision = #revision + :one,"
            " #request = :nothing, #name = :blank REMOVE #open, #next_day",
            _ALIVE,
            {
                "now": to_text(now),
                "ttl": to_epoch(now + PURGE_DELAY),
                "one": 1,
                "nothing": {"filters": {}},
                "blank": "",
            },
        )
        free_slot = Change(owner_key(schedule.owner), "DELETE #schedules :ids", values={"ids": {schedule.id}})
        return self._table.write_together(gone, free_slot)

    def start_manual_run(self, schedule: Schedule, run: Run) -> bool:
        """Record a manual run, once per export. Return False if it is recorded, or the schedule deleted."""
        kept = Change(
            schedule_key(schedule.id),
            "SET #last = :run, #manual = list_append(if_not_exists(#manual, :none), :runs)",
            _ALIVE,
            {"run": write_run(run), "runs": [write_run(run)], "none": []},
        )
        return self._table.write_together(kept, _put_run(schedule.id, run, "attribute_not_exists(pk)"))

    def list_runs(self, schedule: Schedule, maximum: int) -> tuple[list[Run], bool]:
        """Return a schedule's newest runs, newest first, at most `maximum`, and whether these are all."""
        values = {"value": run_kind(schedule.id)}
        pages = self._table.query("by_kind", "#kind = :value", values, None, newest_first=True)
        keys = [row["pk"] for row in islice(chain.from_iterable(pages), maximum + 1)]
        rows = self._table.get_many(keys[:maximum])
        return [read_run(rows[key]) for key in keys[:maximum] if key in rows], len(keys) <= maximum

    # What the service does

    def mark_synced(self, schedule: Schedule) -> bool:
        """Record that EventBridge Scheduler has this revision."""
        return self._change(
            schedule, "SET #synced_revision = :revision", "attribute_exists(pk) AND #revision = :revision"
        )

    def pause(self, schedule: Schedule, pause: Pause, occurrence: Occurrence, now: datetime) -> bool:
        """Pause a schedule instead of requesting its export, and record the skipped export."""
        run = Run.of(occurrence, Outcome.PAUSED)
        stop = Change(
            schedule_key(schedule.id),
            "SET #paused = :paused, #revision = :next, #last = :last REMOVE #open",
            f"{_SAME} AND #open.#export_id = :export_id",
            {
                "paused": pause.value,
                "revision": schedule.revision,
                "next": schedule.revision + 1,
                "last": write_run(run),
                "export_id": occurrence.export_id,
            },
        )
        owner = Actor(schedule.owner, schedule.owner_name)
        send_mail = bool(occurrence.request.get("send_mail"))
        entry = make_skipped_entry(occurrence.export_id, owner, now, pause.value, send_mail=send_mail)
        return self._table.write_together(stop, _put_run(schedule.id, run), self._audit.insert(entry))

    def open_occurrence(self, schedule: Schedule, occurrence: Occurrence) -> bool:
        """Write what an occurrence exports, once. Return False if the schedule has changed since."""
        assignments = ", #open = :open"
        values: dict[str, Any] = {"open": write_occurrence(occurrence)}
        if schedule.has_contiguous_windows and occurrence.period is not None:
            # If this occurrence fails, the next one must start with the same day.
            assignments += ", #next_day = if_not_exists(#next_day, :first)"
            values["first"] = occurrence.period.first.isoformat()
        return self._handle(schedule, Run.of(occurrence, Outcome.STARTED), assignments, values)

    def skip_occurrence(self, schedule: Schedule, scheduled_at: datetime) -> bool:
        """Record an occurrence without new days to export. Return False if the schedule has changed since."""
        return self._handle(schedule, Run(scheduled_at, None, Outcome.NOTHING_NEW), "", {})

    def close_occurrence(self, schedule: Schedule, occurrence: Occurrence, outcome: Outcome) -> bool:
        """Record how an occurrence ended. Return False if the schedule was changed meanwhile."""
        run = Run.of(occurrence, outcome)
        values = {"last": write_run(run), "export_id": occurrence.export_id}
        update = "SET #last = :last"
        next_day = schedule.find_next_day(occurrence, outcome)
        if next_day is not None:
            update += ", #next_day = :next_day"
            values["next_day"] = next_day.isoformat()
        is_open = f"{_SAME} AND #open.#export_id = :export_id"
        return self._record_run(schedule, run, f"{update} REMOVE #open", is_open, **values)

    def close_manual_run(self, schedule: Schedule, run: Run, outcome: Outcome) -> bool:
        """Record how the first of the manual runs ended. Return False if that was recorded meanwhile."""
        ended = replace(run, outcome=outcome)
        update, values = "", {"export_id": run.export_id}  # type: tuple[str, dict[str, Any]]
        if schedule.last == run:
            update, values = "SET #last = :last ", {**values, "last": write_run(ended)}
        is_first = f"{_ALIVE} AND #manual[0].#export_id = :export_id"
        return self._record_run(schedule, ended, f"{update}REMOVE #manual[0]", is_first, **values)

    def _handle(self, schedule: Schedule, run: Run, assignments: str, values: Mapping[str, Any]) -> bool:
        """Record that an occurrence is handled, so that a repeated invocation does nothing."""
        return self._record_run(
            schedule,
            run,
            f"SET #handled_until = :at, #last = :last{assignments}",
            f"{_IDLE} AND #handled_until < :at",
            at=to_text(run.scheduled_at),
            last=write_run(run),
            **values,
        )

    def _record_run(self, schedule: Schedule, run: Run, update: str, condition: str, **values: Any) -> bool:
        """Change a schedule and write its run together. Return False if the condition did not hold."""
        change = Change(
            schedule_key(schedule.id), update, condition, {"revision": schedule.revision, **values}
        )
        return self._table.write_together(change, _put_run(schedule.id, run))

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


def _put_run(schedule_id: str, run: Run, condition: str = "") -> Change:
    """Return the write of a run's row. A later write of the same run replaces it."""
    row = {
        **write_run(run),
        "kind": run_kind(schedule_id),
        "created_at": to_text(run.scheduled_at),
        "ttl": to_epoch(run.scheduled_at + RUN_RETENTION),
    }
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in row)
    return Change(run_key(schedule_id, run), update, condition, row)


def _read(row: Row) -> Schedule | None:
    """Return the schedule of a row, or None: an unreadable row must not hide the other schedules."""
    try:
        return read_schedule(row)
    except (KeyError, ValueError, RequestError) as error:
        _LOGGER.warning("schedule_unreadable", extra={"key": row["pk"], "error": type(error).__name__})
        return None
