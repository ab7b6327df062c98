"""Relative windows from one occurrence to the next: no day twice, and no day left out."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from doseexport.domain.window import MAX_DAYS, MAX_MONTHS, Period, parse_window

DAY = timedelta(days=1)
CALENDAR = ["last_day", "last_week", "last_month", "last_quarter", "last_year", "last_financial_year"]
TILING = st.sampled_from([*CALENDAR, "since_last_run"]).map(parse_window)
ROLLING = (
    st.integers(1, MAX_DAYS).map(lambda n: f"rolling_{n}_days")
    | st.integers(1, MAX_MONTHS).map(lambda n: f"rolling_{n}_months")
).map(parse_window)
# Clocks that change by an hour, by half an hour, at midnight, never; and far from UTC on both sides.
ZONES = st.sampled_from(
    [
        "Europe/London",
        "Australia/Lord_Howe",
        "America/Havana",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "UTC",
    ]
).map(ZoneInfo)
# The years hold leap years, and 2100, which is none. Many occurrences lie close together.
TIMES = st.datetimes(datetime(2023, 1, 1), datetime(2102, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
STEPS = st.lists(
    st.timedeltas(timedelta(minutes=1), timedelta(hours=30))
    | st.timedeltas(timedelta(days=1), timedelta(days=500)),
    min_size=1,
    max_size=40,
)


def occurrences(start: datetime, steps: list[timedelta]) -> list[datetime]:
    times = [start]
    for step in steps:
        times.append(times[-1] + step)
    return times


@settings(deadline=None)
@given(TILING, TIMES, STEPS, ZONES, st.data())
def test_contiguous_windows_never_overlap_and_leave_no_gap(
    window, start: datetime, steps: list[timedelta], zone: ZoneInfo, data: st.DataObject
) -> None:
    covered: list[Period] = []
    for at in occurrences(start, steps):
        period = window.resolve(at, zone, covered[-1].last if covered else None)
        if period is None:
            continue
        assert period.first <= period.last < at.astimezone(zone).date()
        if data.draw(st.booleans(), label="succeeds"):
            covered.append(period)
    for earlier, later in pairwise(covered):
        assert later.first == earlier.last + DAY


@settings(deadline=None)
@given(TILING, TIMES, STEPS, ZONES)
def test_contiguous_windows_cover_every_day_after_each_success(
    window, start: datetime, steps: list[timedelta], zone: ZoneInfo
) -> None:
    last_end: date | None = None
    for at in occurrences(start, steps):
        period = window.resolve(at, zone, last_end)
        last_end = period.last if period else last_end
        fresh = window.resolve(at, zone, None)
        assert fresh is not None
        assert last_end == fresh.last


@settings(deadline=None)
@given(st.sampled_from(CALENDAR).map(parse_window), TIMES, ZONES)
def test_calendar_windows_follow_each_other(window, at: datetime, zone: ZoneInfo) -> None:
    period = window.resolve(at, zone, None)
    noon = datetime.combine(period.first, datetime.min.time(), zone).replace(hour=12)
    before = window.resolve(noon, zone, None)
    assert before.last + DAY == period.first
    day_after = datetime.combine(period.last + DAY, datetime.min.time(), zone).replace(hour=12)
    assert window.resolve(day_after, zone, None) == period


@settings(deadline=None)
@given(ROLLING, TIMES, ZONES)
def test_rolling_windows_end_yesterday_and_have_their_length(window, at: datetime, zone: ZoneInfo) -> None:
    period = window.resolve(at, zone, None)
    _, count, unit = window.name.split("_")
    today = at.astimezone(zone).date()
    assert period.last == today - DAY
    if unit == "days":
        assert period.first == today - int(count) * DAY
    else:
        months = (today.year - period.first.year) * 12 + today.month - period.first.month
        assert months == int(count)
        assert period.first.day == today.day or (period.first + DAY).day == 1


@settings(deadline=None)
@given(TILING | ROLLING, TIMES, ZONES, st.none() | st.dates(date(2022, 1, 1), date(2103, 1, 1)))
def test_window_of_repeated_occurrence_has_the_same_days(
    window, at: datetime, zone: ZoneInfo, last_end: date | None
) -> None:
    assert window.resolve(at, zone, last_end) == window.resolve(at.astimezone(zone), zone, last_end)
