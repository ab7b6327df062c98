"""Relative windows by hand: month ends, leap years, the financial year, time zones, daylight saving."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport.domain.window import Period, parse_window
from doseexport.errors import RequestError

LONDON = ZoneInfo("Europe/London")


def resolve(
    name: str, at: str, last_end: str | None = None, zone: ZoneInfo = LONDON
) -> tuple[str, str] | None:
    ended = None if last_end is None else date.fromisoformat(last_end)
    period = parse_window(name).resolve(datetime.fromisoformat(at), zone, ended)
    return None if period is None else (period.first.isoformat(), period.last.isoformat())


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("last_day", "2026-03-01T06:00Z", ("2026-02-28", "2026-02-28")),
        ("last_day", "2028-03-01T06:00Z", ("2028-02-29", "2028-02-29")),
        # 26 November 2026 is a Thursday, 30 November a Monday.
        ("last_week", "2026-11-26T06:00Z", ("2026-11-16", "2026-11-22")),
        ("last_week", "2026-11-30T00:00Z", ("2026-11-23", "2026-11-29")),
        ("last_month", "2026-03-31T06:00Z", ("2026-02-01", "2026-02-28")),
        ("last_month", "2028-03-01T06:00Z", ("2028-02-01", "2028-02-29")),
        ("last_month", "2026-01-01T06:00Z", ("2025-12-01", "2025-12-31")),
        ("last_quarter", "2026-01-01T06:00Z", ("2025-10-01", "2025-12-31")),
        ("last_quarter", "2026-06-30T06:00Z", ("2026-01-01", "2026-03-31")),
        ("last_year", "2026-06-30T06:00Z", ("2025-01-01", "2025-12-31")),
        ("last_financial_year", "2026-03-31T06:00Z", ("2024-04-01", "2025-03-31")),
        ("last_financial_year", "2026-04-01T06:00Z", ("2025-04-01", "2026-03-31")),
        ("rolling_7_days", "2026-11-26T06:00Z", ("2026-11-19", "2026-11-25")),
        ("rolling_1_months", "2026-03-31T06:00Z", ("2026-02-28", "2026-03-30")),
        ("rolling_1_months", "2026-05-31T06:00Z", ("2026-04-30", "2026-05-30")),
        ("rolling_12_months", "2028-02-29T06:00Z", ("2027-02-28", "2028-02-28")),
        ("rolling_2_months", "2026-01-15T06:00Z", ("2025-11-15", "2026-01-14")),
        ("since_last_run", "2026-11-26T06:00Z", ("2026-11-25", "2026-11-25")),
    ],
)
def test_window_is_the_last_whole_one(name: str, at: str, expected: tuple[str, str]) -> None:
    assert resolve(name, at) == expected


def test_window_days_are_in_the_schedules_zone() -> None:
    at = "2026-06-30T23:30Z"  # half past midnight in London, still June in UTC
    assert resolve("last_month", at) == ("2026-06-01", "2026-06-30")
    assert resolve("last_month", at, zone=ZoneInfo("UTC")) == ("2026-05-01", "2026-05-31")
    assert resolve("last_day", at, zone=ZoneInfo("Pacific/Auckland")) == ("2026-06-30", "2026-06-30")


def test_window_days_do_not_change_with_the_clocks() -> None:
    # London, 29 March 2026: 01:30 does not exist. 25 October 2026: 01:30 comes twice.
    assert resolve("last_day", "2026-03-29T00:59Z") == ("2026-03-28", "2026-03-28")
    assert resolve("last_day", "2026-03-29T01:00Z") == ("2026-03-28", "2026-03-28")
    assert resolve("last_day", "2026-10-25T00:30Z") == ("2026-10-24", "2026-10-24")
    assert resolve("last_day", "2026-10-25T01:30Z", "2026-10-24") is None


def test_window_starts_where_the_last_one_ended() -> None:
    # Mondays to Fridays: Monday's has the weekend too.
    assert resolve("last_day", "2026-11-23T06:00Z", "2026-11-19") == ("2026-11-20", "2026-11-22")
    # October's failed: November's occurrence makes up for it.
    assert resolve("last_month", "2026-12-01T06:00Z", "2026-09-30") == ("2026-10-01", "2026-11-30")
    assert resolve("since_last_run", "2026-12-01T06:00Z", "2026-11-11") == ("2026-11-12", "2026-11-30")


@pytest.mark.parametrize("last_end", ["2026-10-31", "2026-11-03"])
def test_window_that_is_exported_already_is_none(last_end: str) -> None:
    assert resolve("last_month", "2026-11-26T06:00Z", last_end) is None


def test_window_that_rolls_ignores_earlier_ones() -> None:
    assert resolve("rolling_7_days", "2026-11-26T06:00Z", "2026-11-25") == ("2026-11-19", "2026-11-25")


def test_period_is_written_as_filters() -> None:
    period = Period(date(2026, 2, 1), date(2026, 2, 28))
    assert period.filters == {"date_from": "2026-02-01", "date_to": "2026-02-28"}


@pytest.mark.parametrize(
    "value",
    [
        *("", "month", "LAST_MONTH", "last_month ", "rolling_days", "rolling_0_days", "rolling_07_days"),
        *(
            "rolling_3661_days",
            "rolling_121_months",
            "rolling_7_weeks",
            "rolling_\u0667_days",
            "rolling_7_days\n",
        ),
        *(None, 7, True, ["last_month"], {"window": "last_month"}),
    ],
)
def test_invalid_window_is_refused_by_field(value: object) -> None:
    with pytest.raises(RequestError) as refused:
        parse_window(value)
    assert (refused.value.code, refused.value.field, refused.value.status) == ("BAD_WINDOW", "window", 422)


def test_longest_windows_are_accepted() -> None:
    at = datetime(2026, 11, 26, 6, tzinfo=UTC)
    for name in ("rolling_3660_days", "rolling_120_months"):
        assert parse_window(name).resolve(at, LONDON, None) is not None
