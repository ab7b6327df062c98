"""POST /schedules: a new one; PATCH and DELETE /schedules/{id}: change one, delete one."""

from __future__ import annotations

from doseexport.actions.schedules import change_schedule, create_schedule, delete_schedule
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 201 with what is new, 200 with what was changed, 204 for what is deleted."""
    services = connect_services()
    if not call.id:
        schedule = create_schedule(services, call.caller, call.read_json())
        return Reply(201, schedule, location=f"/schedules/{schedule['id']}")
    if call.route.startswith("PATCH"):
        return Reply(200, change_schedule(services, call.caller, call.id, call.read_json()))
    delete_schedule(services, call.caller, call.id)
    return Reply(204)
