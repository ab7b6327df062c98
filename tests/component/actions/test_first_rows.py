"""First rows with names or IDs of patients are recorded in the audit trail before they are shown."""

from dataclasses import replace

import pytest

from doseexport.actions import previews, usage
from doseexport.actions.previews import show_first_rows
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.domain.audit import Actor
from doseexport.errors import ExportError, RequestError
from tests.component.answers import show_usage
from tests.component.canary import CANARY
from tests.component.running import services_with
from tests.fakes import ADA, ADMIN, AUDIT_RETENTION, AUDIT_TABLE, NOW, PIA, aws_client

MONTH = "2026-11"
NAMED = {
    "type": "ct-csv",
    "filters": {"date_from": "2020-01-01", "patient_name": CANARY},
    "include_names": True,
}


@pytest.fixture
def reading(services, canary_url):
    """The service over a database in which one token names every patient."""
    return services_with(services, canary_url)


def list_entries(services):
    return services.audit.read_first_rows(MONTH, 1000)


def test_first_rows_with_names_are_recorded_with_what_was_requested(reading):
    (table,) = show_first_rows(reading, PIA, NAMED)
    assert CANARY in str(table.rows)
    (entry,) = list_entries(reading)
    assert (entry.event, entry.at, entry.by, entry.export_id) == (
        "first_rows_shown",
        NOW,
        Actor(PIA.id, PIA.name),
        "",
    )
    assert entry.request == {
        "type": "ct-csv",
        "filters": {"date_from": "2020-01-01"},
        "patient_filters": {"patient_name": CANARY},
        "include_names": True,
        "include_ids": False,
    }
    (row,) = aws_client("dynamodb").scan(TableName=AUDIT_TABLE)["Items"]
    assert int(row["ttl"]["N"]) == int((NOW + AUDIT_RETENTION).timestamp())


def test_first_rows_are_recorded_at_every_reading(reading):
    for _ in range(2):
        show_first_rows(reading, PIA, {"type": "ct-csv", "include_ids": True})
    assert [entry.request["include_ids"] for entry in list_entries(reading)] == [True, True]


def test_first_rows_of_no_study_are_recorded_too(reading):
    body = {**NAMED, "filters": {"patient_name": "nobody"}}
    assert show_first_rows(reading, PIA, body) == []
    assert len(list_entries(reading)) == 1


def test_first_rows_without_names_and_ids_are_not_recorded(reading):
    assert show_first_rows(reading, PIA, {**NAMED, "include_names": False})
    assert list_entries(reading) == []


@pytest.mark.parametrize(
    ("caller", "body", "code"),
    [
        (ADA, {"type": "ct-csv", "include_names": True}, "PIDGROUP_NEEDED"),
        (ADMIN, {"type": "ct-csv", "include_ids": True}, "PIDGROUP_NEEDED"),
        (PIA, {"type": "ct-phe2019", "include_ids": True}, "NO_PATIENT_COLUMNS"),
        (PIA, {"type": "ct-audit"}, "NO_FIRST_ROWS"),
    ],
)
def test_first_rows_that_are_refused_are_not_recorded(reading, caller, body, code):
    with pytest.raises(RequestError) as caught:
        show_first_rows(reading, caller, body)
    assert caught.value.code == code
    assert list_entries(reading) == []


def test_first_rows_that_cannot_be_read_in_time_are_not_recorded(reading, monkeypatch):
    def fail(*_):
        raise ExportError("OUT_OF_TIME", "x")

    monkeypatch.setattr(previews, "read_first_rows", fail)
    assert show_first_rows(reading, PIA, NAMED) is None
    assert list_entries(reading) == []


def test_first_rows_are_not_shown_if_they_cannot_be_recorded(reading, read_log):
    lost = AuditRepository(aws_client("dynamodb"), "no-such-table", AUDIT_RETENTION)
    broken = replace(reading, audit=lost)
    with pytest.raises(RequestError) as caught:
        show_first_rows(broken, PIA, NAMED)
    assert (caught.value.status, caught.value.code) == (503, "AUDIT_TRAIL_UNAVAILABLE")
    (line,) = [line for line in read_log() if line["message"] == "first_rows_not_recorded"]
    assert CANARY not in str([caught.value, line])
    assert show_first_rows(broken, PIA, {"type": "ct-csv"})  # they name nobody


def test_usage_shows_first_rows_without_filters_that_name_patients(reading, clock):
    show_first_rows(reading, PIA, NAMED)
    clock.move(seconds=1)
    show_first_rows(reading, PIA, {"type": "rf-csv", "include_ids": True})
    admin = replace(ADMIN, groups=ADMIN.groups | {"pidgroup"})
    answer = show_usage(reading, admin, {"month": MONTH})
    assert [each["request"]["type"] for each in answer["first_rows"]] == ["rf-csv", "ct-csv"]
    assert CANARY not in str(answer)
    assert answer["first_rows"][1] == {
        "time": "2026-11-23T11:30:00Z",
        "event": "first_rows_shown",
        "attempt": 1,
        "by": {"id": PIA.id, "name": PIA.name},
        "request": {
            "type": "ct-csv",
            "filters": {"date_from": "2020-01-01"},
            "patient_filters": None,
            "include_names": True,
            "include_ids": False,
            "pseudonyms": None,
            "schedule_id": None,
        },
        "file": None,
        "code": None,
        "retention": None,
    }
    assert show_usage(reading, admin, {"month": "2026-10"})["first_rows"] == []


def test_usage_shows_newest_first_rows_and_says_that_there_are_more(reading, clock, monkeypatch):
    monkeypatch.setattr(usage, "MAX_FIRST_ROWS", 1)
    for kind in ("ct-csv", "mg-csv"):
        show_first_rows(reading, PIA, {"type": kind, "include_ids": True})
        clock.move(seconds=1)
    answer = show_usage(reading, ADMIN, {"month": MONTH})
    assert [each["request"]["type"] for each in answer["first_rows"]] == ["mg-csv"]
    assert answer["first_rows_complete"] is False
    monkeypatch.setattr(usage, "MAX_FIRST_ROWS", 2)
    assert show_usage(reading, ADMIN, {"month": MONTH})["first_rows_complete"] is True
