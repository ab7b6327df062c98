"""The queue from requested exports to workers. Its messages hold ids only, nothing that names a patient."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error, read_correlation_id
from doseexport.domain.export import is_id

NO_DELAY = timedelta(0)

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that makes a worker run one attempt of an export."""

    export_id: str
    attempt: int
    correlation_id: str | None = None


class Queue:
    """The queue of attempts to run."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: Message, owner: str, delay: timedelta = NO_DELAY) -> None:
        """Send a message to the workers, to be run after `delay` (at most 15 minutes).

        Raise ClientError or BotoCoreError if SQS refuses or cannot be reached.
        """
        options = {"DelaySeconds": int(delay.total_seconds())} if delay else {}
        # On a standard queue the group id makes the queue fair between owners. It does not order messages.
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps(describe_message(message)),
            MessageGroupId=owner,
            **options,
        )

    def give_back(self, receipt: str) -> None:
        """Make a received message visible again at once. If that fails, its timeout does it later."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        except (ClientError, BotoCoreError) as error:
            _LOGGER.warning("give_back_failed", extra=describe_error(error))

    def is_empty(self) -> bool:
        """Return whether no message waits. The counts of SQS lag by about a minute."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return all(int(answer["Attributes"].get(name, 0)) == 0 for name in names)


def describe_message(message: Message) -> dict[str, str | int]:
    """Return what a message's body and the log lines of its worker contain."""
    body: dict[str, str | int] = {"export_id": message.export_id, "attempt": message.attempt}
    correlation = {} if message.correlation_id is None else {"correlation_id": message.correlation_id}
    return {**body, **correlation}


def parse_message(record: Mapping[str, Any]) -> Message:
    """Return the message in an SQS record. Raise ValueError if the record holds none."""
    body = json.loads(record["body"])
    if not isinstance(body, dict) or not is_id(body.get("export_id")):
        raise ValueError("the message names no export")
    attempt = body.get("attempt")
    if not isinstance(attempt, int) or isinstance(attempt, bool) or attempt < 1:
        raise ValueError("the message names no attempt")
    return Message(body["export_id"], attempt, read_correlation_id(body.get("correlation_id")))
