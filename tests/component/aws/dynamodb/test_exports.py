"""The table of exports: conflicting writes lose without damage, and nothing is written by half."""

from datetime import timedelta

import pytest

from doseexport.aws.clients import ClientError
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.table import Table
from doseexport.domain.export import Cleanup, Failure, Progress, State
from tests.fakes import (
    ADA,
    BEN,
    NOW,
    RETENTION,
    active_ids,
    add,
    finish,
    make_new,
    make_result,
    read_row,
    run,
)


def test_create_stores_request_and_takes_a_place(services):
    export = add(services, filters={"date_from": "2026-01-01"}, order="oldest_first")
    assert services.exports.get(export.id, NOW) == export
    row = read_row(f"EXPORT#{export.id}")
    assert (row["month"], row["cleanup"], row["schema_version"]) == ("2026-11", "ACTIVE", 1)
    assert row["created_at"] == "2026-11-23T11:30:00.000000+00:00"
    assert active_ids(ADA) == {export.id}


def test_create_is_limited_per_owner(services):
    for _ in range(2):
        assert services.exports.create(make_new(), limit=2)
    assert services.exports.create(make_new(), limit=2) is None
    assert services.exports.create(make_new(BEN), limit=2)
    assert len(active_ids(ADA)) == 2


def test_create_beyond_limit_leaves_no_row(services):
    first, second = make_new(), make_new()
    services.exports.create(first, limit=1)
    assert services.exports.create(second, limit=1) is None
    assert services.exports.load(second.id) is None


def test_create_of_existing_export_wins_over_the_limit(services):
    first = make_new()
    services.exports.create(first, limit=1)
    assert services.exports.create(first, limit=1) == first
    assert active_ids(ADA) == {first.id}


def test_create_repeated_takes_no_more_places_than_there_are(services):
    # In turn: moto's transactions are not atomic between threads.
    results = [services.exports.create(make_new(), limit=3) for _ in range(8)]
    assert [result is not None for result in results] == [True] * 3 + [False] * 5
    assert len(active_ids(ADA)) == 3


def test_claim_succeeds_once(services):
    export = add(services)
    claimed = services.exports.claim(export.id, 1, NOW)
    assert claimed.state is State.RUNNING
    assert claimed.lease_until == int(NOW.timestamp()) + 120
    assert claimed.started_at == NOW
    assert services.exports.claim(export.id, 1, NOW) is None


@pytest.mark.parametrize("attempt", [0, 2])
def test_claim_of_another_attempt_fails(services, attempt):
    export = add(services)
    assert services.exports.claim(export.id, attempt, NOW) is None
    assert services.exports.load(export.id).state is State.QUEUED


def test_claim_and_settling_of_unknown_export_fail(services):
    unknown = make_new()
    assert services.exports.claim(unknown.id, 1, NOW) is None
    assert not services.exports.fail(unknown.id, 1, "X", "Y.", NOW)
    assert services.exports.request_abort(unknown.id, ADA, NOW) is None
    assert read_row(f"EXPORT#{unknown.id}") is None


def test_beat_renews_lease_and_writes_progress(services):
    export = run(services, add(services))
    later = NOW + timedelta(seconds=50)
    assert services.exports.beat(export.id, 1, Progress(5, 20), later) is State.RUNNING
    after = services.exports.load(export.id)
    assert after.progress == Progress(5, 20)
    assert after.lease_until == int(later.timestamp()) + 120


def test_beat_may_lack_the_total(services):
    export = run(services, add(services))
    services.exports.beat(export.id, 1, Progress(), NOW)
    assert services.exports.load(export.id).progress == Progress(0, None)


def test_beat_reports_an_abort(services):
    export = run(services, add(services))
    assert services.exports.request_abort(export.id, ADA, NOW).state is State.ABORTING
    assert services.exports.beat(export.id, 1, Progress(), NOW) is State.ABORTING


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.ABORTING])
def test_lost_attempt_changes_nothing_in_any_state(services, state):
    export = run(services, add(services))
    late = NOW + timedelta(seconds=121)
    services.exports.requeue(export.id, 1, late)
    if state is not State.QUEUED:
        services.exports.claim(export.id, 2, late)
    if state is State.ABORTING:
        services.exports.request_abort(export.id, ADA, late)
    assert services.exports.load(export.id).state is state
    before = read_row(f"EXPORT#{export.id}")
    assert services.exports.beat(export.id, 1, Progress(9, 9), late) is None
    assert not services.exports.record_upload(export.id, 1, "k", "u")
    assert not services.exports.complete(export.id, 1, make_result(export), late, RETENTION)
    assert not services.exports.fail(export.id, 1, "X", "Y.", late)
    assert not services.exports.release(export.id, 1, "X", "Y.", late)
    assert not services.exports.settle_aborted(export.id, 1, late)
    assert read_row(f"EXPORT#{export.id}") == before


def test_complete_publishes_file_and_frees_place(services):
    export = add(services)
    done = finish(services, export)
    assert done.state is State.COMPLETED
    assert done.result == make_result(export)
    assert done.progress == Progress(7, 7)
    assert (done.expires_at, done.lease_until, done.cleanup) == (NOW + RETENTION, None, Cleanup.RETAINED)
    assert active_ids(ADA) == set()
    ttl = read_row(f"EXPORT#{export.id}")["ttl"]
    assert ttl > (NOW + RETENTION).timestamp()


def test_complete_loses_to_an_abort(services):
    export = run(services, add(services))
    services.exports.request_abort(export.id, ADA, NOW)
    assert not services.exports.complete(export.id, 1, make_result(export), NOW, RETENTION)
    assert not services.exports.fail(export.id, 1, "X", "Y.", NOW)
    assert services.exports.load(export.id).result is None
    assert active_ids(ADA) == {export.id}
    assert services.exports.settle_aborted(export.id, 1, NOW)
    assert services.exports.load(export.id).state is State.ABORTED
    assert active_ids(ADA) == set()


def test_settle_aborted_needs_a_requested_abort(services):
    export = run(services, add(services))
    assert not services.exports.settle_aborted(export.id, 1, NOW)


def test_complete_twice_changes_nothing(services):
    export = finish(services, add(services))
    other = make_result(export, studies=99)
    assert not services.exports.complete(export.id, 1, other, NOW, RETENTION)
    assert services.exports.load(export.id).result.studies == 7


def test_fail_stores_code_and_message(services):
    export = run(services, add(services))
    assert services.exports.fail(export.id, 1, "NO_STUDIES", "No study matches.", NOW)
    failed = services.exports.load(export.id)
    assert (failed.state, failed.failure) == (State.FAILED, Failure("NO_STUDIES", "No study matches."))
    assert failed.cleanup is Cleanup.ORPHANED
    assert active_ids(ADA) == set()


def test_request_abort_settles_queued_export(services):
    export = add(services)
    assert services.exports.request_abort(export.id, ADA, NOW).state is State.ABORTED
    assert services.exports.claim(export.id, 1, NOW) is None
    assert active_ids(ADA) == set()


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_request_abort_after_the_end_changes_nothing(services, end):
    export = run(services, add(services))
    if end == "complete":
        services.exports.complete(export.id, 1, make_result(export), NOW, RETENTION)
    else:
        services.exports.fail(export.id, 1, "X", "Y.", NOW)
    before = services.exports.load(export.id)
    assert services.exports.request_abort(export.id, ADA, NOW) == before


def test_requeue_starts_the_next_attempt_afresh(services):
    export = run(services, add(services))
    services.exports.beat(export.id, 1, Progress(5, 20), NOW)
    services.exports.record_upload(export.id, 1, "exports/x/1/f", "upload")
    late = NOW + timedelta(seconds=120)
    queued = services.exports.requeue(export.id, 1, late)
    assert (queued.state, queued.attempt, queued.sends) == (State.QUEUED, 2, 0)
    assert (queued.started_at, queued.lease_until, queued.upload_id) == (None, None, None)
    assert queued.progress == Progress()
    assert active_ids(ADA) == {export.id}
    assert services.exports.claim(export.id, 2, late).attempt == 2


def test_requeue_leaves_a_valid_lease(services):
    export = run(services, add(services))
    soon = NOW + timedelta(seconds=119)
    assert services.exports.requeue(export.id, 1, soon) is None
    assert not services.exports.give_up(export.id, 1, Failure("X", "Y."), soon)


def test_release_lets_export_be_queued_at_once(services):
    export = run(services, add(services))
    assert services.exports.release(export.id, 1, "DATABASE_UNREACHABLE", "It cannot be reached.", NOW)
    assert services.exports.beat(export.id, 1, Progress(), NOW) is None
    queued = services.exports.requeue(export.id, 1, NOW)
    assert (queued.attempt, queued.failure) == (2, None)


def test_give_up_works_while_queued_unless_claimed_meanwhile(services):
    waiting, claimed = add(services), run(services, add(services))
    assert services.exports.give_up(waiting.id, 1, Failure("X", "Y."), NOW)
    assert not services.exports.give_up(claimed.id, 1, Failure("X", "Y."), NOW)


def test_mark_sent_counts_and_moves_the_time(services):
    export = add(services)
    later = NOW + timedelta(minutes=1)
    assert services.exports.mark_sent(export.id, 1, later)
    after = services.exports.load(export.id)
    assert (after.sends, after.queued_at) == (1, later)
    run(services, after)
    assert not services.exports.mark_sent(export.id, 1, later)


def test_delete_hides_export_and_removes_its_filters(services):
    export = finish(services, add(services, filters={"date_from": "2026-01-01"}))
    assert services.exports.delete(export.id, ADA, NOW)
    assert services.exports.get(export.id, NOW) is None
    assert services.exports.get_many([export.id], NOW) == []
    assert "filters" not in read_row(f"EXPORT#{export.id}")
    assert services.exports.load(export.id).cleanup is Cleanup.ORPHANED
    assert not services.exports.delete(export.id, ADA, NOW)


def test_delete_of_unfinished_export_fails(services):
    export = add(services)
    assert not services.exports.delete(export.id, ADA, NOW)
    run(services, export)
    assert not services.exports.delete(export.id, ADA, NOW)


def test_expired_export_is_gone_to_the_second(services):
    export = finish(services, add(services))
    end = NOW + RETENTION
    assert services.exports.get(export.id, end - timedelta(seconds=1)) is not None
    assert services.exports.get(export.id, end) is None
    assert not services.exports.expire(export.id, 1, end - timedelta(seconds=1))
    assert services.exports.expire(export.id, 1, end)
    assert services.exports.load(export.id).cleanup is Cleanup.ORPHANED


def test_load_many_keeps_the_order_beyond_one_batch(services):
    exports = [add(services) for _ in range(120)]
    wanted = [export.id for export in reversed(exports)]
    assert [export.id for export in services.exports.get_many(wanted, NOW)] == wanted


class Scripted:
    """A client whose calls answer, or raise, what a test wrote down."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __getattr__(self, _name):
        return self._answer

    def _answer(self, **_arguments):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def make_exports(client):
    return ExportRepository(client, "t", AuditRepository(client, "audit", RETENTION))


def cancelled(*codes):
    reasons = [{"Code": code} for code in codes]
    response = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    return ClientError(response, "TransactWriteItems")


def refused(code):
    return ClientError({"Error": {"Code": code}}, "UpdateItem")


@pytest.fixture
def _no_pauses(monkeypatch):
    monkeypatch.setattr("doseexport.aws.dynamodb.table.time.sleep", lambda _seconds: None)


@pytest.mark.usefixtures("_no_pauses")
def test_transaction_that_conflicts_is_repeated():
    client = Scripted(
        {}, cancelled("None", "TransactionConflict"), cancelled("TransactionConflict", "None"), {}
    )
    assert make_exports(client).create(make_new(), limit=1) is not None
    assert client.answers == []


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_that_is_throttled_is_repeated(code):
    client = Scripted({}, cancelled("None", code), cancelled(code, "TransactionConflict"), {})
    assert make_exports(client).create(make_new(), limit=1) is not None
    assert client.answers == []


@pytest.mark.usefixtures("_no_pauses")
def test_update_that_conflicts_is_repeated():
    client = Scripted(refused("TransactionConflictException"), refused("ConditionalCheckFailedException"))
    assert make_exports(client).beat("x" * 32, 1, Progress(), NOW) is None
    assert client.answers == []


@pytest.mark.usefixtures("_no_pauses")
def test_condition_that_fails_is_not_repeated():
    full = {"Item": {"active": {"SS": ["another"]}}}
    client = Scripted(full, cancelled("ConditionalCheckFailed", "TransactionConflict"), {})
    assert make_exports(client).create(make_new(), limit=1) is None


@pytest.mark.usefixtures("_no_pauses")
def test_conflict_without_end_is_an_error():
    client = Scripted({}, *[cancelled("TransactionConflict")] * 20)
    with pytest.raises(ClientError):
        make_exports(client).create(make_new(), limit=1)


def test_throttling_and_denial_are_errors():
    with pytest.raises(ClientError):
        make_exports(Scripted(refused("AccessDeniedException"))).claim("x" * 32, 1, NOW)


@pytest.mark.usefixtures("_no_pauses")
def test_unprocessed_keys_are_requested_again():
    left = {"t": {"Keys": [{"pk": {"S": "b"}}]}}
    client = Scripted(
        {"Responses": {"t": [{"pk": {"S": "a"}}]}, "UnprocessedKeys": left},
        {"Responses": {"t": [{"pk": {"S": "b"}}]}},
    )
    assert set(Table(client, "t").get_many(["a", "b"])) == {"a", "b"}
