"""POST /exports/{id}/abort: stop an export that waits or runs."""

from __future__ import annotations

from doseexport.actions.exports import abort_export
from doseexport.actions.views import suggest_wait
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 202 with the export: ABORTED, or ABORTING, with Retry-After, until its worker has stopped."""
    export = abort_export(connect_services(), call.caller, call.id)
    return Reply(202, export, retry_after=suggest_wait(export))
