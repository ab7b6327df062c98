"""How long a file is retained: requested, shown and changed within the maximum."""

from dataclasses import replace
from datetime import timedelta

import pytest

from doseexport.actions.exports import delete_export
from doseexport.domain.audit import Actor, AuditEvent
from doseexport.domain.export import State
from doseexport.domain.rights import Caller
from doseexport.jobs.sweep import sweep_exports
from tests.component.answers import abort_export, assert_refused, get_export, request_export, set_retention
from tests.fakes import (
    ADA,
    ADMIN,
    BEN,
    MAX_RETENTION,
    NOW,
    RETENTION,
    add,
    finish,
    interrupt_next_write,
    list_keys,
    make_result,
    read_audit_trail,
    read_row,
    run,
)

DAY = timedelta(days=1)


def change_retention(services, export, days, caller=ADA):
    return set_retention(services, caller, export.id, {"retention_days": days})


def retention_entries(services, export):
    return [
        entry for entry in read_audit_trail(services, export) if entry.event is AuditEvent.RETENTION_CHANGED
    ]


# Requesting


@pytest.mark.parametrize(
    ("given", "days"), [({}, 30), ({"retention_days": None}, 30), ({"retention_days": 90}, 90)]
)
def test_retention_is_as_requested(services, given, days):
    shown = request_export(services, ADA, {"type": "ct-csv", **given})
    assert (shown["retention_days"], shown["expires_at"]) == (days, None)
    done = finish(services, services.exports.load(shown["id"]))
    assert done.expires_at == NOW + days * DAY
    assert get_export(services, ADA, done.id)["retention_days"] == days
    assert int(read_row(f"EXPORT#{done.id}")["ttl"]) == (done.expires_at + 7 * DAY).timestamp()


@pytest.mark.parametrize("days", [91, 0, -1, 1.5, "7", True, [], 10**30])
def test_retention_above_maximum_or_not_a_number_of_days_is_refused(services, days):
    body = {"type": "ct-csv", "retention_days": days}
    assert_refused(422, "BAD_RETENTION_DAYS", request_export, services, ADA, body, field="retention_days")


def test_retention_is_part_of_the_requests_key(services):
    body = {"type": "ct-csv", "retention_days": 7}
    first = request_export(services, ADA, body, "key")
    assert request_export(services, ADA, body, "key")["id"] == first["id"]
    for days in (8, None):
        changed = {**body, "retention_days": days}
        assert_refused(422, "IDEMPOTENCY_MISMATCH", request_export, services, ADA, changed, "key")


def test_retention_changed_later_leaves_a_repeated_request_the_same(services):
    body = {"type": "ct-csv", "retention_days": 7}
    first = request_export(services, ADA, body, "key")
    set_retention(services, ADA, first["id"], {"retention_days": 9})
    assert request_export(services, ADA, body, "key")["retention_days"] == 9


@pytest.mark.parametrize("end", ["failed", "aborted"])
def test_retention_of_export_without_file_is_a_month(services, end):
    export = run(services, add(services, retention_days=1))
    if end == "failed":
        services.exports.fail(export.id, 1, "X", "Y.", NOW)
    else:
        abort_export(services, ADA, export.id)
        services.exports.settle_aborted(export.id, 1, NOW)
    assert services.exports.load(export.id).expires_at == NOW + 30 * DAY


# Changing


@pytest.mark.parametrize("days", [1, 90])
@pytest.mark.parametrize("caller", [ADA, ADMIN], ids=lambda caller: caller.name)
def test_retention_counts_from_the_end_and_is_shown(services, clock, caller, days):
    export = finish(services, add(services))
    clock.move(hours=23)
    shown = change_retention(services, export, days, caller)
    until = NOW + days * DAY
    assert (shown["retention_days"], shown["expires_at"]) == (days, f"{until:%Y-%m-%dT%H:%M:%SZ}")
    row = services.exports.load(export.id)
    assert replace(row, expires_at=export.expires_at, retention_days=export.retention_days) == export
    assert row.expires_at == until
    assert int(read_row(f"EXPORT#{export.id}")["ttl"]) == (until + 7 * DAY).timestamp()
    (entry,) = retention_entries(services, export)
    assert (entry.by, entry.at, entry.attempt) == (Actor(caller.id, caller.name), clock(), 1)
    assert entry.retention == {"days": days, "until": until.isoformat(timespec="microseconds")}


def test_retention_that_has_passed_removes_file_before_any_sweep(services, clock):
    export = finish(services, add(services))
    change_retention(services, export, 1)
    clock.move(days=1)
    assert list_keys(services)
    for call in (get_export, delete_export):
        assert_refused(404, "NOT_FOUND", call, services, ADA, export.id)
    assert_refused(404, "NOT_FOUND", change_retention, services, export, 90)
    assert sweep_exports(services, clock()) == {"expired": 1}
    assert list_keys(services) == []


def test_retention_that_would_have_passed_is_refused_and_deletes_nothing(services, clock):
    export = finish(services, add(services))
    clock.move(days=3)
    assert_refused(422, "BAD_RETENTION_DAYS", change_retention, services, export, 3, field="retention_days")
    assert change_retention(services, export, 4)["retention_days"] == 4
    assert len(retention_entries(services, export)) == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"retention_days": None},
        {"retention_days": 91},
        {"retention_days": 0},
        {"retention_days": 7, "x": 1},
    ],
)
def test_retention_that_is_invalid_is_refused_by_field(services, body):
    export = finish(services, add(services))
    refused = (422, "BAD_RETENTION_DAYS", set_retention, services, ADA, export.id, body)
    assert_refused(*refused, field="retention_days")
    assert services.exports.load(export.id) == export


def test_retention_maximum_is_set_by_admins(services):
    export = finish(services, add(services))
    week = replace(services, settings=replace(services.settings, max_retention=7 * DAY))
    assert_refused(422, "BAD_RETENTION_DAYS", change_retention, week, export, 8)
    assert change_retention(week, export, 7)["retention_days"] == 7
    assert change_retention(services, export, MAX_RETENTION.days)["retention_days"] == 90


def test_retention_is_refused_to_others(services):
    export = finish(services, add(services))
    reader = Caller("reader", "reader", frozenset({"exportgroup", "pidgroup"}))
    for caller in (BEN, reader):
        assert_refused(403, "FORBIDDEN", change_retention, services, export, 7, caller)
    assert retention_entries(services, export) == []


@pytest.mark.parametrize("state", [State.FAILED, State.ABORTED, State.ABORTING])
def test_retention_without_a_file_is_refused(services, state):
    export = run(services, add(services))
    if state is State.FAILED:
        services.exports.fail(export.id, 1, "X", "Y.", NOW)
    else:
        services.exports.request_abort(export.id, ADA, NOW)
    if state is State.ABORTED:
        services.exports.settle_aborted(export.id, 1, NOW)
    before = services.exports.load(export.id)
    assert before.state is state
    assert_refused(409, "NO_FILE_TO_RETAIN", change_retention, services, export, 7)
    assert services.exports.load(export.id) == before
    assert retention_entries(services, export) == []


@pytest.mark.parametrize("is_running", [False, True], ids=["waiting", "running"])
def test_retention_of_unfinished_export_is_as_last_set(services, clock, is_running):
    export = add(services, retention_days=7)
    if is_running:
        run(services, export)
    shown = change_retention(services, export, 2)
    assert (shown["retention_days"], shown["expires_at"]) == (2, None)
    (entry,) = retention_entries(services, export)
    assert entry.retention == {"days": 2, "until": None}
    clock.move(hours=1)
    if not is_running:
        run(services, export)
    assert services.exports.complete(export.id, 1, make_result(export), clock(), RETENTION)
    assert services.exports.load(export.id).expires_at == clock() + 2 * DAY


# At the same time


def test_retention_set_during_completion_holds(services, monkeypatch):
    """The worker has read the old days. Before it publishes, its owner changes them."""
    export = run(services, add(services, retention_days=7))
    interrupt_next_write(monkeypatch, lambda: change_retention(services, export, 3))
    assert services.exports.complete(export.id, 1, make_result(export), NOW, RETENTION)
    row = services.exports.load(export.id)
    assert (row.retention_days, row.expires_at) == (3, NOW + 3 * DAY)


def test_retention_set_after_completion_counts_from_the_end(services, clock, monkeypatch):
    """The export completes after the change has read it as running and before the change is written."""
    export = run(services, add(services, retention_days=7))
    interrupt_next_write(
        monkeypatch, lambda: services.exports.complete(export.id, 1, make_result(export), NOW, RETENTION)
    )
    clock.move(minutes=1)
    assert change_retention(services, export, 3)["state"] == "COMPLETED"
    assert services.exports.load(export.id).expires_at == NOW + 3 * DAY
    assert [entry.retention["until"] is not None for entry in retention_entries(services, export)] == [True]


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_retention_set_during_deletion_or_expiry_brings_nothing_back(services, clock, monkeypatch, how):
    """This also holds if the clock of the sweep is ahead."""
    export = finish(services, add(services))

    def go():
        if how == "deleted":
            services.exports.delete(export.id, ADA, clock())
        else:
            services.exports.expire(export.id, 1, NOW + RETENTION)

    interrupt_next_write(monkeypatch, go)
    refusal = (404, "NOT_FOUND") if how == "deleted" else (409, "NO_FILE_TO_RETAIN")
    assert_refused(*refusal, change_retention, services, export, 90)
    assert services.exports.load(export.id).expires_at == export.expires_at
    assert retention_entries(services, export) == []


def test_retention_set_in_first_attempt_holds_for_the_second(services, clock):
    export = run(services, add(services, retention_days=7))
    change_retention(services, export, 3)
    sweep_exports(services, clock.move(minutes=2))
    done = finish(services, services.exports.load(export.id))
    assert (done.attempt, done.retention_days, done.expires_at) == (2, 3, clock() + 3 * DAY)
    assert (
        change_retention(services, done, 5)["retention_days"] == 5
    )  # SUPERSEDED, yet its file is as good as any
