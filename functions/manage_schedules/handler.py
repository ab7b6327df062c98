"""POST /schedules, PATCH and DELETE /schedules/{id}: create, change and delete schedules."""

from __future__ import annotations

from doseexport.actions.schedules import change_schedule, create_schedule, delete_schedule
from doseexport.actions.views import view_schedule
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb", "scheduler")


def create(services: Services, call: Call) -> Reply:
    """Create the schedule and answer 201 with it."""
    schedule = create_schedule(services, call.caller, call.read_json())
    shown = view_schedule(schedule, call.caller, services.clock())
    return Reply(201, shown, location=f"/schedules/{schedule.id}")


def change(services: Services, call: Call) -> Reply:
    """Change the schedule and answer 200 with it."""
    schedule = change_schedule(services, call.caller, call.id, call.read_json())
    return Reply(200, view_schedule(schedule, call.caller, services.clock()))


def delete(services: Services, call: Call) -> Reply:
    """Delete the schedule and answer 204."""
    delete_schedule(services, call.caller, call.id)
    return Reply(204)


handler = serve(
    {"POST /schedules": create, "PATCH /schedules/{id}": change, "DELETE /schedules/{id}": delete}
)
