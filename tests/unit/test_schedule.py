"""When a schedule is due, what it missed, and which days an occurrence is about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport.schedule import Pause, Schedule
from doseexport.schedule_terms import parse_terms
from doseexport.windows import Period

MADE = datetime(2026, 11, 23, 11, 30, 40, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text)


def make(handled_until=MADE, covered_until=None, **changes):
    body = {"name": "x", "type": "ct-csv", "window": "last_month", "expression": "cron(0 7 1 * ? *)"}
    terms = parse_terms({**body, **changes}, MADE, ZoneInfo("Europe/London"), may_see_patients=False)
    return Schedule(
        "s" * 32, "ada-sub", "ada", MADE, terms, handled_until=handled_until, covered_until=covered_until
    )


def test_it_is_due_in_its_time_zone_through_the_summer():
    schedule = make()
    assert schedule.next_after(MADE) == at("2026-12-01T07:00Z")
    assert schedule.next_after(at("2027-03-31T12:00Z")) == at("2027-04-01T06:00Z")


def test_a_rate_counts_from_the_minute_it_was_made_in():
    schedule = make(window=None, expression="rate(7 days)")
    assert schedule.next_after(MADE) == at("2026-11-30T11:30Z")


def test_after_its_last_day_it_is_due_no_more():
    schedule = make(ends_on="2027-01-01")
    assert schedule.next_after(at("2026-12-15T00:00Z")) == at("2027-01-01T07:00Z")
    assert schedule.next_after(at("2027-01-01T07:00Z")) is None


@pytest.mark.parametrize(
    ("handled", "until", "missed"),
    [
        ("2026-11-23T11:30Z", "2026-12-01T06:59Z", None),
        ("2026-11-23T11:30Z", "2026-12-01T07:00Z", "2026-12-01T07:00Z"),
        ("2026-12-01T07:00Z", "2026-12-31T07:00Z", None),
        # The newest of those that nobody ran: its window holds the older ones' days.
        ("2026-11-23T11:30Z", "2027-03-15T07:00Z", "2027-03-01T07:00Z"),
        # A rate may be some seconds earlier than we foresee; that is no second one.
        ("2026-12-01T06:59:45Z", "2026-12-01T08:00Z", None),
    ],
)
def test_it_finds_the_newest_time_that_nobody_saw_to(handled, until, missed):
    found = make(handled_until=at(handled)).find_missed(at(until))
    assert found == (missed and at(missed))


def test_an_occurrence_has_real_dates():
    occurrence = make().plan_occurrence(at("2026-12-01T07:00Z"))
    assert occurrence.asked["filters"] == {"date_from": "2026-11-01", "date_to": "2026-11-30"}
    assert occurrence.period == Period(date(2026, 11, 1), date(2026, 11, 30))


def test_it_goes_on_where_the_last_one_ended():
    occurrence = make(covered_until=date(2026, 9, 30)).plan_occurrence(at("2026-12-01T07:00Z"))
    assert occurrence.period == Period(date(2026, 10, 1), date(2026, 11, 30))
    assert make(covered_until=date(2026, 11, 30)).plan_occurrence(at("2026-12-01T07:00Z")) is None


def test_one_time_has_one_export_and_another_time_another():
    schedule = make()
    first = schedule.plan_occurrence(at("2026-12-01T07:00Z"))
    assert schedule.plan_occurrence(at("2026-12-01T07:00Z")).export_id == first.export_id
    assert schedule.plan_occurrence(at("2027-01-01T07:00Z")).export_id != first.export_id
    other = replace(schedule, id="t" * 32)
    assert other.plan_occurrence(at("2026-12-01T07:00Z")).export_id != first.export_id


def test_since_the_last_run_begins_with_the_day_it_was_made():
    schedule = make(window="since_last_run", expression="cron(0 7 * * ? *)")
    first = schedule.plan_occurrence(at("2026-11-26T07:00Z"))
    assert first.period == Period(date(2026, 11, 23), date(2026, 11, 25))
    assert schedule.plan_occurrence(at("2026-11-23T23:00Z")) is None


def test_without_a_window_every_occurrence_asks_the_same():
    schedule = make(window=None, filters={"date_from": "2026-01-01"})
    occurrence = schedule.plan_occurrence(at("2026-12-01T07:00Z"))
    assert (occurrence.asked["filters"], occurrence.period) == ({"date_from": "2026-01-01"}, None)


def test_a_run_beside_the_series_takes_the_newest_whole_window():
    schedule = make(covered_until=date(2026, 10, 31))
    assert schedule.plan_extra(MADE).period == Period(date(2026, 10, 1), date(2026, 10, 31))
    daily = make(window="since_last_run", expression="rate(1 day)", covered_until=date(2026, 11, 20))
    assert daily.plan_extra(MADE).period == Period(date(2026, 11, 21), date(2026, 11, 22))


@pytest.mark.parametrize(
    ("changes", "is_live"), [({}, True), ({"paused": Pause.GROUP_LOST}, False), ({"is_deleted": True}, False)]
)
def test_it_runs_unless_something_stops_it(changes, is_live):
    assert replace(make(), **changes).is_live is is_live
    assert not make(enabled=False).is_live
