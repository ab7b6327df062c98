"""The queue between asking and running: messages of ids, nothing that names a patient."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.domain.export import is_id

NO_DELAY = timedelta(0)

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """Run this attempt of this export."""

    export_id: str
    attempt: int


class Queue:
    """The queue of attempts to run."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, export_id: str, attempt: int, owner: str, delay: timedelta = NO_DELAY) -> None:
        """Send an attempt to the workers, each owner in turn, to be run after `pause` (minutes at most).

        ClientError or BotoCoreError if SQS refuses.
        """
        body = json.dumps({"export_id": export_id, "attempt": attempt})
        options = {"DelaySeconds": int(delay.total_seconds())} if delay else {}
        # A group makes a standard queue fair between owners; it orders nothing.
        self._client.send_message(QueueUrl=self._url, MessageBody=body, MessageGroupId=owner, **options)

    def give_back(self, receipt: str) -> None:
        """Let a received message be received again at once; where SQS is out of reach, it waits longer."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        except (ClientError, BotoCoreError) as error:
            _LOGGER.warning("give_back_failed", extra=describe_error(error))

    def is_empty(self) -> bool:
        """Whether no message waits, as far as SQS knows: its counts lag by about a minute."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return all(int(answer["Attributes"].get(name, 0)) == 0 for name in names)


def parse_message(record: Mapping[str, Any]) -> Message:
    """Return the message in an SQS record; ValueError if it is none of ours."""
    body = json.loads(record["body"])
    if not isinstance(body, dict) or not is_id(body.get("export_id")):
        raise ValueError("the message names no export")
    attempt = body.get("attempt")
    if not isinstance(attempt, int) or isinstance(attempt, bool) or attempt < 1:
        raise ValueError("the message names no attempt")
    return Message(body["export_id"], attempt)
