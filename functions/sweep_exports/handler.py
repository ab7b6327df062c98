"""Every minute: queue again, give up, expire, clean."""

from __future__ import annotations

import logging
from typing import Any

from doseexport.aws.logging import configure_logging
from doseexport.aws.services import connect_services
from doseexport.jobs.sweep import sweep


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Sweep once; return and log how often each thing was done."""
    configure_logging()
    services = connect_services()
    counts = dict(sweep(services, services.clock()))
    logging.getLogger("doseexport.jobs.sweep").info("swept", extra={"counts": counts})
    return counts
