"""An error ends as FAILED with a reason, or is tried again. None is silent, and no half file is left."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from local.stack.service import Service

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold, PointWorker


@pytest.fixture
def queue_left_empty(backstage: Backstage) -> Iterator[None]:
    """Remove unacknowledged messages afterwards: they would stay for an hour and a half."""
    until(lambda: backstage.waiting() == 0)
    yield
    backstage.client("sqs").purge_queue(QueueUrl=backstage.queue)


@pytest.mark.usefixtures("queue_left_empty")
def test_killed_worker_is_noticed_and_replaced(
    physicist: Service, backstage: Backstage, database_held: Hold
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-xlsx").json
        until(lambda: backstage.queries(requested["id"]))
        backstage.kill_workers()
        # PostgreSQL detects without help that its client is gone.
        until(lambda: not backstage.queries(requested["id"]), seconds=10)
        assert physicist.get(requested["id"])["state"] == "RUNNING"
        backstage.end_lease(requested["id"])
        backstage.sweep()
        queued = physicist.get(requested["id"])
        assert (queued["state"] in {"QUEUED", "RUNNING"}, queued["attempt"]) == (True, 2)
    export = physicist.wait(requested["id"])
    assert (export["state"], export["attempt"]) == ("COMPLETED", 2)
    assert {key.split("/")[2] for key in backstage.objects(requested["id"])} == {"2"}


@pytest.mark.usefixtures("queue_left_empty")
def test_worker_killed_twice_fails_the_export(
    physicist: Service, backstage: Backstage, database_held: Hold
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-xlsx").json
        for attempt in (1, 2):
            until(lambda: backstage.queries(requested["id"]))
            assert physicist.get(requested["id"])["attempt"] == attempt
            backstage.kill_workers()
            until(lambda: not backstage.queries(requested["id"]), seconds=10)
            backstage.end_lease(requested["id"])
            backstage.sweep()
    export = physicist.wait(requested["id"])
    assert (export["state"], export["error"]["code"]) == ("FAILED", "WORKER_LOST")
    assert backstage.objects(requested["id"]) == []


def fails(service: Service, **request: object) -> tuple[str, str]:
    export = service.wait(service.request_export(**({"type": "ct-csv"} | request)).json["id"])
    assert export["state"] == "FAILED"
    assert service.call("POST", f"/exports/{export['id']}/download").status == 409
    return export["error"]["code"], export["error"]["message"]


def test_wrong_password_is_reported(physicist: Service, sample_url: str, worker_reads: PointWorker) -> None:
    worker_reads(sample_url.replace(":", ":not-", 2).replace("not-//", "//", 1))
    code, message = fails(physicist)
    assert code.startswith("DATABASE")
    assert message.endswith(".")
    assert "not-" not in message


def test_database_without_openrem_is_reported(
    physicist: Service, empty_url: str, worker_reads: PointWorker
) -> None:
    worker_reads(empty_url)
    code, message = fails(physicist)
    assert code == "SCHEMA_UNKNOWN"
    assert "OpenREM" in message


def test_database_without_a_table_is_reported(
    physicist: Service,
    sample_url: str,
    make_database: Callable[..., str],
    worker_reads: PointWorker,
) -> None:
    url = make_database(sample_url)
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE remapp_ctirradiationeventdata RENAME TO elsewhere")
    worker_reads(url)
    code, _ = fails(physicist)
    assert code == "SCHEMA_UNKNOWN"


def test_unreachable_database_is_tried_again_and_then_reported(
    physicist: Service, backstage: Backstage, sample_url: str, worker_reads: PointWorker
) -> None:
    worker_reads(sample_url.replace("127.0.0.1", "127.0.0.2"))
    requested = physicist.request_export(type="ct-csv").json["id"]
    export = backstage.sweep_until_settled(physicist, requested)
    assert export["error"]["code"].startswith("DATABASE")
    assert export["attempt"] == 2


def test_no_matching_study_is_reported(physicist: Service) -> None:
    code, message = fails(physicist, filters={"date_from": "2199-01-01"})
    assert code == "NO_STUDIES"
    assert message.endswith(".")


def test_export_after_a_failure_works(physicist: Service) -> None:
    fails(physicist, filters={"date_from": "2199-01-01"})
    assert physicist.wait(physicist.request_export(type="ct-csv").json["id"])["state"] == "COMPLETED"


@pytest.mark.usefixtures("queue_left_empty")
def test_unreadable_message_becomes_a_dead_letter_and_harms_no_export(
    physicist: Service, backstage: Backstage
) -> None:
    sqs, dead = backstage.client("sqs"), backstage.dead_letters
    sqs.send_message(QueueUrl=backstage.queue, MessageBody="not ours")
    assert physicist.wait(physicist.request_export(type="ct-csv").json["id"])["state"] == "COMPLETED"
    (letter,) = until(lambda: sqs.receive_message(QueueUrl=dead).get("Messages", []), seconds=30)
    assert letter["Body"] == "not ours"
    assert backstage.waiting() == 0
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])


def test_dead_letter_sent_back_does_no_harm(physicist: Service, backstage: Backstage) -> None:
    sqs = backstage.client("sqs")
    export = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    for attempt in (1, 2):
        body = json.dumps({"export_id": export["id"], "attempt": attempt})
        sqs.send_message(QueueUrl=backstage.dead_letters, MessageBody=body)
    for letter in until(
        lambda: sqs.receive_message(QueueUrl=backstage.dead_letters, MaxNumberOfMessages=10)["Messages"]
    ):
        sqs.send_message(QueueUrl=backstage.queue, MessageBody=letter["Body"])
        sqs.delete_message(QueueUrl=backstage.dead_letters, ReceiptHandle=letter["ReceiptHandle"])
    until(lambda: backstage.waiting() == 0)
    assert physicist.get(export["id"]) == export
    assert len(backstage.objects(export["id"])) == 2
