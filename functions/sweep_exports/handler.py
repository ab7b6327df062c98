"""Every minute: requeue or fail lost exports, expire files and delete their objects."""

from __future__ import annotations

import logging
from typing import Any

from doseexport.aws.clients import prepare_clients
from doseexport.aws.logging import log_invocations
from doseexport.aws.services import connect_services
from doseexport.jobs.sweep import sweep_exports

prepare_clients("dynamodb", "s3", "sqs")


@log_invocations
def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """Sweep once. Return and log how often each thing was done."""
    services = connect_services()
    seconds_left = lambda: context.get_remaining_time_in_millis() / 1000  # noqa: E731
    counts = dict(sweep_exports(services, services.clock(), seconds_left))
    logging.getLogger("doseexport.jobs.sweep").info("swept", extra={"counts": counts})
    return counts
