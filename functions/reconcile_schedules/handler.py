"""Every five minutes: place schedules, follow their exports, run what was missed."""

from __future__ import annotations

import logging
from typing import Any

from doseexport.aws.logging import configure_logging
from doseexport.aws.services import connect_services
from doseexport.jobs.reconcile_schedules import reconcile_schedules, require_all_reconciled


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Look after every schedule once; return and log how often each thing was done."""
    configure_logging()
    counts = dict(reconcile_schedules(connect_services()))
    logging.getLogger("doseexport.jobs.reconcile_schedules").info("reconciled", extra={"counts": counts})
    require_all_reconciled(counts)
    return counts
