"""The terms of a schedule: what is accepted, and the reasons for refusals."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport.domain.schedule_terms import change_terms, parse_terms
from doseexport.errors import RequestError

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
MONTHLY = {
    "name": "Monthly CT audit",
    "type": "ct-xlsx",
    "filters": {"station_name": "CT1"},
    "window": "last_month",
    "expression": "cron(0 7 1 * ? *)",
}


def parse(may_see_patients=False, **changes):
    body = {name: value for name, value in {**MONTHLY, **changes}.items() if value is not ...}
    return parse_terms(body, NOW, LONDON, may_see_patients=may_see_patients)


def change(terms, changes, now=NOW):
    return change_terms(terms, changes, now, may_see_patients=False, rate_start=NOW)


def test_terms_are_an_export_request_and_its_recurrence():
    terms = parse(time_zone="Europe/Stockholm", ends_on="2027-11-30", options={}, order=None)
    assert terms.name == "Monthly CT audit"
    assert terms.request["type"] == "ct-xlsx"
    assert terms.request["filters"] == {"station": "CT1"}
    assert terms.window.name == "last_month"
    assert terms.zone.key == "Europe/Stockholm"
    assert terms.ends_at == datetime(2027, 11, 30, 23, tzinfo=UTC)
    assert (terms.enabled, terms.has_patient_data) == (True, False)


def test_terms_have_defaults():
    terms = parse()
    assert (terms.zone, terms.ends_on, terms.ends_at, terms.enabled) == (LONDON, None, None, True)


def test_terms_without_window_filter_by_dates():
    terms = parse(window=None, filters={"date_from": "2026-01-01"})
    assert terms.request["filters"] == {"date_from": "2026-01-01"}


def test_terms_read_back_as_written():
    terms = parse(ends_on="2027-11-30", filters={"station_name": " CT1 "})
    assert parse_terms(terms.body, NOW, ZoneInfo("UTC"), may_see_patients=False) == terms


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": ...}, "BAD_NAME", "name"),
        ({"name": "  "}, "BAD_NAME", "name"),
        ({"name": "a\nb"}, "BAD_NAME", "name"),
        ({"name": "x" * 81}, "BAD_NAME", "name"),
        ({"name": 7}, "BAD_NAME", "name"),
        ({"colour": "red"}, "UNKNOWN_FIELD", "colour"),
        ({"type": "ct-pdf"}, "UNKNOWN_EXPORT_TYPE", "type"),
        ({"filters": {"nonsense": "1"}}, "UNKNOWN_FILTER", "filters.nonsense"),
        ({"filters": ["x"]}, "NOT_AN_OBJECT", "filters"),
        ({"window": "last_fortnight"}, "BAD_WINDOW", "window"),
        ({"filters": {"date_from": "2026-01-01"}}, "WINDOW_AND_DATES", "window"),
        ({"filters": {"date_after": "2026-01-01"}}, "WINDOW_AND_DATES", "window"),
        ({"filters": {"study_date__lt": "2026-01-01"}}, "WINDOW_AND_DATES", "window"),
        ({"expression": ...}, "BAD_EXPRESSION", "expression"),
        ({"expression": "at(2026-12-01T00:00:00)"}, "BAD_EXPRESSION", "expression"),
        ({"expression": "rate(59 minutes)"}, "TOO_FREQUENT", "expression"),
        ({"expression": "cron(0,30 7 * * ? *)"}, "TOO_FREQUENT", "expression"),
        ({"expression": "cron(0 7 1 * ? 2020)"}, "NEVER_DUE", "expression"),
        ({"ends_on": "2026-11-30"}, "NEVER_DUE", "ends_on"),
        ({"ends_on": "30.11.2026"}, "BAD_DATE", "ends_on"),
        ({"ends_on": 20261130}, "BAD_DATE", "ends_on"),
        ({"ends_on": "20271130"}, "BAD_DATE", "ends_on"),
        ({"ends_on": "2027-W10-1"}, "BAD_DATE", "ends_on"),
        ({"ends_on": "2027-02-30"}, "BAD_DATE", "ends_on"),
        ({"ends_on": "9999-12-31"}, "BAD_DATE", "ends_on"),
        ({"time_zone": "Europe/Atlantis"}, "BAD_TIME_ZONE", "time_zone"),
        ({"time_zone": "../etc/passwd"}, "BAD_TIME_ZONE", "time_zone"),
        ({"time_zone": 1}, "BAD_TIME_ZONE", "time_zone"),
        ({"time_zone": "Factory"}, "BAD_TIME_ZONE", "time_zone"),
        ({"time_zone": "posix/Europe/London"}, "BAD_TIME_ZONE", "time_zone"),
        ({"enabled": "yes"}, "NOT_A_BOOLEAN", "enabled"),
    ],
)
def test_terms_that_cannot_be_met_are_refused_by_field(changes, code, field):
    with pytest.raises(RequestError) as caught:
        parse(**changes)
    assert (caught.value.code, caught.value.field, caught.value.status) == (code, field, 422)


@pytest.mark.parametrize("body", [None, [], "x"])
def test_terms_must_be_an_object(body):
    with pytest.raises(RequestError) as caught:
        parse_terms(body, NOW, LONDON, may_see_patients=False)
    assert caught.value.code == "NOT_AN_OBJECT"


@pytest.mark.parametrize("inclusion", [{"include_names": True}, {"filters": {"patient_id": "x"}}])
def test_terms_with_patients_need_pidgroup(inclusion):
    with pytest.raises(RequestError) as caught:
        parse(**inclusion)
    assert (caught.value.code, caught.value.status) == ("PIDGROUP_NEEDED", 403)
    assert parse(may_see_patients=True, **inclusion).has_patient_data


def test_change_of_terms_leaves_the_rest():
    terms = parse(time_zone="Europe/Stockholm")
    changed = change(terms, {"ends_on": "2027-01-31"})
    assert changed.ends_on == date(2027, 1, 31)
    assert {**changed.body, "ends_on": None} == terms.body
    assert change(changed, {"ends_on": None}) == terms


def test_ended_schedule_can_be_disabled_but_not_enabled():
    terms = parse(ends_on="2026-12-31")
    later = datetime(2027, 2, 1, tzinfo=UTC)
    assert not change(terms, {"enabled": False}, later).enabled
    with pytest.raises(RequestError, match="would never run"):
        change(terms, {"name": "New"}, later)


def test_rate_is_due_counted_from_creation():
    terms = parse(expression="rate(30 days)", ends_on="2026-12-25")
    assert change(terms, {"name": "New"}, datetime(2026, 12, 20, tzinfo=UTC)).name == "New"


@pytest.mark.parametrize("blank", [None, ""])
def test_blank_date_beside_a_window_is_absent(blank):
    assert parse(filters={"date_from": blank, "station": "CT1"}).request["filters"] == {"station": "CT1"}
