"""Due times by hand: every form of cron and rate, and days on which clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport.domain.recurrence import parse_expression
from doseexport.errors import RequestError

LONDON = ZoneInfo("Europe/London")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def due_after(expression, moment, start=LONG_AGO, zone=LONDON):
    due = parse_expression(expression).next_after(datetime.fromisoformat(moment), zone, start)
    return None if due is None else due.astimezone(zone).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("expression", "moment", "due"),
    [
        ("cron(0 7 1 * ? *)", "2026-11-27T12:00Z", "2026-12-01T07:00+00:00"),
        ("cron(0 7 1 * ? *)", "2026-12-01T06:59Z", "2026-12-01T07:00+00:00"),
        ("cron(0 7 1 * ? *)", "2026-12-01T07:00Z", "2027-01-01T07:00+00:00"),
        ("cron(0 7 1 7 ? *)", "2026-01-01T00:00Z", "2026-07-01T07:00+01:00"),
        ("cron(15,45 6-8/2 * * ? *)", "2026-11-27T06:45Z", "2026-11-27T08:15+00:00"),
        ("cron(0/20 * * * ? *)", "2026-11-27T12:20Z", "2026-11-27T12:40+00:00"),
        ("cron(50/5 9 * * ? *)", "2026-11-27T09:55Z", "2026-11-28T09:50+00:00"),
        ("cron(0 5 L * ? *)", "2028-02-01T00:00Z", "2028-02-29T05:00+00:00"),
        ("cron(0 5 31 * ? *)", "2026-04-01T00:00Z", "2026-05-31T05:00+01:00"),
        ("cron(0 5 29 2 ? *)", "2097-01-01T00:00Z", "2104-02-29T05:00+00:00"),
        ("cron(0 5 ? * MON-FRI *)", "2026-11-27T06:00Z", "2026-11-30T05:00+00:00"),
        ("cron(0 5 ? * 1 *)", "2026-11-27T06:00Z", "2026-11-29T05:00+00:00"),
        ("cron(0 5 ? * 2#1 *)", "2026-11-27T06:00Z", "2026-12-07T05:00+00:00"),
        ("cron(0 5 ? * FRI#5 *)", "2026-11-27T06:00Z", "2027-01-29T05:00+00:00"),
        ("cron(0 5 ? * FRIL *)", "2026-11-27T06:00Z", "2026-12-25T05:00+00:00"),
        ("cron(0 5 ? * MONL *)", "2026-11-20T06:00Z", "2026-11-30T05:00+00:00"),
        ("cron(0 5 ? * 6L *)", "2026-11-27T04:00Z", "2026-11-27T05:00+00:00"),
        ("cron(0 5 ? 2 SUN#5 *)", "2088-03-01T00:00Z", "2128-02-29T05:00+00:00"),
        ("cron(0 0 1 JAN,APR-JUN ? *)", "2026-01-01T00:00Z", "2026-04-01T00:00+01:00"),
        ("cron(0 0 1 1 ? 2028-2030/2)", "2028-06-01T00:00Z", "2030-01-01T00:00+00:00"),
        ("cron(0 0 1 1 ? 2025)", "2026-01-01T00:00Z", None),
        ("cron(0 0 30 2 ? *)", "2026-01-01T00:00Z", None),
    ],
)
def test_cron_expression_is_due(expression, moment, due):
    assert due_after(expression, moment) == due


def test_time_skipped_by_the_clocks_is_skipped():
    # London, 29 March 2026: there is no 01:30.
    assert due_after("cron(30 1 * * ? *)", "2026-03-28T01:30Z") == "2026-03-30T01:30+01:00"
    assert due_after("cron(30 1,2 * * ? *)", "2026-03-28T02:30Z") == "2026-03-29T02:30+01:00"


def test_time_repeated_by_the_clocks_is_due_once():
    # London, 25 October 2026: 01:30 comes at 00:30Z and at 01:30Z.
    assert due_after("cron(30 1 * * ? *)", "2026-10-25T00:29Z") == "2026-10-25T01:30+01:00"
    assert due_after("cron(30 1 * * ? *)", "2026-10-25T00:30Z") == "2026-10-26T01:30+00:00"
    assert due_after("cron(30 1 * * ? *)", "2026-10-25T01:00Z") == "2026-10-26T01:30+00:00"


def test_nothing_is_due_before_the_start():
    start = datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert due_after("cron(0 7 * * ? *)", "2026-11-01T00:00Z", start) == "2026-12-01T07:00+00:00"
    assert due_after("cron(59 6 * * ? *)", "2026-11-01T00:00Z", start) == "2026-12-02T06:59+00:00"
    assert due_after("rate(1 day)", "2026-11-01T00:00Z", start) == "2026-12-01T07:00+00:00"


def test_rate_counts_from_the_start_and_its_day_is_24_hours():
    start = datetime(2026, 10, 24, 12, tzinfo=LONDON)
    assert due_after("rate(1 day)", "2026-10-24T11:00Z", start) == "2026-10-25T11:00+00:00"
    assert due_after("rate(90 minutes)", "2026-10-24T12:30Z", start) == "2026-10-24T15:00+01:00"
    assert due_after("rate(12 hours)", "2026-10-24T23:00Z", start) == "2026-10-25T11:00+00:00"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("rate(1 days)", "rate(1 day)"),
        ("rate(2 hour)", "rate(2 hours)"),
        ("cron(0  7 1 * ? *)", "cron(0 7 1 * ? *)"),
    ],
)
def test_expression_has_one_canonical_text(given, text):
    assert parse_expression(given).text == text


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            7,
            "",
            "daily",
            "rate(0 days)",
            "rate(7 weeks)",
            "rate(-1 days)",
            "rate(1.5 days)",
            "rate(7)",
        ),
        *("at(2026-01-01T00:00:00)", "cron()", "cron(0 7 1 * ?)", "cron(0 7 1 * ? * *)", "cron(0 7 * * * *)"),
        *("cron(0 7 ? * ? *)", "cron(60 7 1 * ? *)", "cron(0 24 1 * ? *)", "cron(0 7 0 * ? *)"),
        *("cron(0 7 32 * ? *)", "cron(0 7 15W * ? *)", "cron(0 7 1 13 ? *)", "cron(0 7 ? * 8 *)"),
        *("cron(0 7 ? * FRI-MON *)", "cron(0 7 ? * 2#6 *)", "cron(0 7 1 * ? 2200)", "cron(0 7 1,L * ? *)"),
        *("cron(0 7 ? * MON/2 *)", "cron(0 7 ? * */2 *)", "cron(0 7 ? * 2-6/2 *)"),
        *("cron(5- 7 1 * ? *)", "cron(,5 7 1 * ? *)", "cron(*/0 7 1 * ? *)", "cron(? 7 1 * ? *)"),
        *("cron(0 7 1 * ? *) ", "cron(0 7 1 * ? *)\n", "cron(0 7 1 jan ? *)", "cron(\u0660 7 1 * ? *)"),
    ],
)
def test_invalid_expression_is_refused_by_field(value):
    with pytest.raises(RequestError) as refused:
        parse_expression(value)
    assert (refused.value.code, refused.value.field) == ("BAD_EXPRESSION", "expression")
    assert refused.value.status == 422


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("cron(00 07 01 * ? *)", "cron(0 7 1 * ? *)"),
        ("cron(0 7 ? * FRIL *)", "cron(0 7 ? * 6L *)"),
        ("cron(0 7 ? * MON#1 *)", "cron(0 7 ? * 2#1 *)"),
        ("cron(0 10/2 ? JAN MON-FRI 2026-2030)", "cron(0 10/2 ? JAN MON-FRI 2026-2030)"),
    ],
)
def test_ambiguous_expression_is_refused(given, plain):
    assert parse_expression(given).text == plain
    assert parse_expression(plain).text == plain
    assert vars_of(given) == vars_of(plain)


def vars_of(text):
    cron = parse_expression(text)
    return cron.minutes, cron.hours, cron.days, cron.months, cron.years


@pytest.mark.parametrize(
    "expression", ["cron(0/60 7 * * ? *)", "cron(0 */24 * * ? *)", "cron(0 7 1/31 * ? *)"]
)
def test_step_must_be_smaller_than_its_part(expression):
    with pytest.raises(RequestError, match="step"):
        parse_expression(expression)
