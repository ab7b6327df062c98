"""POST /exports: ask for an export; POST /schedules/{id}/run: ask for a schedule's export now."""

from __future__ import annotations

from doseexport.actions.exports import request_export
from doseexport.actions.schedules import run_schedule_now
from doseexport.actions.views import suggest_wait
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 202 with the export, which waits for a worker from now on."""
    if call.id:
        export = run_schedule_now(connect_services(), call.caller, call.id, call.idempotency_key)
    else:
        export = request_export(connect_services(), call.caller, call.read_json(), call.idempotency_key)
    return Reply(202, export, location=f"/exports/{export['id']}", retry_after=suggest_wait(export))
