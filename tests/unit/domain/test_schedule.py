"""When a schedule is due, what it missed, and which days an occurrence covers."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport.domain.schedule import Outcome, Pause, Schedule
from doseexport.domain.schedule_terms import change_terms, parse_terms
from doseexport.domain.window import Period

MADE = datetime(2026, 11, 23, 11, 30, 40, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text)


def make(handled_until=MADE, next_day=None, **changes):
    body = {"name": "x", "type": "ct-csv", "window": "last_month", "expression": "cron(0 7 1 * ? *)"}
    terms = parse_terms({**body, **changes}, MADE, ZoneInfo("Europe/London"), may_see_patients=False)
    return Schedule("s" * 32, "ada-sub", "ada", MADE, terms, handled_until=handled_until, next_day=next_day)


def test_schedule_is_due_in_its_time_zone_through_the_summer():
    schedule = make()
    assert schedule.next_after(MADE) == at("2026-12-01T07:00Z")
    assert schedule.next_after(at("2027-03-31T12:00Z")) == at("2027-04-01T06:00Z")


def test_schedule_with_rate_counts_from_the_minute_of_its_creation():
    schedule = make(window=None, expression="rate(7 days)")
    assert schedule.next_after(MADE) == at("2026-11-30T11:30Z")


def test_schedule_is_not_due_after_its_last_day():
    schedule = make(ends_on="2027-01-01")
    assert schedule.next_after(at("2026-12-15T00:00Z")) == at("2027-01-01T07:00Z")
    assert schedule.next_after(at("2027-01-01T07:00Z")) is None


@pytest.mark.parametrize(
    ("handled", "until", "missed"),
    [
        ("2026-11-23T11:30Z", "2026-12-01T06:59Z", None),
        ("2026-11-23T11:30Z", "2026-12-01T07:00Z", "2026-12-01T07:00Z"),
        ("2026-12-01T07:00Z", "2026-12-31T07:00Z", None),
        # The newest missed one: its window holds the older ones' days.
        ("2026-11-23T11:30Z", "2027-03-15T07:00Z", "2027-03-01T07:00Z"),
        # Made or changed within the minute before.
        ("2026-12-01T06:59:45Z", "2026-12-01T08:00Z", "2026-12-01T07:00Z"),
    ],
)
def test_schedule_finds_the_newest_missed_time(handled, until, missed):
    found = make(handled_until=at(handled)).find_missed(at(until))
    assert found == (missed and at(missed))


@pytest.mark.parametrize(
    ("called", "due"),
    [
        ("2026-12-01T07:00:00Z", "2026-12-01T07:00Z"),
        # A rate may be some seconds earlier or later than we foresee.
        ("2026-12-01T06:59:47Z", "2026-12-01T07:00Z"),
        ("2026-12-01T07:00:31Z", "2026-12-01T07:00Z"),
        # What Scheduler had before the change.
        ("2026-12-01T10:00:00Z", None),
        ("2026-12-02T07:00:00Z", None),
    ],
)
def test_schedule_accepts_invocation_for_a_due_time_only(called, due):
    assert make().find_due(at(called)) == (due and at(due))


def test_schedule_ignores_invocation_at_its_very_end():
    schedule = make(expression="cron(0 0 * * ? *)", ends_on="2026-12-31")
    assert schedule.find_due(at("2026-12-31T00:00Z"))
    assert schedule.find_due(at("2027-01-01T00:00Z")) is None


def test_schedule_window_continues_only_after_success():
    schedule = make()
    occurrence = schedule.plan_occurrence(at("2026-12-01T07:00Z"))
    ends = {outcome: schedule.find_next_day(occurrence, outcome) for outcome in Outcome}
    december = date(2026, 12, 1)
    assert {outcome for outcome, day in ends.items() if day} == {Outcome.COMPLETED, Outcome.NO_STUDIES}
    assert ends[Outcome.COMPLETED] == ends[Outcome.NO_STUDIES] == december


def test_schedule_rolling_windows_do_not_continue_each_other():
    schedule = make(window="rolling_3_days")
    occurrence = schedule.plan_occurrence(at("2026-12-01T07:00Z"))
    assert schedule.find_next_day(occurrence, Outcome.COMPLETED) is None


def test_schedule_ignores_days_of_other_data():
    occurrence = make().plan_occurrence(at("2026-12-01T07:00Z"))
    for changed in (make(type="mg-csv"), make(filters={"station": "CT2"}), make(window="rolling_3_days")):
        assert changed.find_next_day(occurrence, Outcome.COMPLETED) is None
        assert not make().keeps_coverage_with(changed.terms)
    renamed = make(name="y", type="ct-csv", ends_on="2030-01-01")
    assert renamed.find_next_day(occurrence, Outcome.COMPLETED) == date(2026, 12, 1)
    assert make().keeps_coverage_with(renamed.terms)


@pytest.mark.parametrize(
    ("changes", "is_over"),
    [
        ({"name": "y"}, False),
        ({"filters": {"station": "CT2"}}, False),
        ({"enabled": False}, False),
        ({"expression": "cron(0 8 1 * ? *)"}, True),
        ({"time_zone": "Europe/Stockholm"}, True),
        ({"ends_on": "2030-01-01"}, True),
    ],
)
def test_schedule_with_new_recurrence_makes_up_for_nothing_of_the_old(changes, is_over):
    assert make().restarts_with(make(**changes).terms) is is_over
    assert replace(make(), paused=Pause.GROUP_LOST).restarts_with(make().terms)


def test_occurrence_has_real_dates():
    occurrence = make().plan_occurrence(at("2026-12-01T07:00Z"))
    assert occurrence.request["filters"] == {"date_from": "2026-11-01", "date_to": "2026-11-30"}
    assert occurrence.period == Period(date(2026, 11, 1), date(2026, 11, 30))


def test_occurrence_starts_where_the_last_one_ended():
    occurrence = make(next_day=date(2026, 10, 1)).plan_occurrence(at("2026-12-01T07:00Z"))
    assert occurrence.period == Period(date(2026, 10, 1), date(2026, 11, 30))
    assert make(next_day=date(2026, 12, 1)).plan_occurrence(at("2026-12-01T07:00Z")) is None


def test_occurrence_has_one_export_per_time():
    schedule = make()
    first = schedule.plan_occurrence(at("2026-12-01T07:00Z"))
    assert schedule.plan_occurrence(at("2026-12-01T07:00Z")).export_id == first.export_id
    assert schedule.plan_occurrence(at("2027-01-01T07:00Z")).export_id != first.export_id
    other = replace(schedule, id="t" * 32)
    assert other.plan_occurrence(at("2026-12-01T07:00Z")).export_id != first.export_id


def test_since_last_run_begins_with_the_day_of_creation():
    schedule = make(window="since_last_run", expression="cron(0 7 * * ? *)")
    first = schedule.plan_occurrence(at("2026-11-26T07:00Z"))
    assert first.period == Period(date(2026, 11, 23), date(2026, 11, 25))
    assert schedule.plan_occurrence(at("2026-11-23T23:00Z")) is None


def test_occurrence_without_window_requests_the_same():
    schedule = make(window=None, filters={"date_from": "2026-01-01"})
    occurrence = schedule.plan_occurrence(at("2026-12-01T07:00Z"))
    assert (occurrence.request["filters"], occurrence.period) == ({"date_from": "2026-01-01"}, None)


def test_manual_run_takes_the_newest_whole_window():
    schedule = make(next_day=date(2026, 11, 1))
    assert schedule.plan_manual_run(MADE).period == Period(date(2026, 10, 1), date(2026, 10, 31))
    daily = make(window="since_last_run", expression="rate(1 day)", next_day=date(2026, 11, 21))
    assert daily.plan_manual_run(MADE).period == Period(date(2026, 11, 21), date(2026, 11, 22))


@pytest.mark.parametrize(
    ("changes", "is_live"), [({}, True), ({"paused": Pause.GROUP_LOST}, False), ({"is_deleted": True}, False)]
)
def test_schedule_runs_unless_something_stops_it(changes, is_live):
    assert replace(make(), **changes).is_live is is_live
    assert not make(enabled=False).is_live


def show(schedule, now):
    """The coming runs as texts: when, first and last day."""
    return [
        (f"{run.scheduled_at:%Y-%m-%dT%H:%MZ}", *(run.period.filters.values() if run.period else ()))
        for run in schedule.list_coming_runs(now)
    ]


def test_coming_runs_have_the_days_of_each():
    assert show(make(), MADE) == [
        ("2026-12-01T07:00Z", "2026-11-01", "2026-11-30"),
        ("2027-01-01T07:00Z", "2026-12-01", "2026-12-31"),
        ("2027-02-01T07:00Z", "2027-01-01", "2027-01-31"),
    ]


def test_coming_runs_keep_the_clock_time_and_leave_out_skipped_times():
    # London's clocks go from 01:00 to 02:00 on 28 March 2027.
    schedule = make(window="last_day", expression="cron(30 1 * * ? *)")
    assert show(schedule, at("2027-03-26T12:00Z")) == [
        ("2027-03-27T01:30Z", "2027-03-26", "2027-03-26"),
        ("2027-03-29T00:30Z", "2027-03-27", "2027-03-28"),
        ("2027-03-30T00:30Z", "2027-03-29", "2027-03-29"),
    ]


def test_coming_runs_continue_after_the_export_under_way():
    schedule = make(next_day=date(2026, 10, 1), expression="cron(0 7 15 * ? *)")
    under_way = replace(schedule, open_occurrence=schedule.plan_occurrence(at("2026-11-15T07:00Z")))
    now = at("2026-11-15T07:01Z")
    assert show(under_way, now)[0] == ("2026-12-15T07:00Z", "2026-11-01", "2026-11-30")
    assert show(schedule, now)[0] == ("2026-12-15T07:00Z", "2026-10-01", "2026-11-30")


def test_coming_runs_may_be_empty_or_few():
    schedule = make(expression="rate(10 days)", ends_on="2026-12-14")
    runs = list(schedule.list_coming_runs(MADE))
    assert [(run.is_empty, run.period is None) for run in runs] == [(False, False), (True, True)]


def test_coming_runs_without_window_have_no_days():
    (run, *_) = make(window=None).list_coming_runs(MADE)
    assert (run.period, run.is_empty) == (None, False)


def test_coming_runs_of_rolling_windows_overlap():
    schedule = make(window="rolling_2_days", expression="cron(0 7 * * ? *)")
    assert [run[1:] for run in show(schedule, MADE)] == [
        ("2026-11-22", "2026-11-23"),
        ("2026-11-23", "2026-11-24"),
        ("2026-11-24", "2026-11-25"),
    ]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        # Days that no file holds yet are in the next one, whatever its window.
        ({"window": "last_week", "expression": "cron(0 7 ? * MON *)"}, "2026-12-01"),
        ({"window": "last_quarter", "expression": "cron(0 7 1 1,4,7,10 ? *)"}, "2026-12-01"),
        ({"time_zone": "Asia/Tokyo", "retention_days": 7, "name": "y"}, "2026-12-01"),
        # These start again.
        ({"filters": {"station": "CT2"}}, "2027-01-01"),
        ({"type": "ct-xlsx"}, "2027-01-01"),
        ({"window": "rolling_7_days"}, "2027-01-25"),
    ],
)
def test_changed_schedule_leaves_out_no_day(changes, first):
    schedule = make(next_day=date(2026, 12, 1))
    now = at("2027-01-31T12:00Z")
    terms = change_terms(schedule.terms, changes, now, may_see_patients=False, rate_start=MADE)
    assert show(schedule.with_terms(terms), now)[0][1] == first
