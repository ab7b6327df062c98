"""From the queue: run one attempt of one export."""

from __future__ import annotations

import logging
from typing import Any

from doseexport.aws.logging import configure_logging, describe_error
from doseexport.aws.services import connect_services
from doseexport.aws.sqs import Message, parse_message
from doseexport.jobs.attempt import run_attempt


def handler(event: dict[str, Any], context: Any) -> None:
    """Run the attempt and return, no matter how it ends: its row says how, and only the sweep tries again.

    A message that cannot be read raises, and so reaches the dead-letter queue. It is given back first, so
    that this takes seconds.
    """
    configure_logging()
    for record in event["Records"]:
        message = _read(record)
        try:
            seconds_left = lambda: context.get_remaining_time_in_millis() / 1000  # noqa: E731
            run_attempt(connect_services(), message.export_id, message.attempt, seconds_left)
        except Exception as error:  # noqa: BLE001  the sweep handles it once the lease is over
            extra = {"export_id": message.export_id, **describe_error(error)}
            logging.getLogger("doseexport.run").error("run_failed", extra=extra)  # noqa: TRY400


def _read(record: dict[str, Any]) -> Message:
    try:
        return parse_message(record)
    except Exception:
        connect_services().queue.give_back(record.get("receiptHandle", ""))
        raise
