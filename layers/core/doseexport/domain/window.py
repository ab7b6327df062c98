"""Relative windows: what a schedule asks for instead of dates, made into real ones at each occurrence. Pure.

Days are whole days of the schedule's time zone, both ends included; today is never among them. A window of
the calendar (or since the last run) starts where the last one ended, so that occurrences that are late,
failed or skipped by daylight saving leave no gap, and those that come too often repeat nothing. Rolling
windows overlap by their nature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from doseexport.errors import unprocessable

SINCE_LAST_RUN = "since_last_run"
MAX_DAYS = 3660
MAX_MONTHS = 120

_DAY = timedelta(days=1)
_ROLLING = re.compile(r"rolling_([1-9][0-9]{0,3})_(days|months)")
_LIMITS = {"days": MAX_DAYS, "months": MAX_MONTHS}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def filters(self) -> dict[str, str]:
        """The filters of an export that say the same."""
        return {"date_from": self.first.isoformat(), "date_to": self.last.isoformat()}


@dataclass(frozen=True, slots=True)
class Window:
    """A window by its canonical name: "last_month", "rolling_7_days", "since_last_run"."""

    name: str

    @property
    def is_contiguous(self) -> bool:
        """Whether one occurrence's window goes on where the last one's ended."""
        return _ROLLING.fullmatch(self.name) is None

    def resolve(self, scheduled_at: datetime, zone: ZoneInfo, last_end: date | None) -> Period | None:
        """Return the days that the occurrence of that time is about; None if they were exported already.

        `scheduled_at` is aware of its zone. `last_end` is the last day that successful occurrences before
        this one covered; for `since_last_run` without one, the day before the schedule was made.
        """
        today = scheduled_at.astimezone(zone).date()
        period = self._before(today)
        if last_end is None or not self.is_contiguous:
            return period
        first = last_end + _DAY
        return Period(first, period.last) if first <= period.last else None

    def _before(self, today: date) -> Period:
        """Return the newest whole window that ends before today."""
        if rolling := _ROLLING.fullmatch(self.name):
            return Period(_go_back(today, int(rolling[1]), rolling[2]), today - _DAY)
        start_of = _STARTS[self.name]
        last = start_of(today) - _DAY
        return Period(start_of(last), last)


def parse_window(value: object) -> Window:
    """Return the window of that name; RequestError (422) names the field."""
    if isinstance(value, str):
        rolling = _ROLLING.fullmatch(value)
        if value in _STARTS or (rolling and int(rolling[1]) <= _LIMITS[rolling[2]]):
            return Window(value)
    message = (
        f"A window is one of {', '.join(_STARTS)}, rolling_N_days (N up to {MAX_DAYS})"
        f" or rolling_N_months (N up to {MAX_MONTHS})."
    )
    raise unprocessable("BAD_WINDOW", message, "window")


def _same_day(day: date) -> date:
    return day


def _start_of_week(day: date) -> date:
    return day - day.weekday() * _DAY


def _start_of_month(day: date) -> date:
    return day.replace(day=1)


def _start_of_quarter(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _start_of_year(day: date) -> date:
    return date(day.year, 1, 1)


def _start_of_financial_year(day: date) -> date:
    """Return the 1 April that the year of the UK's government, and so of the NHS, began with."""
    april = 4
    return date(day.year if day.month >= april else day.year - 1, april, 1)


_STARTS: Mapping[str, Callable[[date], date]] = {
    "last_day": _same_day,
    "last_week": _start_of_week,
    "last_month": _start_of_month,
    "last_quarter": _start_of_quarter,
    "last_year": _start_of_year,
    "last_financial_year": _start_of_financial_year,
    SINCE_LAST_RUN: _same_day,
}
"""For each window of the calendar, the day on which the one that holds a day started."""


def _go_back(day: date, count: int, unit: str) -> date:
    """Return the day so many days or months earlier; in a month too short for it, that month's last."""
    if unit == "days":
        return day - count * _DAY
    months = day.year * 12 + day.month - 1 - count
    next_month = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    last = next_month - _DAY
    return last.replace(day=min(day.day, last.day))
