"""Every five minutes: bring EventBridge Scheduler up to date, follow exports, run missed occurrences."""

from __future__ import annotations

import logging
from typing import Any

from doseexport.aws.clients import prepare_clients
from doseexport.aws.logging import log_invocations
from doseexport.aws.services import connect_services
from doseexport.jobs.reconcile_schedules import raise_if_broken, reconcile_schedules

prepare_clients("dynamodb", "sqs", "cognito-idp", "scheduler")


@log_invocations
def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Handle every schedule once. Return and log how often each thing was done."""
    counts = dict(reconcile_schedules(connect_services()))
    logging.getLogger("doseexport.jobs.reconcile_schedules").info("reconciled", extra={"counts": counts})
    raise_if_broken(counts)
    return counts
