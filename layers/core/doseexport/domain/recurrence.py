"""Calculate when a schedule is due from EventBridge Scheduler's cron and rate expressions.

EventBridge Scheduler runs the schedules. The due times are calculated here too, to show the next run and to
find a missed one. An expression that this module cannot calculate (cron's W, the nearest weekday) is refused.

Clock changes follow EventBridge Scheduler: a time that the clocks skip is not due, a time that comes twice is
due once, and a day of a rate has 24 hours. Due times are in UTC, because Python compares two times of the
same zone by their wall clocks.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from doseexport.errors import RequestError, unprocessable

_DAY = timedelta(days=1)
_WEEK = 7
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": _DAY}
_MONTHS = {
    name: n
    for n, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
_WEEKDAYS = {name: n for n, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
_CRON_FIELDS = 6
_YEARS_SEARCHED = 41
"""A 29 February on a given weekday is at most 40 years away, across a century year without one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A fixed interval, counted from the start of the schedule."""

    text: str
    every: timedelta

    @property
    def is_too_frequent(self) -> bool:
        """Whether it is due more than once an hour."""
        return self.every < _UNITS["hour"]

    def next_after(self, moment: datetime, zone: ZoneInfo, start: datetime) -> datetime:  # noqa: ARG002
        """Return the first due time after `moment` and not before `start`. The zone makes no difference."""
        beginning = start.astimezone(UTC)
        passed = max((moment.astimezone(UTC) - beginning) // self.every + 1, 0)
        return beginning + passed * self.every


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a month, by number (0 is the last day) or, if `weekly`, by weekday (1 is Sunday).

    `nth` limits weekdays to the nth of the month (0 is the last one).
    """

    numbers: frozenset[int]
    weekly: bool = False
    nth: int | None = None

    def contains(self, day: date) -> bool:
        """Return whether the day is one of these."""
        length = monthrange(day.year, day.month)[1]
        if not self.weekly:
            return day.day in self.numbers or (day.day == length and 0 in self.numbers)
        if day.isoweekday() % _WEEK + 1 not in self.numbers:
            return False
        if self.nth == 0:
            return day.day + _WEEK > length
        return self.nth is None or (day.day - 1) // _WEEK + 1 == self.nth


@dataclass(frozen=True, slots=True)
class Cron:
    """The given minutes of the given hours, on the given days of the given months and years."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: Days
    months: frozenset[int]
    years: frozenset[int]

    @property
    def is_too_frequent(self) -> bool:
        """Whether it is due more than once an hour."""
        return len(self.minutes) > 1

    def next_after(self, moment: datetime, zone: ZoneInfo, start: datetime) -> datetime | None:
        """Return the first due time after `moment` and not before `start`. Return None if there is none."""
        after, beginning = moment.astimezone(UTC), start.astimezone(UTC)
        for day in self._days_from(max(after, beginning).astimezone(zone).date()):
            for due in self._times_on(day, zone):
                if due > after and due >= beginning:
                    return due
        return None

    def _days_from(self, day: date) -> Iterator[date]:
        last_year = min(day.year + _YEARS_SEARCHED, max(self.years))
        while day.year <= last_year:
            if day.year not in self.years:
                day = date(day.year + 1, 1, 1)
            elif day.month not in self.months:
                day = day.replace(day=monthrange(day.year, day.month)[1]) + _DAY
            else:
                if self.days.contains(day):
                    yield day
                day += _DAY

    def _times_on(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                clock = time(hour, minute)
                due = datetime.combine(day, clock, zone).astimezone(UTC)
                if due.astimezone(zone).time() == clock:  # the clocks do not skip it
                    yield due


def parse_expression(value: object) -> Rate | Cron:
    """Return the expression in a text. Raise RequestError (422) with a message that names the fault."""
    if isinstance(value, str):
        if found := re.fullmatch(r"rate\(([1-9]\d{0,4}) (minute|hour|day)s?\)", value, re.ASCII):
            count, unit = int(found[1]), found[2]
            return Rate(f"rate({count} {unit}{'s' if count > 1 else ''})", count * _UNITS[unit])
        if found := re.fullmatch(r"cron\(([\dA-Z,*?/#\- ]{11,200})\)", value, re.ASCII):
            return _read_cron(found[1].split())
    raise _refuse("Use rate(7 days), or cron(minutes hours day-of-month month day-of-week year).")


def _read_cron(fields: list[str]) -> Cron:
    if len(fields) != _CRON_FIELDS:
        raise _refuse("A cron expression has six fields: minutes hours day-of-month month day-of-week year.")
    minutes, hours, month_days, months, weekdays, years = fields
    return Cron(
        text=f"cron({' '.join(map(_normalise, fields))})",
        minutes=_read_numbers("minutes", minutes, range(60)),
        hours=_read_numbers("hours", hours, range(24)),
        days=_read_days(month_days, weekdays),
        months=_read_numbers("month", months, range(1, 13), _MONTHS),
        years=_read_numbers("year", years, range(1970, 2200)),
    )


def _normalise(text: str) -> str:
    """Write 07 as 7 and FRIL as 6L, because AWS does not document what the first of each means."""
    plain = re.sub(r"(?<!\d)0+(?=\d)", "", text)
    return re.sub(r"[A-Z]{3}(?=[L#])", lambda found: str(_WEEKDAYS[found[0]]), plain)


def _read_days(month_days: str, weekdays: str) -> Days:
    if (month_days == "?") == (weekdays == "?"):
        raise _refuse("Exactly one of day-of-month and day-of-week must be a question mark.")
    if month_days == "L":
        return Days(frozenset({0}))
    if weekdays == "?":
        return Days(_read_numbers("day-of-month", month_days, range(1, 32)))
    if "/" in weekdays:
        # EventBridge Scheduler knows no steps here.
        raise _refuse("The day-of-week field takes no step. List the days instead, such as MON,WED,FRI.")
    name, nth = weekdays, None
    if found := re.fullmatch(r"(\w+?)(?:L|#([1-5]))", weekdays):
        name, nth = found[1], int(found[2] or 0)
    numbers = _read_numbers("day-of-week", name, range(1, _WEEK + 1), _WEEKDAYS)
    return Days(numbers, weekly=True, nth=nth)


def _read_numbers(
    field: str, text: str, allowed: range, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    """Return the numbers in a field of a cron expression, such as 1,3-5,10/2 or *."""
    numbers: set[int] = set()
    for item in text.split(","):
        found = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d?))?", item, re.ASCII)
        if found is None:
            raise _refuse(f"The {field} field is not valid.")
        step = int(found[3] or 1)
        if step >= len(allowed):
            raise _refuse(f"A step in the {field} field is too large.")
        low = allowed[0] if found[1] is None else _read_number(field, found[1], allowed, names)
        single = found[1] is not None and found[3] is None
        high = low if single else allowed[-1]
        if found[2] is not None:
            high = _read_number(field, found[2], allowed, names)
        if low > high:
            raise _refuse(f"A range in the {field} field ends before it starts.")
        numbers.update(range(low, high + 1, step))
    return frozenset(numbers)


def _read_number(field: str, text: str, allowed: range, names: Mapping[str, int] | None) -> int:
    number = (names or {}).get(text, int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else -1)
    if number not in allowed:
        raise _refuse(f"Values in the {field} field go from {allowed[0]} to {allowed[-1]}.")
    return number


def _refuse(message: str) -> RequestError:
    return unprocessable("BAD_EXPRESSION", message, "expression")
