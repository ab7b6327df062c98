"""A schedule: an export that somebody wants again and again. Pure; EventBridge Scheduler keeps the time.

A schedule has one export under way at most. What comes due meanwhile waits for its end, so that a window
starts where the last successful one ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from doseexport.domain.export import make_id
from doseexport.domain.schedule_terms import DATES, Terms
from doseexport.domain.window import SINCE_LAST_RUN, Period, Window

INEXACT = timedelta(minutes=1)
"""By how much the time of a call may differ from what we foresee: for rates, by seconds."""
_DAY = timedelta(days=1)


class Pause(StrEnum):
    """Why the service stopped a schedule by itself, until its owner enables it again."""

    OWNER_DELETED = "OWNER_DELETED"
    OWNER_DISABLED = "OWNER_DISABLED"
    OWNER_INACTIVE = "OWNER_INACTIVE"
    GROUP_LOST = "GROUP_LOST"
    PIDGROUP_LOST = "PIDGROUP_LOST"
    REQUEST_REFUSED = "REQUEST_REFUSED"


PAUSES: Mapping[Pause, str] = {
    Pause.OWNER_DELETED: "Its owner's account is gone.",
    Pause.OWNER_DISABLED: "Its owner's account is disabled.",
    Pause.OWNER_INACTIVE: "Its owner has not used the service for too long.",
    Pause.GROUP_LOST: "Its owner may not export any more.",
    Pause.PIDGROUP_LOST: "Its owner may not see patients' names and IDs any more.",
    Pause.REQUEST_REFUSED: "What it asks for is no longer understood; change it, or make it anew.",
}


class Outcome(StrEnum):
    """What became of an occurrence; STARTED until its export has ended."""

    STARTED = "STARTED"
    NOTHING_NEW = "NOTHING_NEW"
    COMPLETED = "COMPLETED"
    NO_STUDIES = "NO_STUDIES"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    PAUSED = "PAUSED"


COVERING = frozenset({Outcome.COMPLETED, Outcome.NO_STUDIES})
"""After these an occurrence's days are not exported again: there is a file of them, or nothing to export."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which a schedule is due, and what it exports, decided once.

    `request` is an export request's body with real dates; `period` the days that a window gave it.
    """

    scheduled_at: datetime
    export_id: str
    request: Mapping[str, Any]
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The last occurrence, for people to see."""

    scheduled_at: datetime
    export_id: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule as its row says.

    `revision` counts its changes; `synced_revision` is the one that EventBridge Scheduler knows.
    `handled_until` is
    the newest time at which it was due and which needs no care any more; `next_day` the first day that its
    files do not hold yet (None: it never ran, or its windows do not go on from each other); `open` the
    occurrence whose export is under way.
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
    open: Occurrence | None = None
    last: Run | None = None

    @property
    def is_live(self) -> bool:
        """Whether it is to run when it is due."""
        return self.terms.enabled and self.paused is None and not self.is_deleted

    @property
    def has_patient_data(self) -> bool:
        """Whether its files, or what it asks for, name patients."""
        return self.terms.has_patient_data

    @property
    def made_at(self) -> datetime:
        """The minute it was made in: a rate counts from there."""
        return self.created_at.replace(second=0, microsecond=0)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return when it is due next after a moment; None if it never is again."""
        due = self.terms.expression.next_after(moment, self.terms.zone, self.made_at)
        is_over = due is None or (self.terms.ends_at is not None and due >= self.terms.ends_at)
        return None if is_over else due

    def find_due(self, called_at: datetime) -> datetime | None:
        """Return when exactly it was due that was called for a time; None if it was not: the call is old."""
        due = self.next_after(called_at - INEXACT)
        return due if due is not None and due < called_at + INEXACT else None

    def find_missed(self, until: datetime) -> datetime | None:
        """Return the newest time up to `until` at which it was due and nothing happened."""
        missed, due = None, self.next_after(self.handled_until)
        while due is not None and due <= until:
            missed, due = due, self.next_after(due)
        return missed

    def restarts_with(self, terms: Terms) -> bool:
        """Whether with these terms it begins anew: what was due before and has not run is over."""
        is_back = terms.enabled and not self.is_live
        return is_back or _name_rhythm(terms) != _name_rhythm(self.terms)

    def keeps_coverage_with(self, terms: Terms) -> bool:
        """Whether with these terms its next file goes on where the last one ended."""
        old = self.terms
        return old.window == terms.window and _name_data(old.request) == _name_data(terms.request)

    @property
    def has_contiguous_windows(self) -> bool:
        """Whether one file goes on where the last one ended."""
        return self.terms.window is not None and self.terms.window.is_contiguous

    def find_next_day(self, occurrence: Occurrence, outcome: Outcome) -> date | None:
        """Return the first day that the files do not hold, after an occurrence ended; None: as it was."""
        period = occurrence.period
        is_of_these = self.has_contiguous_windows and _name_data(occurrence.request) == _name_data(
            self.terms.request
        )
        return period.last + _DAY if period and is_of_these and outcome in COVERING else None

    def plan_occurrence(self, scheduled_at: datetime) -> Occurrence | None:
        """Return what the occurrence of that time exports; None if there is nothing new to export."""
        return self._plan(scheduled_at, self._last_day)

    def plan_manual_run(self, now: datetime) -> Occurrence | None:
        """Return the same for a run beside the series: a window of the calendar is the newest whole one."""
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

    @property
    def _last_day(self) -> date | None:
        """The day before the next window; before any run only `since_last_run` has one."""
        if self.next_day is not None:
            return self.next_day - _DAY
        if self.terms.window == Window(SINCE_LAST_RUN):
            return self.created_at.astimezone(self.terms.zone).date() - _DAY
        return None


def _name_data(asked: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what a request exports, whatever its dates and however the file looks."""
    return asked["type"], {name: value for name, value in asked["filters"].items() if name not in DATES}


def _name_rhythm(terms: Terms) -> tuple[object, ...]:
    return terms.expression, terms.zone, terms.ends_on
