"""Who listens hears of every change, in order, and is mailed of the end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from local.service import Service
from tests.journey.backstage import Backstage, until


class Listener:
    """Two queues: one hears the bus, one the topic."""

    def __init__(self, backstage: Backstage) -> None:
        self._sqs = backstage.client("sqs")
        self.bus, self.topic = (self._make_queue(f"listens-to-{what}") for what in ("bus", "topic"))
        events = backstage.client("events")
        events.put_rule(Name="listener", EventPattern=json.dumps({"source": ["doseexport"]}))
        events.put_targets(Rule="listener", Targets=[{"Id": "1", "Arn": self._find_arn(self.bus)}])
        backstage.client("sns").subscribe(
            TopicArn=backstage.stack.resource("NoticeTopic"),
            Protocol="sqs",
            Endpoint=self._find_arn(self.topic),
        )
        self._heard: dict[str, list[Any]] = {self.bus: [], self.topic: []}

    def _make_queue(self, name: str) -> str:
        anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
        url: str = self._sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
        return url

    def _find_arn(self, queue: str) -> str:
        found = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def hear(self, queue: str) -> list[Any]:
        """Everything heard so far, as JSON."""
        while found := self._sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self._heard[queue].append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return self._heard[queue]


@pytest.fixture(scope="module")
def listener(backstage: Backstage) -> Iterator[Listener]:
    yield Listener(backstage)
    backstage.client("events").remove_targets(Rule="listener", Ids=["1"])
    backstage.client("events").delete_rule(Name="listener")


def kinds_of(listener: Listener, export_id: str) -> list[str]:
    details = [event["detail"] for event in listener.hear(listener.bus)]
    # A standard queue may change the order; the times do not.
    mine = sorted((one["time"], one["kind"]) for one in details if one["export_id"] == export_id)
    return [kind for _, kind in mine]


def test_the_whole_life_of_an_export_is_told(listener: Listener, physicist: Service) -> None:
    export = physicist.wait(physicist.ask(type="ct-csv").json["id"])
    assert physicist.call("POST", f"/exports/{export['id']}/download").status == 200
    assert physicist.call("DELETE", f"/exports/{export['id']}").status == 204
    story = ["requested", "started", "completed", "link_issued", "deleted"]
    until(lambda: kinds_of(listener, export["id"]) == story or None)
    until(lambda: [mail for mail in listener.hear(listener.topic) if export["id"] in mail["Message"]])


def test_a_failure_is_mailed_by_its_code(listener: Listener, physicist: Service) -> None:
    asked = physicist.ask(type="ct-csv", filters={"date_from": "2199-01-01", "acquisition_protocol": "Qqz"})
    export = physicist.wait(asked.json["id"])
    (mail,) = until(lambda: [one for one in listener.hear(listener.topic) if export["id"] in one["Message"]])
    assert "NO_STUDIES" in mail["Message"]
    assert "Qqz" not in json.dumps([mail, listener.hear(listener.bus)])
