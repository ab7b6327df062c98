"""From EventBridge Scheduler: a schedule is due."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from doseexport.logs import configure_logging
from doseexport.occurrences import run_occurrence
from doseexport.services import connect_services


def handler(event: dict[str, str], _context: Any) -> dict[str, str]:
    """Run one occurrence, {"schedule_id", "scheduled_at"}; return and log what was done."""
    configure_logging()
    scheduled_at = datetime.fromisoformat(event["scheduled_at"])
    done = run_occurrence(connect_services(), event["schedule_id"], scheduled_at)
    extra = {"schedule_id": event["schedule_id"], "done": done}
    logging.getLogger("doseexport.occurrences").info("occurrence", extra=extra)
    return {"done": done}
