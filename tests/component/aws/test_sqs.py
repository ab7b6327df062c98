"""The queue carries ids and serves the owners in turn."""

import json

import pytest

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.sqs import Message, parse_message
from doseexport.domain.export import make_id
from tests.fakes import ADA, aws_client, take_messages

ID = make_id("ada", "a key")


def test_message_holds_ids_and_the_owner_only_as_its_group(services):
    services.queue.send(Message(ID, 2), ADA.id)
    (message,) = take_messages(services)
    assert json.loads(message["Body"]) == {"export_id": ID, "attempt": 2}
    assert message["Attributes"]["MessageGroupId"] == ADA.id
    assert parse_message({"body": message["Body"]}) == Message(ID, 2)


def test_queue_reports_whether_messages_wait(services):
    assert services.queue.is_empty()
    services.queue.send(Message(ID, 1), ADA.id)
    assert not services.queue.is_empty()
    take_messages(services)
    assert services.queue.is_empty()


def receive(services):
    client, url = aws_client("sqs"), services.settings.queue_url
    return client.receive_message(QueueUrl=url).get("Messages", [])


def test_message_given_back_is_visible_at_once(services):
    services.queue.send(Message(ID, 1), ADA.id)
    (message,) = receive(services)
    assert receive(services) == []
    services.queue.give_back(message["ReceiptHandle"])
    (again,) = receive(services)
    assert again["Body"] == message["Body"]


@pytest.mark.parametrize("error", [ClientError({"Error": {"Code": "AccessDenied"}}, "X"), BotoCoreError()])
def test_message_given_back_to_unreachable_queue_waits_longer(services, monkeypatch, caplog, error):
    def fail(**_):
        raise error

    monkeypatch.setattr(aws_client("sqs"), "change_message_visibility", fail)
    services.queue.give_back("receipt")
    assert "give_back_failed" in caplog.messages


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{}",
        json.dumps({"export_id": "short", "attempt": 1}),
        json.dumps({"export_id": ID}),
        json.dumps({"export_id": ID, "attempt": 0}),
        json.dumps({"export_id": ID, "attempt": True}),
        json.dumps({"export_id": ID, "attempt": "1"}),
        json.dumps({"export_id": [ID], "attempt": 1}),
    ],
)
def test_message_that_is_foreign_raises(body):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_message({"body": body})


@pytest.mark.parametrize("correlation_id", ["JKJaXmPLvHcESHA=", None])
def test_message_carries_correlation_id(services, correlation_id):
    sent = Message(ID, 1, correlation_id)
    services.queue.send(sent, ADA.id)
    (message,) = take_messages(services)
    assert parse_message({"body": message["Body"]}) == sent


@pytest.mark.parametrize("foreign", [7, "", "SMITH JOHN", "x" * 65, ["x"]])
def test_message_with_foreign_correlation_id_is_read_without_it(foreign):
    body = json.dumps({"export_id": ID, "attempt": 1, "correlation_id": foreign})
    assert parse_message({"body": body}) == Message(ID, 1)
