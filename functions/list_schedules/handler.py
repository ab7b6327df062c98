"""GET /schedules: one's schedules, or everybody's; GET /schedules/{id}: one of them."""

from __future__ import annotations

from doseexport.actions.schedules import get_schedule, list_schedules
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler("scope")
def handler(call: Call) -> Reply:
    """Answer 200 with {"schedules": [...]}, oldest first, or with the schedule."""
    if call.id:
        return Reply(200, get_schedule(connect_services(), call.caller, call.id))
    return Reply(200, list_schedules(connect_services(), call.caller, call.query))
