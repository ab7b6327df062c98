"""GET /schedules: list schedules. GET /schedules/{id}: show one."""

from __future__ import annotations

from doseexport.actions.schedules import get_schedule, list_schedules
from doseexport.actions.views import view_schedule, view_schedules
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def list_visible(services: Services, call: Call) -> Reply:
    """Answer 200 with the schedules, oldest first."""
    schedules = list_schedules(services, call.caller, call.query)
    return Reply(200, view_schedules(schedules, call.caller, services.clock()))


def get(services: Services, call: Call) -> Reply:
    """Answer 200 with the schedule."""
    schedule = get_schedule(services, call.caller, call.id)
    return Reply(200, view_schedule(schedule, call.caller, services.clock()))


handler = serve({"GET /schedules": list_visible, "GET /schedules/{id}": get}, "scope")
