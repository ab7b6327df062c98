"""A listener to the service's notifications."""

import json
from typing import Any

from tests.journey.backstage import Backstage


class Listener:
    """Two queues: one hears the bus, one the topic."""

    def __init__(self, backstage: Backstage) -> None:
        self._sqs = backstage.client("sqs")
        self.bus, self.topic = (self._make_queue(f"listens-to-{what}") for what in ("bus", "topic"))
        events = backstage.client("events")
        events.put_rule(Name="listener", EventPattern=json.dumps({"source": ["doseexport"]}))
        events.put_targets(Rule="listener", Targets=[{"Id": "1", "Arn": self._find_arn(self.bus)}])
        backstage.client("sns").subscribe(
            TopicArn=backstage.stack.resource("NotificationTopic"),
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

    def list_events(self, export_id: str) -> list[str]:
        """The kinds of an export's notifications, in the order in which it happened."""
        details = [event["detail"] for event in self.hear(self.bus)]
        # A standard queue may change the order; the times do not.
        mine = sorted((one["time"], one["event"]) for one in details if one["export_id"] == export_id)
        return [kind for _, kind in mine]
