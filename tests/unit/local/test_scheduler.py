"""The local EventBridge Scheduler: when it invokes, and with which input."""

from datetime import UTC, datetime

import pytest
from local.stack.emulator import find_due, find_group, insert_scheduled_time

MADE = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text)


def schedule(expression, zone="UTC", **more):
    known = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": zone, "State": "ENABLED"}
    return {**known, "CreationDate": MADE.timestamp(), **more}


@pytest.mark.parametrize(
    ("known", "since", "now", "due"),
    [
        (schedule("rate(1 minute)"), "2026-11-23T11:30:30Z", "2026-11-23T11:31:00Z", "2026-11-23T11:31:00Z"),
        (schedule("rate(1 minute)"), "2026-11-23T11:31:00Z", "2026-11-23T11:31:59Z", None),
        # Seven in the morning in London is six in summer.
        (
            schedule("cron(0 7 * * ? *)", "Europe/London"),
            "2027-06-01T05:59:59Z",
            "2027-06-01T06:00:00Z",
            "2027-06-01T06:00:00Z",
        ),
        (
            schedule("cron(0 7 * * ? *)", "Europe/London"),
            "2027-06-01T06:59:59Z",
            "2027-06-01T07:00:00Z",
            None,
        ),
        (
            schedule("rate(7 days)", StartDate=at("2026-11-30T11:30Z").timestamp()),
            "2026-11-30T11:29:59Z",
            "2026-11-30T11:30:00Z",
            "2026-11-30T11:30:00Z",
        ),
        (
            schedule("rate(1 minute)", EndDate=at("2026-11-23T11:31Z").timestamp()),
            "2026-11-23T11:31:30Z",
            "2026-11-23T11:32:30Z",
            None,
        ),
        (schedule("rate(1 minute)", State="DISABLED"), "2026-11-23T11:30:30Z", "2026-11-23T11:31:00Z", None),
    ],
)
def test_scheduler_invokes_when_a_schedule_is_due_in_its_zone(known, since, now, due):
    assert find_due(known, at(since), at(now)) == (due and at(due))


def test_scheduler_passes_the_due_time():
    target = {"Arn": "x", "Input": '{"scheduled_at": "<aws.scheduler.scheduled-time>"}'}
    expected = insert_scheduled_time(target, at("2026-11-30T07:00+01:00"))
    assert expected == {"Arn": "x", "Input": '{"scheduled_at": "2026-11-30T06:00:00Z"}'}


def test_scheduler_lists_schedules_of_one_group():
    assert find_group(b'{"GroupName": "ours"}', {}) == "ours"
    assert find_group(b"", {"groupName": ["ours"]}) == "ours"
    assert find_group(b"", {}) == "default"
