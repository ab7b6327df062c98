"""List, show and preview schedules, and list their runs: every route of schedules that changes none."""

from __future__ import annotations

from doseexport.actions.schedules import (
    get_schedule,
    list_runs,
    list_schedules,
    preview_change,
    preview_schedule,
)
from doseexport.actions.views import view_runs, view_schedule, view_schedule_preview, view_schedules
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


def get_runs(services: Services, call: Call) -> Reply:
    """Answer 200 with the newest runs of the schedule."""
    return Reply(200, view_runs(list_runs(services, call.caller, call.id)))


def preview(services: Services, call: Call) -> Reply:
    """Answer 200 with the coming runs of a schedule that is not created."""
    return Reply(200, view_schedule_preview(preview_schedule(services, call.caller, call.read_json())))


def preview_changes(services: Services, call: Call) -> Reply:
    """Answer 200 with the coming runs of the schedule after changes that are not made."""
    found = preview_change(services, call.caller, call.id, call.read_json())
    return Reply(200, view_schedule_preview(found))


handler = serve(
    {
        "GET /schedules": list_visible,
        "GET /schedules/{id}": get,
        "GET /schedules/{id}/runs": get_runs,
        "POST /schedules/preview": preview,
        "POST /schedules/{id}/preview": preview_changes,
    },
    own={"GET /schedules": ["scope"]},
)
