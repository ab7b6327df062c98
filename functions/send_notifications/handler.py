"""From the trail's stream: a notification of everything that happens to an export."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from doseexport.aws.logging import configure_logging
from doseexport.aws.notifier import Notifier


@cache
def _connect() -> Notifier:
    return Notifier.from_environment(os.environ)


def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:
    """Send the notifications of a batch; return from which record on the stream shall come again."""
    configure_logging()
    unsent = _connect().send_all(event["Records"])
    return {"batchItemFailures": [] if unsent is None else [{"itemIdentifier": unsent}]}
