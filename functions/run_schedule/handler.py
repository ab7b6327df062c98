"""From EventBridge Scheduler: a schedule is due."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from doseexport.aws.clients import prepare_clients
from doseexport.aws.logging import append_log_keys, log_invocations
from doseexport.aws.services import connect_services
from doseexport.jobs.occurrences import run_occurrence

prepare_clients("dynamodb", "sqs", "cognito-idp")

_LOGGER = logging.getLogger("doseexport.jobs.occurrences")


@log_invocations
def handler(event: dict[str, str], _context: Any) -> dict[str, str]:
    """Run the occurrence {"schedule_id", "scheduled_at"}. Return and log what was done."""
    schedule_id = event["schedule_id"]
    append_log_keys(schedule_id=schedule_id)
    done = run_occurrence(connect_services(), schedule_id, datetime.fromisoformat(event["scheduled_at"]))
    _LOGGER.info("occurrence", extra={"done": done})
    return {"done": done}
