"""Every minute: repair what went wrong, once."""

import json
from datetime import timedelta
from itertools import chain, repeat

import pytest

from doseexport.aws.clients import ClientError
from doseexport.aws.dynamodb.table import Change
from doseexport.aws.sqs import Message
from doseexport.domain.export import Cleanup, Failure, State, make_object_key
from doseexport.jobs.sweep import NEVER_STARTED, WORKER_LOST, sweep_exports
from tests.component.answers import get_export
from tests.fakes import (
    ADA,
    NOW,
    RETENTION,
    TABLE,
    active_ids,
    add,
    aws_client,
    finish,
    list_keys,
    list_uploads,
    make_result,
    open_table,
    put_object,
    read_row,
    run,
    take_messages,
)


def sweep_after(services, clock, **amount):
    return sweep_exports(services, clock.move(**amount))


def bodies(services):
    return [json.loads(message["Body"]) for message in take_messages(services)]


def test_sweep_leaves_healthy_exports_unchanged(services, clock):
    services.exports.mark_sent(add(services).id, 1, NOW)
    run(services, add(services))
    finish(services, add(services))
    assert sweep_after(services, clock, seconds=59) == {}
    assert take_messages(services) == []


def test_sweep_requeues_export_of_silent_worker(services, clock):
    export = run(services, add(services))
    put_object(services, make_object_key(export.id, 1, "f.csv"))
    services.files.open_sink(make_object_key(export.id, 1, "g.csv"), lambda _: None)
    assert sweep_after(services, clock, seconds=120) == {"requeued": 1}
    queued = services.exports.load(export.id)
    assert (queued.state, queued.attempt, queued.sends) == (State.QUEUED, 2, 1)
    assert bodies(services) == [{"export_id": export.id, "attempt": 2}]
    assert list_keys(services) == list_uploads(services) == []
    assert sweep_after(services, clock, seconds=1) == {}


def test_sweep_fails_export_after_second_silence(services, clock):
    export = run(services, add(services))
    sweep_after(services, clock, seconds=120)
    run(services, services.exports.load(export.id))
    assert sweep_after(services, clock, seconds=120)["failed"] == 1
    failed = services.exports.load(export.id)
    assert (failed.state, failed.failure) == (State.FAILED, WORKER_LOST)
    assert active_ids(ADA) == set()


def test_sweep_quotes_reason_of_worker_that_released_twice(services, clock):
    export = add(services)
    for attempt in (1, 2):
        run(services, services.exports.load(export.id))
        services.exports.release(export.id, attempt, "DATABASE_UNREACHABLE", "It is away.", clock())
        sweep_exports(services, clock())
    shown = get_export(services, ADA, export.id)
    assert shown["error"] == {"code": "DATABASE_UNREACHABLE", "message": "It is away."}


@pytest.mark.parametrize(("reason", "seconds"), [(None, "0"), ("DATABASE_LOST", "120")])
def test_sweep_delays_retry_of_what_may_pass(services, clock, monkeypatch, reason, seconds):
    """A database that restarts is away for longer than the sweep takes to look."""
    export = run(services, add(services))
    if reason:
        services.exports.release(export.id, 1, reason, "It went away.", clock())
    sent, send = [], aws_client("sqs").send_message
    monkeypatch.setattr(
        aws_client("sqs"), "send_message", lambda **message: sent.append(message) or send(**message)
    )
    assert sweep_after(services, clock, minutes=2) == {"requeued": 1}
    assert [str(message.get("DelaySeconds", 0)) for message in sent] == [seconds]
    assert sweep_after(services, clock, seconds=119) == {}


def test_sweep_fails_second_silence_despite_a_first_reason(services, clock):
    export = run(services, add(services))
    services.exports.release(export.id, 1, "DATABASE_UNREACHABLE", "It is away.", clock())
    sweep_exports(services, clock())
    run(services, services.exports.load(export.id))
    sweep_after(services, clock, seconds=120)
    assert services.exports.load(export.id).failure == WORKER_LOST


def test_sweep_settles_abort_that_no_worker_answers(services, clock):
    export = run(services, add(services))
    put_object(services, make_object_key(export.id, 1, "f.csv"))
    services.exports.request_abort(export.id, ADA, NOW)
    assert sweep_after(services, clock, seconds=119) == {}
    assert sweep_after(services, clock, seconds=1) == {"aborted": 1}
    assert services.exports.load(export.id).state is State.ABORTED
    assert list_keys(services) == []
    assert active_ids(ADA) == set()


def test_sweep_resends_unsent_message_after_a_minute(services, clock):
    export = add(services)
    assert sweep_after(services, clock, seconds=59) == {}
    assert sweep_after(services, clock, seconds=1) == {"resent": 1}
    assert bodies(services) == [{"export_id": export.id, "attempt": 1}]
    assert sweep_after(services, clock, seconds=60) == {}


def test_sweep_resends_lost_message_until_half_an_hour_has_passed(services, clock):
    export = add(services)
    services.exports.mark_sent(export.id, 1, NOW)
    for _ in range(14):
        assert sweep_after(services, clock, seconds=119) == {}
        assert sweep_after(services, clock, seconds=1) == {"resent": 1}
        assert bodies(services) == [{"export_id": export.id, "attempt": 1}]
    assert sweep_after(services, clock, minutes=2) == {"failed": 1}
    assert services.exports.load(export.id).failure == NEVER_STARTED
    assert active_ids(ADA) == set()
    assert clock() - NOW == timedelta(minutes=30)


def test_sweep_takes_long_queue_for_no_loss(services, clock):
    export = add(services)
    services.exports.mark_sent(export.id, 1, NOW)
    services.queue.send(Message(export.id, 1), ADA.id)
    assert sweep_after(services, clock, hours=5) == {}


@pytest.mark.parametrize("sends", [0, 1])
def test_sweep_fails_export_that_waited_a_day_in_any_queue(services, clock, monkeypatch, sends):
    def fail(**_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessage")

    export = add(services)
    if sends:
        services.exports.mark_sent(export.id, 1, NOW)
        services.queue.send(Message(export.id, 1), ADA.id)  # the queue has no reader
    monkeypatch.setattr(aws_client("sqs"), "send_message", fail)
    sweep_after(services, clock, seconds=86_399)
    assert services.exports.load(export.id).state is State.QUEUED
    assert sweep_after(services, clock, seconds=1) == {"failed": 1}
    assert services.exports.load(export.id).failure == NEVER_STARTED
    assert active_ids(ADA) == set()


def test_sweep_gives_second_attempt_its_two_minutes_even_after_a_day(services, clock):
    export = add(services)
    clock.move(days=1)
    run(services, export)
    assert sweep_after(services, clock, minutes=2) == {"requeued": 1}
    assert sweep_after(services, clock, seconds=119) == {}
    assert services.exports.load(export.id).state is State.QUEUED


def test_sweep_removes_expired_file_for_good(services, clock):
    export = finish(services, add(services))
    assert sweep_after(services, clock, seconds=RETENTION.total_seconds() - 1) == {}
    assert list_keys(services)
    assert sweep_after(services, clock, seconds=1) == {"expired": 1}
    assert list_keys(services) == []
    assert "filters" not in read_row(f"EXPORT#{export.id}")
    assert sweep_after(services, clock, seconds=60) == {}


def test_sweep_does_not_read_files_that_cannot_have_expired(services, clock, monkeypatch):
    old = finish(services, add(services))
    clock.move(days=15)
    finish(services, add(services))
    clock.move(days=15)
    read, load_many = [], type(services.exports).load_many
    monkeypatch.setattr(
        type(services.exports),
        "load_many",
        lambda self, export_ids: read.extend(export_ids) or load_many(self, export_ids),
    )
    assert sweep_exports(services, clock()) == {"expired": 1}
    assert read == [old.id]


@pytest.mark.parametrize("days", [1, 29, 30, 31, 90])
def test_sweep_removes_file_at_end_of_its_retention(services, clock, days):
    finish(services, add(services, retention_days=days))
    assert sweep_after(services, clock, days=days, microseconds=-1) == {}
    assert sweep_after(services, clock, microseconds=1) == {"expired": 1}
    assert list_keys(services) == []


def test_sweep_removes_file_of_shortened_retention_before_older_ones(services, clock):
    older, cut = finish(services, add(services)), finish(services, add(services))
    assert services.exports.set_retention(cut.id, 2, ADA, clock.move(days=1))
    assert sweep_after(services, clock, days=1, microseconds=-1) == {}
    assert sweep_after(services, clock, microseconds=1) == {"expired": 1}
    assert list_keys(services) == [older.result.key]


def test_sweep_leaves_file_of_longer_retention_until_then(services, clock):
    export = finish(services, add(services))
    assert services.exports.set_retention(export.id, 90, ADA, NOW)
    assert sweep_after(services, clock, days=90, microseconds=-1) == {}
    assert list_keys(services) == [export.result.key]
    assert sweep_after(services, clock, microseconds=1) == {"expired": 1}


def test_sweep_expires_row_without_retention_as_promised(services, clock):
    """It has no retention_days; its expiry is all that the sweep looks at."""
    export = finish(services, add(services))
    open_table(TABLE).update(Change(f"EXPORT#{export.id}", "REMOVE #retention_days"))
    assert services.exports.load(export.id).retention_days is None
    assert sweep_after(services, clock, days=RETENTION.days, microseconds=-1) == {}
    assert sweep_after(services, clock, microseconds=1) == {"expired": 1}
    assert list_keys(services) == []


def test_sweep_after_days_makes_up_for_all(services, clock):
    for days in (1, 2, 4, 8):
        finish(services, add(services, retention_days=days))
    contested = services.exports.requeue(
        run(services, add(services, retention_days=1)).id, 1, clock.move(minutes=2)
    )
    finish(services, contested)
    clock.move(days=5)
    assert sweep_exports(services, clock()) == {"cleaned": 1, "expired": 4}
    (left,) = list_keys(services)
    assert sweep_after(services, clock, minutes=1) == {}
    assert list_keys(services) == [left]


def test_sweep_leaves_file_whose_retention_is_extended_meanwhile(services, clock, monkeypatch):
    """The sweep has read that the time is over; before it wrote, the time was moved."""
    export = finish(services, add(services, retention_days=1))
    stale = services.exports.load(export.id)
    assert services.exports.set_retention(export.id, 7, ADA, clock.move(hours=23))
    clock.move(hours=1)
    monkeypatch.setattr(type(services.indexes), "list_expired", lambda *_: [[export.id]])
    monkeypatch.setattr(type(services.exports), "load_many", lambda *_: [stale])
    assert sweep_exports(services, clock()) == {}
    assert list_keys(services) == [export.result.key]


def test_sweep_retries_deletion_of_expired_file(services, clock, monkeypatch):
    finish(services, add(services, retention_days=1))
    with monkeypatch.context() as patch:
        patch.setattr(aws_client("s3"), "delete_objects", lambda **_: {"Errors": [{"Key": "k"}]})
        assert sweep_after(services, clock, days=1) == {"expired": 1, "broken": 1}
    assert list_keys(services)
    assert sweep_after(services, clock, minutes=1) == {"cleaned": 1}
    assert list_keys(services) == []
    assert sweep_after(services, clock, minutes=1) == {}


def test_sweep_continues_past_a_broken_row(services, clock, caplog):
    broken = add(services, filters={"study_description": "Secret"})
    open_table(TABLE).update(Change(f"EXPORT#{broken.id}", "REMOVE #fingerprint"))
    silent = run(services, add(services))
    counts = sweep_after(services, clock, seconds=120)
    assert counts == {"broken": 1, "requeued": 1}
    assert services.exports.load(silent.id).attempt == 2
    (record,) = [record for record in caplog.records if record.message == "sweep_failed"]
    assert record.export_id == broken.id
    assert "Secret" not in str(vars(record))


def test_sweep_repairs_failed_send_after_a_minute(services, clock, monkeypatch):
    export = run(services, add(services))

    def fail(**_):
        raise ClientError({"Error": {"Code": "Throttled"}}, "SendMessage")

    with monkeypatch.context() as patch:
        patch.setattr(aws_client("sqs"), "send_message", fail)
        assert sweep_after(services, clock, seconds=120) == {"broken": 1}
    assert services.exports.load(export.id).attempt == 2
    assert sweep_after(services, clock, seconds=60) == {"resent": 1}
    assert bodies(services) == [{"export_id": export.id, "attempt": 2}]


def test_sweep_skips_index_entry_without_row(services, clock, monkeypatch):
    add(services)
    monkeypatch.setattr(type(services.exports), "load_many", lambda *_: [])
    assert sweep_after(services, clock, hours=1) == {}


@pytest.mark.parametrize("lost_to", ["beat", "complete"])
def test_sweep_loses_to_worker_that_comes_back_in_time(services, clock, monkeypatch, lost_to):
    """The sweep read an old lease; before it wrote, the worker did."""
    export = run(services, add(services))
    stale = services.exports.load(export.id)
    now = clock.move(seconds=120)
    if lost_to == "beat":
        services.exports.beat(export.id, 1, export.progress, now)
    else:
        services.exports.complete(export.id, 1, make_result(export), now, RETENTION)
    with monkeypatch.context() as patch:
        patch.setattr(type(services.exports), "load_many", lambda *_: [stale])
        assert sweep_exports(services, now) == {}
    assert services.exports.load(export.id).state is not State.QUEUED
    assert take_messages(services) == []


def test_sweep_leaves_export_of_worker_whose_clock_is_slow(services, clock):
    export = add(services)
    services.exports.claim(export.id, 1, clock() - timedelta(seconds=90))
    assert sweep_after(services, clock, seconds=29) == {}
    services.exports.beat(export.id, 1, export.progress, clock() - timedelta(seconds=90))
    assert sweep_after(services, clock, seconds=29) == {}
    assert services.exports.load(export.id).attempt == 1


def test_sweep_continues_past_a_batch_that_dynamodb_does_not_read(services, clock, monkeypatch):
    expired = finish(services, add(services, retention_days=1))
    clock.move(days=1)
    silent = run(services, add(services))
    clock.move(minutes=2)
    load_many = type(services.exports).load_many

    def load(self, export_ids):
        if silent.id in export_ids:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "BatchGetItem")
        return load_many(self, export_ids)

    with monkeypatch.context() as patch:
        patch.setattr(type(services.exports), "load_many", load)
        patch.setattr("doseexport.jobs.sweep.BATCH", 1)
        assert sweep_exports(services, clock()) == {"broken": 1, "expired": 1}
    assert services.exports.load(expired.id).cleanup is None
    assert sweep_exports(services, clock()) == {"requeued": 1}


def test_sweep_handles_export_once_that_two_indexes_show(services, clock, monkeypatch):
    """An index shows where an export was, and another where it is now."""
    export = run(services, add(services))
    clock.move(minutes=2)
    indexes = type(services.indexes)
    list_for_cleanup = indexes.list_for_cleanup
    monkeypatch.setattr(indexes, "list_for_cleanup", lambda self, _: list_for_cleanup(self, Cleanup.ACTIVE))
    assert sweep_exports(services, clock()) == {"requeued": 1}
    assert bodies(services) == [{"export_id": export.id, "attempt": 2}]


def test_sweep_loses_to_claim_made_meanwhile(services):
    export = run(services, add(services))
    assert not services.exports.give_up(export.id, 1, Failure("X", "Y."), NOW + timedelta(seconds=30))


def add_orphans(services, count):
    """Exports that ended without a file, as one would leave them who aborts many that run."""
    exports = [add(services) for _ in range(count)]
    for export in exports:
        run(services, export)
        services.exports.request_abort(export.id, ADA, services.clock())
        services.exports.settle_aborted(export.id, export.attempt, services.clock())


def make_time_for(exports):
    """A Lambda's time that is over once the first batch has handled so many exports."""
    looks = chain(repeat(50.0, 1 + exports), repeat(5.0))
    return lambda: next(looks)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("doseexport.jobs.sweep.BATCH", 10)


@pytest.mark.usefixtures("small_batches")
def test_sweep_deletes_an_expired_file_before_many_orphans(services, clock):
    export = finish(services, add(services))
    clock.move(days=31)
    add_orphans(services, 25)
    counts = sweep_exports(services, clock(), make_time_for(10))
    assert (counts["expired"], counts["left"]) == (1, 16)
    assert list_keys(services) == []
    assert services.exports.load(export.id).cleanup is None


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("handled", [10, 6])
def test_sweep_goes_on_where_the_last_one_stopped(services, clock, handled):
    add_orphans(services, 25)
    assert sweep_exports(services, clock(), make_time_for(handled)) == {"left": 25 - handled}
    read = []
    delete = services.files.delete_export
    services.files.delete_export = lambda *given, **options: read.append(given) or delete(*given, **options)
    assert sweep_exports(services, clock()) == {}
    assert len(read) == 25 - handled
    clock.move(minutes=17)
    assert sweep_exports(services, clock()) == {"cleaned": 25}
    assert sweep_exports(services, clock()) == {}
