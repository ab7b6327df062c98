"""The queue carries ids, each owner in turn."""

import json

import pytest

from doseexport.queue import Message, parse_message
from standins import ADA, make_new, take_messages

ID = make_new().id


def test_a_message_carries_ids_and_the_owner_only_as_its_group(services):
    services.queue.send(ID, 2, ADA.id)
    (message,) = take_messages(services)
    assert json.loads(message["Body"]) == {"export_id": ID, "attempt": 2}
    assert message["Attributes"]["MessageGroupId"] == ADA.id
    assert parse_message({"body": message["Body"]}) == Message(ID, 2)


def test_the_queue_knows_whether_messages_wait(services):
    assert services.queue.is_empty()
    services.queue.send(ID, 1, ADA.id)
    assert not services.queue.is_empty()
    take_messages(services)
    assert services.queue.is_empty()


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
def test_what_is_no_message_of_ours_raises(body):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_message({"body": body})
