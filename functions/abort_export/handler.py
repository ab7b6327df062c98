"""POST /exports/{id}/abort: stop an export that waits or runs."""

from __future__ import annotations

from doseexport.actions import abort_export
from doseexport.api import Call, Reply, http_handler
from doseexport.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 202 with the export: ABORTED, or ABORTING until its worker has stopped."""
    return Reply(202, abort_export(connect_services(), call.caller, call.id))
