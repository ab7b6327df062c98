"""Windows: the relative dates of a schedule, which become fixed dates at each occurrence.

Days are whole days in the schedule's time zone. Both ends are included, and today never is. A calendar
window, or since_last_run, starts where the last one ended. So a late, failed or skipped occurrence leaves no
gap, and a schedule that runs too often exports no day twice. Rolling windows overlap by design.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from doseexport.errors import unprocessable

SINCE_LAST_RUN = "since_last_run"
DATES = frozenset({"date_from", "date_to"})
"""The filters that a window sets."""
MAX_DAYS = 3660
MAX_MONTHS = 120

_DAY = timedelta(days=1)
_ROLLING = re.compile(r"rolling_([1-9][0-9]{0,3})_(days|months)")
_LIMITS = {"days": MAX_DAYS, "months": MAX_MONTHS}


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def filters(self) -> dict[str, str]:
        """The date filters of an export for this period."""
        return {"date_from": self.first.isoformat(), "date_to": self.last.isoformat()}


@dataclass(frozen=True, slots=True)
class Window:
    """A window, by its canonical name such as "last_month", "rolling_7_days" or "since_last_run"."""

    name: str

    @property
    def is_contiguous(self) -> bool:
        """Whether the window of each occurrence continues where the last one ended."""
        return _ROLLING.fullmatch(self.name) is None

    def resolve(self, scheduled_at: datetime, zone: ZoneInfo, last_end: date | None) -> Period | None:
        """Return the days that an occurrence exports. Return None if all of them were exported before.

        `last_end` is the last day that earlier successful occurrences cover. For `since_last_run` without
        one, it is the day before the schedule was created.
        """
        today = scheduled_at.astimezone(zone).date()
        period = self._before(today)
        if last_end is None or not self.is_contiguous:
            return period
        first = last_end + _DAY
        return Period(first, period.last) if first <= period.last else None

    def _before(self, today: date) -> Period:
        """Return the newest complete window that ends before today."""
        if rolling := _ROLLING.fullmatch(self.name):
            return Period(_subtract(today, int(rolling[1]), rolling[2]), today - _DAY)
        start_of = _STARTS[self.name]
        last = start_of(today) - _DAY
        return Period(start_of(last), last)


def parse_window(value: object) -> Window:
    """Return the window with this name. Raise RequestError (422) if there is none."""
    if isinstance(value, str):
        rolling = _ROLLING.fullmatch(value)
        if value in _STARTS or (rolling and int(rolling[1]) <= _LIMITS[rolling[2]]):
            return Window(value)
    message = (
        f"The window must be one of {', '.join(_STARTS)}, rolling_N_days (N up to {MAX_DAYS})"
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
    """Return the first day, 1 April, of the financial year of the UK's government and the NHS."""
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
"""First day of the calendar window that contains a given day."""


def _subtract(day: date, count: int, unit: str) -> date:
    """Return the day `count` days or months earlier, or the last day of a month that is too short."""
    if unit == "days":
        return day - count * _DAY
    months = day.year * 12 + day.month - 1 - count
    next_month = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    last = next_month - _DAY
    return last.replace(day=min(day.day, last.day))
