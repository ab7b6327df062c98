"""POST and GET /presets, GET, PATCH and DELETE /presets/{id}: save requests and use them again."""

from __future__ import annotations

from typing import Any

from doseexport.actions.presets import change_preset, create_preset, delete_preset, get_preset, list_presets
from doseexport.actions.views import view_preset, view_presets
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services
from doseexport.domain.preset import Preset

prepare_clients("dynamodb")


def show(services: Services, call: Call, preset: Preset) -> dict[str, Any]:
    """Return a preset as JSON, with the dates of its window now."""
    return view_preset(preset, call.caller, services.clock(), services.settings.time_zone)


def create(services: Services, call: Call) -> Reply:
    """Save the preset and answer 201 with it."""
    preset = create_preset(services, call.caller, call.read_json())
    return Reply(201, show(services, call, preset), location=f"/presets/{preset.id}")


def list_visible(services: Services, call: Call) -> Reply:
    """Answer 200 with the caller's presets and the shared ones."""
    found = list_presets(services, call.caller)
    return Reply(200, view_presets(found, call.caller, services.clock(), services.settings.time_zone))


def get(services: Services, call: Call) -> Reply:
    """Answer 200 with the preset."""
    return Reply(200, show(services, call, get_preset(services, call.caller, call.id)))


def change(services: Services, call: Call) -> Reply:
    """Change the preset and answer 200 with it."""
    preset = change_preset(services, call.caller, call.id, call.read_json())
    return Reply(200, show(services, call, preset))


def delete(services: Services, call: Call) -> Reply:
    """Delete the preset and answer 204."""
    delete_preset(services, call.caller, call.id)
    return Reply(204)


handler = serve(
    {
        "POST /presets": create,
        "GET /presets": list_visible,
        "GET /presets/{id}": get,
        "PATCH /presets/{id}": change,
        "DELETE /presets/{id}": delete,
    }
)
