"""From the queue: run one attempt of one export."""

from __future__ import annotations

import logging
import os
from typing import Any

from doseexport.aws.clients import prepare_clients
from doseexport.aws.credentials import prepare_login
from doseexport.aws.logging import append_log_keys, describe_error, log_invocations
from doseexport.aws.services import connect_services
from doseexport.aws.sqs import Message, describe_message, parse_message
from doseexport.jobs.attempt import run_attempt

prepare_clients("dynamodb", "s3")
prepare_login(os.environ)


@log_invocations
def handler(event: dict[str, Any], context: Any) -> None:
    """Run the attempt and always return: its row says how it ended, and only the sweep tries again.

    A message that cannot be read raises, and so reaches the dead-letter queue. It is given back first, so
    that this takes seconds.
    """
    for record in event["Records"]:
        message = _read(record)
        append_log_keys(**describe_message(message))
        try:
            seconds_left = lambda: context.get_remaining_time_in_millis() / 1000  # noqa: E731
            run_attempt(connect_services(), message.export_id, message.attempt, seconds_left)
        except Exception as error:  # noqa: BLE001  the sweep handles it once the lease is over
            logger = logging.getLogger("doseexport.jobs.attempt")
            logger.error("run_failed", extra=describe_error(error))  # noqa: TRY400  .exception logs the text


def _read(record: dict[str, Any]) -> Message:
    try:
        return parse_message(record)
    except Exception:
        connect_services().queue.give_back(record.get("receiptHandle", ""))
        raise
