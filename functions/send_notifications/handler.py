"""From the audit table's stream: announce everything that happens to an export."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from doseexport.aws.clients import prepare_clients
from doseexport.aws.logging import log_invocations
from doseexport.aws.notifier import Notifier

prepare_clients("events", "sns")


@cache
def _connect() -> Notifier:
    return Notifier.from_environment(os.environ)


@log_invocations
def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:
    """Send the notifications of a batch. Return the record from which the stream must repeat it."""
    unsent = _connect().send_all(event["Records"])
    return {"batchItemFailures": [] if unsent is None else [{"itemIdentifier": unsent}]}
