"""Due times, compared with a search of every minute, in zones whose clocks change oddly."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from doseexport.domain.recurrence import parse_expression

MINUTE = timedelta(minutes=1)
LONDON = ZoneInfo("Europe/London")
START = datetime(2020, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(
    ["Europe/London", "Australia/Lord_Howe", "America/Havana", "Pacific/Kiritimati", "Africa/Cairo"]
).map(ZoneInfo)
# Around the nights on which one of the zones changes its clocks, and elsewhere.
NIGHTS = st.sampled_from(
    [
        "2026-03-29",
        "2026-10-25",
        "2026-04-04",
        "2026-10-03",
        "2026-03-08",
        "2026-11-01",
        "2026-04-24",
        "2026-10-29",
    ]
).map(lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=12))
MOMENTS = st.builds(
    lambda night, minutes: night + minutes * MINUTE, NIGHTS, st.integers(0, 36 * 60)
) | st.datetimes(datetime(2023, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
RATES = st.builds(
    lambda n, unit: f"rate({n} {unit}s)", st.integers(1, 400), st.sampled_from(["minute", "hour", "day"])
)
TIMES = st.builds(
    lambda hour, minute: (hour, minute), st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59])
)


def shows(clock, hour, minute):
    return (clock.hour, clock.minute, clock.fold) == (hour, minute, 0)


@settings(deadline=None)
@example((1, 30), datetime(2026, 10, 24, 12, tzinfo=UTC), LONDON)
@example((1, 30), datetime(2026, 10, 25, 1, tzinfo=UTC), LONDON)
@example((1, 30), datetime(2026, 3, 28, 12, tzinfo=UTC), LONDON)
@given(TIMES, MOMENTS, ZONES)
def test_daily_time_is_the_first_minute_whose_clock_shows_it(at, moment, zone) -> None:
    hour, minute = at
    due = parse_expression(f"cron({minute} {hour} * * ? *)").next_after(moment, zone, START)
    looked_at = moment.replace(second=0, microsecond=0) + MINUTE
    while not shows(looked_at.astimezone(zone), hour, minute):
        looked_at += MINUTE
    assert due == looked_at


@settings(deadline=None)
@given(
    RATES | st.sampled_from(["cron(0/7 * * * ? *)", "cron(30 1 ? * SUN *)", "cron(0 0 L * ? *)"]),
    MOMENTS,
    ZONES,
)
def test_next_due_time_stays_the_same_until_it_has_come(expression, moment, zone) -> None:
    recurrence = parse_expression(expression)
    due = recurrence.next_after(moment, zone, START)
    assert due is not None
    assert due > moment
    assert recurrence.next_after(due - timedelta(microseconds=1), zone, START) == due
    half_way = moment + (due - moment) / 2
    assert recurrence.next_after(min(half_way, due - timedelta(microseconds=1)), zone, START) == due
