"""The states of an export, and its representation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from doseexport.actions.views import view_export
from doseexport.domain.export import (
    ACTIVE,
    SETTLED,
    TRANSITIONS,
    Failure,
    Progress,
    State,
    is_id,
    make_id,
    make_object_key,
    make_object_prefix,
    name_file,
)
from tests.fakes import ADA, ADMIN, BEN, NOW, make_new, make_result

RUNNING = replace(make_new(), state=State.RUNNING, started_at=NOW, progress=Progress(25, 100))


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def test_state_is_active_or_settled_and_has_its_transitions():
    assert {State.QUEUED, State.RUNNING, State.ABORTING} == ACTIVE
    assert {State.COMPLETED, State.FAILED, State.ABORTED} == SETTLED
    assert set(TRANSITIONS) == set(State)


def test_state_completed_follows_running_and_ends_have_no_transition():
    assert [state for state in State if State.COMPLETED in TRANSITIONS[state]] == [State.RUNNING]
    assert not any(TRANSITIONS[state] for state in SETTLED)
    assert State.COMPLETED not in TRANSITIONS[State.ABORTING]


def test_export_id_depends_on_owner_and_key():
    first = make_id("ada", "key")
    assert first == make_id("ada", "key")
    assert len({first, make_id("ben", "key"), make_id("ada", "kez"), make_id("ada\nk", "ey")}) == 4
    assert len({make_id("ada", None) for _ in range(100)}) == 100
    assert is_id(first)
    assert is_id(make_id("ada", None))


@pytest.mark.parametrize("text", ["", "a" * 31, "a" * 33, "a" * 31 + "/", "a" * 32 + "\n", None, 3, "é" * 32])
def test_export_id_that_is_invalid_is_recognised(text):
    assert not is_id(text)
    with pytest.raises(ValueError, match="not an export id"):
        make_object_prefix(text)


def test_export_keys_and_names_hold_nothing_of_a_patient():
    name = name_file("ct-xlsx", "xlsx", datetime(2026, 11, 23, 11, 30, tzinfo=UTC))
    assert name == "ct-xlsx_2026-11-23_1130.xlsx"
    assert make_object_key("a" * 32, 2, name) == f"exports/{'a' * 32}/2/{name}"


def test_lease_is_over_on_its_second():
    leased = replace(RUNNING, lease_until=int(NOW.timestamp()))
    assert not leased.is_lease_over(after(-1))
    assert leased.is_lease_over(NOW)
    assert not RUNNING.is_lease_over(NOW)


def test_new_export_is_shown():
    export = make_new(filters={"date_from": "2026-01-01"})
    shown = view_export(export, ADA, NOW)
    assert shown == {
        "id": export.id,
        "type": "ct-csv",
        "filters": {"date_from": "2026-01-01"},
        "order": export.request.order,
        "options": {},
        "include_names": False,
        "include_ids": False,
        "send_mail": False,
        "has_patient_data": False,
        "owner_name": "ada",
        "mine": True,
        "schedule_id": None,
        "schedule_name": None,
        "name": None,
        "state": "QUEUED",
        "attempt": 1,
        "created_at": "2026-11-23T11:30:00Z",
        "started_at": None,
        "finished_at": None,
        "expires_at": None,
        "retention_days": None,
        "studies_done": 0,
        "studies_total": None,
        "percent": None,
        "estimated_end": None,
        "file_name": None,
        "size": None,
        "sha256": None,
        "studies": None,
        "events": None,
        "warnings": [],
        "answer": None,
        "has_manifest": False,
        "error": None,
        "links": {
            "self": f"/exports/{export.id}",
            "abort": f"/exports/{export.id}/abort",
            "set_retention": f"/exports/{export.id}",
        },
    }


def test_estimate_follows_the_rate_so_far():
    assert view_export(RUNNING, ADA, after(10))["estimated_end"] == "2026-11-23T11:30:40Z"
    assert view_export(RUNNING, ADA, after(10))["percent"] == 25


@pytest.mark.parametrize(
    ("export", "seconds"),
    [
        (RUNNING, 2),
        (replace(RUNNING, progress=Progress(0, 100)), 60),
        (replace(RUNNING, progress=Progress(5, None)), 60),
        (replace(RUNNING, state=State.ABORTING), 60),
        (replace(RUNNING, state=State.QUEUED), 60),
        (replace(RUNNING, started_at=None), 60),
    ],
)
def test_estimate_is_absent_while_it_would_be_a_guess(export, seconds):
    assert view_export(export, ADA, after(seconds))["estimated_end"] is None


def test_percent_is_100_only_for_a_published_file():
    written = replace(RUNNING, progress=Progress(101, 100))
    assert view_export(written, ADA, after(10))["percent"] == 99
    assert view_export(written, ADA, after(10))["estimated_end"] == "2026-11-23T11:30:10Z"
    done = replace(written, state=State.COMPLETED, result=make_result(written))
    shown = view_export(done, ADA, NOW)
    assert (shown["percent"], shown["size"], shown["studies"]) == (100, 12, 7)
    assert shown["warnings"] == ["One study has no dose row."]
    assert set(shown["links"]) == {"self", "download", "delete", "set_retention"}


def test_failure_is_shown_only_once_it_is_final():
    failure = Failure("DATABASE_UNREACHABLE", "It is away.")
    assert view_export(replace(RUNNING, failure=failure), ADA, NOW)["error"] is None
    shown = view_export(replace(RUNNING, state=State.FAILED, failure=failure), ADA, NOW)
    assert shown["error"] == {"code": "DATABASE_UNREACHABLE", "message": "It is away."}


def test_filters_with_patients_are_hidden_from_others():
    named = make_new(include_ids=True, filters={"patient_name": "Secret"})
    for caller in (BEN, ADMIN):
        assert view_export(named, caller, NOW)["filters"] is None
        assert "Secret" not in str(view_export(named, caller, NOW))
    assert view_export(named, ADA, NOW)["filters"] == {"patient_name": "Secret"}
