"""A schedule: an export that is requested at the times when EventBridge Scheduler invokes run_schedule.

A schedule has at most one export under way. An occurrence that becomes due meanwhile waits for the end of
that export, so that its window starts where the last successful one ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from doseexport.domain.export import make_id
from doseexport.domain.schedule_terms import Terms
from doseexport.domain.window import DATES, SINCE_LAST_RUN, Period, Window

COMING_RUNS = 3
"""How many coming runs are shown."""
TOLERANCE = timedelta(minutes=1)
"""How far the time of an invocation may be from the due time that is calculated here."""
_DAY = timedelta(days=1)


class Pause(StrEnum):
    """Why the service paused a schedule. It stays paused until its owner enables it again."""

    OWNER_DELETED = "OWNER_DELETED"
    OWNER_DISABLED = "OWNER_DISABLED"
    OWNER_INACTIVE = "OWNER_INACTIVE"
    GROUP_LOST = "GROUP_LOST"
    PIDGROUP_LOST = "PIDGROUP_LOST"
    REQUEST_REFUSED = "REQUEST_REFUSED"


PAUSE_MESSAGES: Mapping[Pause, str] = {
    Pause.OWNER_DELETED: "Its owner's account was deleted.",
    Pause.OWNER_DISABLED: "Its owner's account is disabled.",
    Pause.OWNER_INACTIVE: "Its owner has not used the service for too long.",
    Pause.GROUP_LOST: "Its owner may no longer request exports.",
    Pause.PIDGROUP_LOST: "Its owner may no longer see patients' names and IDs.",
    Pause.REQUEST_REFUSED: "This release no longer accepts its request. Change it, or create a new schedule.",
}


class Outcome(StrEnum):
    """How an occurrence ended. STARTED means that its export has not ended yet."""

    STARTED = "STARTED"
    NOTHING_NEW = "NOTHING_NEW"
    COMPLETED = "COMPLETED"
    NO_STUDIES = "NO_STUDIES"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    PAUSED = "PAUSED"


COVERING = frozenset({Outcome.COMPLETED, Outcome.NO_STUDIES})
"""The outcomes after which an occurrence's days are not exported again."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which a schedule is due, and the request that it makes, decided once.

    `request` is the body of an export request with fixed dates. `period` holds the days of its window.
    """

    scheduled_at: datetime
    export_id: str
    request: Mapping[str, Any]
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """An occurrence, or a manual run, as it is shown to people."""

    scheduled_at: datetime
    export_id: str | None
    outcome: Outcome
    period: Period | None = None
    is_manual: bool = False

    @classmethod
    def of(cls, occurrence: Occurrence, outcome: Outcome, *, is_manual: bool = False) -> Run:
        """Return the run of an occurrence that ended in this way."""
        return cls(occurrence.scheduled_at, occurrence.export_id, outcome, occurrence.period, is_manual)


@dataclass(frozen=True, slots=True)
class ComingRun:
    """A coming occurrence if every earlier one succeeds.

    `period` is None for a schedule without a window, and if there will be no new days (`is_empty`).
    """

    scheduled_at: datetime
    period: Period | None
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule.

    `revision` counts its changes, and `synced_revision` is the revision that EventBridge Scheduler has.
    `handled_until` is the newest due time that is handled. `next_day` is the first day that no file covers
    yet: None before the first run, or if the windows are not contiguous. `open_occurrence` is the
    occurrence whose export is under way. `manual_runs` are those whose end is not recorded yet.
    """

    id: str
    owner: str
    owner_name: str
    created_at: datetime
    terms: Terms
    handled_until: datetime
    revision: int = 1
    synced_revision: int = 0
    paused: Pause | None = None
    is_deleted: bool = False
    next_day: date | None = None
    open_occurrence: Occurrence | None = None
    last: Run | None = None
    manual_runs: tuple[Run, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether the schedule runs when it is due."""
        return self.terms.enabled and self.paused is None and not self.is_deleted

    @property
    def has_patient_data(self) -> bool:
        """Whether its files, or the filters of its request, can name patients."""
        return self.terms.has_patient_data

    @property
    def rate_start(self) -> datetime:
        """The minute in which the schedule was created, from which a rate counts."""
        return self.created_at.replace(second=0, microsecond=0)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first due time after a moment. Return None if there is none."""
        due = self.terms.expression.next_after(moment, self.terms.zone, self.rate_start)
        is_over = due is None or (self.terms.ends_at is not None and due >= self.terms.ends_at)
        return None if is_over else due

    def find_due(self, invoked_at: datetime) -> datetime | None:
        """Return the due time that an invocation is for. Return None if the invocation is stale."""
        due = self.next_after(invoked_at - TOLERANCE)
        return due if due is not None and due < invoked_at + TOLERANCE else None

    def find_missed(self, until: datetime) -> datetime | None:
        """Return the newest due time up to `until` that is not handled. Return None if there is none."""
        missed, due = None, self.next_after(self.handled_until)
        while due is not None and due <= until:
            missed, due = due, self.next_after(due)
        return missed

    def restarts_with(self, terms: Terms) -> bool:
        """Return whether these terms restart the schedule, so that missed due times are dropped."""
        is_enabled_again = terms.enabled and not self.is_live
        return is_enabled_again or _list_timing(terms) != _list_timing(self.terms)

    def keeps_coverage_with(self, terms: Terms) -> bool:
        """Return whether the next file under these terms continues where the last one ended."""
        is_contiguous = _is_contiguous(self.terms.window) and _is_contiguous(terms.window)
        return is_contiguous and _list_selection(self.terms.request) == _list_selection(terms.request)

    def with_terms(self, terms: Terms) -> Schedule:
        """Return the schedule with these terms, as it will be once they are written."""
        next_day = self.next_day if self.keeps_coverage_with(terms) else None
        return replace(self, terms=terms, paused=None, next_day=next_day)

    @property
    def has_contiguous_windows(self) -> bool:
        """Whether each file continues where the last one ended."""
        return _is_contiguous(self.terms.window)

    def list_coming_runs(self, now: datetime) -> Iterator[ComingRun]:
        """Yield the coming runs with their days, as if the export under way and every run succeeded."""
        due, last_day = self.next_after(now), self._expect_last_day()
        for _ in range(COMING_RUNS):
            if due is None:
                return
            window = self.terms.window
            period = window.resolve(due, self.terms.zone, last_day) if window else None
            yield ComingRun(due, period, is_empty=window is not None and period is None)
            if period is not None and self.has_contiguous_windows:
                last_day = period.last
            due = self.next_after(due)

    def find_next_day(self, occurrence: Occurrence, outcome: Outcome) -> date | None:
        """Return the first day that no file covers, after an occurrence. Return None if it has not moved."""
        period = occurrence.period
        if period is None or outcome not in COVERING or not self.has_contiguous_windows:
            return None
        # The owner may have changed the request since the occurrence was planned.
        is_same = _list_selection(occurrence.request) == _list_selection(self.terms.request)
        return period.last + _DAY if is_same else None

    def plan_occurrence(self, scheduled_at: datetime) -> Occurrence | None:
        """Return the occurrence of a due time. Return None if there is nothing new to export."""
        return self._plan(scheduled_at, self._last_day)

    def plan_manual_run(self, now: datetime) -> Occurrence | None:
        """Return the occurrence of a manual run. A calendar window is then the newest complete one."""
        is_since = self.terms.window == Window(SINCE_LAST_RUN)
        return self._plan(now, self._last_day if is_since else None)

    def _plan(self, at: datetime, last_day: date | None) -> Occurrence | None:
        export_id = make_id(self.owner, f"schedule\n{self.id}\n{at.isoformat()}")
        if self.terms.window is None:
            return Occurrence(at, export_id, self.terms.request)
        period = self.terms.window.resolve(at, self.terms.zone, last_day)
        if period is None:
            return None
        filters = {**self.terms.request["filters"], **period.filters}
        return Occurrence(at, export_id, {**self.terms.request, "filters": filters}, period)

    def _expect_last_day(self) -> date | None:
        """Return the last day that files cover once the export under way has succeeded."""
        occurrence = self.open_occurrence
        next_day = None if occurrence is None else self.find_next_day(occurrence, Outcome.COMPLETED)
        return self._last_day if next_day is None else next_day - _DAY

    @property
    def _last_day(self) -> date | None:
        """The day before the next window. Before the first run, only `since_last_run` has one."""
        if self.next_day is not None:
            return self.next_day - _DAY
        if self.terms.window == Window(SINCE_LAST_RUN):
            return self.created_at.astimezone(self.terms.zone).date() - _DAY
        return None


def _is_contiguous(window: Window | None) -> bool:
    return window is not None and window.is_contiguous


def _list_selection(request: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the parts of a request that select its data, except its dates."""
    return request["type"], {name: value for name, value in request["filters"].items() if name not in DATES}


def _list_timing(terms: Terms) -> tuple[object, ...]:
    return terms.expression, terms.zone, terms.ends_on
