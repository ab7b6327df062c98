"""The sweep removes what workers leave in the bucket while one can still be alive."""

from doseexport.actions.exports import delete_export
from doseexport.aws.clients import ClientError
from doseexport.domain.export import Cleanup, State, make_object_key
from doseexport.jobs.sweep import sweep_exports
from tests.fakes import (
    ADA,
    NOW,
    RETENTION,
    add,
    aws_client,
    finish,
    list_keys,
    list_uploads,
    put_object,
    run,
)


def sweep_after(services, clock, **amount):
    return sweep_exports(services, clock.move(**amount))


def test_sweep_removes_leftovers_of_late_worker(services, clock):
    export = run(services, add(services))
    services.exports.fail(export.id, 1, "X", "Y.", NOW)
    assert sweep_after(services, clock, minutes=14) == {}
    put_object(services, make_object_key(export.id, 1, "late.csv"))
    assert sweep_after(services, clock, minutes=3) == {"cleaned": 1}
    assert list_keys(services) == []
    assert sweep_after(services, clock, minutes=1) == {}
    assert services.exports.get(export.id, clock()).state is State.FAILED


def test_sweep_removes_objects_of_deleted_export_whose_deletion_failed(services, clock, monkeypatch):
    export = finish(services, add(services))
    with monkeypatch.context() as patch:
        patch.setattr(aws_client("s3"), "delete_objects", lambda **_: {"Errors": [{"Key": "k"}]})
        delete_export(services, ADA, export.id)
    assert list_keys(services)
    sweep_after(services, clock, minutes=1)
    assert list_keys(services) == []
    assert sweep_after(services, clock, minutes=17) == {"cleaned": 1}


def test_sweep_cleans_export_deleted_long_after_its_end_once(services, clock):
    """Many may be deleted at once; no worker is left that could have any of them."""
    export = finish(services, add(services))
    clock.move(minutes=17)
    services.exports.delete(export.id, ADA, clock())
    assert sweep_after(services, clock, minutes=1) == {"cleaned": 1}
    assert list_keys(services) == []
    assert sweep_after(services, clock, minutes=1) == {}


def take_over(services, clock):
    """An export that a second attempt completed; its first worker may still live."""
    export = run(services, add(services))
    sweep_after(services, clock, minutes=2)
    return finish(services, services.exports.load(export.id))


def leave_behind(services, export):
    """What a worker leaves that finishes its upload and is killed before it hears that it lost."""
    put_object(services, make_object_key(export.id, 1, "late.csv"))
    services.files.open_sink(make_object_key(export.id, 1, "later.csv"), lambda _: None)


def test_sweep_cleans_beside_the_file_while_lost_worker_can_live(services, clock):
    export = take_over(services, clock)
    leave_behind(services, export)
    assert sweep_after(services, clock, minutes=1) == {}
    assert list_keys(services) == [export.result.key]
    leave_behind(services, export)
    assert sweep_after(services, clock, minutes=16) == {"cleaned": 1}
    assert list_keys(services) == [export.result.key]
    assert list_uploads(services) == []
    assert services.exports.load(export.id).cleanup is Cleanup.RETAINED
    assert sweep_after(services, clock, minutes=1) == {}


def test_sweep_expires_superseded_file_like_any_other(services, clock):
    export = take_over(services, clock)
    leave_behind(services, export)
    sweep_after(services, clock, seconds=RETENTION.total_seconds())
    sweep_after(services, clock, minutes=1)
    assert list_keys(services) == list_uploads(services) == []
    assert services.exports.load(export.id).cleanup is None


def test_sweep_cleans_beside_superseded_file_that_was_deleted(services, clock):
    export = take_over(services, clock)
    delete_export(services, ADA, export.id)
    leave_behind(services, export)
    sweep_after(services, clock, minutes=17)
    assert list_keys(services) == list_uploads(services) == []
    assert services.exports.load(export.id).cleanup is None


def test_sweep_cleans_leftovers_though_sending_or_listing_failed(services, clock, monkeypatch):
    def fail(**_):
        raise ClientError({"Error": {"Code": "Throttled"}}, "SendMessage")

    export = run(services, add(services))
    leave_behind(services, export)
    with monkeypatch.context() as patch:
        patch.setattr(aws_client("sqs"), "send_message", fail)
        assert sweep_after(services, clock, minutes=2) == {"broken": 1}
    finish(services, services.exports.load(export.id))
    sweep_after(services, clock, minutes=17)
    assert list_keys(services) == [make_object_key(export.id, 2, "ct.csv")]
    assert list_uploads(services) == []


def test_sweep_has_nothing_to_clean_beside_a_first_attempt(services):
    assert finish(services, add(services)).cleanup is Cleanup.RETAINED
