"""POST and GET /presets, GET, PATCH and DELETE /presets/{id}: what people ask for again and again."""

from __future__ import annotations

from doseexport.actions.presets import change_preset, create_preset, delete_preset, get_preset, list_presets
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 201 with the new preset, 200 with presets or one of them, 204 for a deleted one."""
    return _ANSWERS[call.route](call)


def _create(call: Call) -> Reply:
    preset = create_preset(connect_services(), call.caller, call.read_json())
    return Reply(201, preset, location=preset["links"]["self"])


def _list(call: Call) -> Reply:
    return Reply(200, list_presets(connect_services(), call.caller))


def _get(call: Call) -> Reply:
    return Reply(200, get_preset(connect_services(), call.caller, call.id))


def _change(call: Call) -> Reply:
    return Reply(200, change_preset(connect_services(), call.caller, call.id, call.read_json()))


def _delete(call: Call) -> Reply:
    delete_preset(connect_services(), call.caller, call.id)
    return Reply(204)


_ANSWERS = {
    "POST /presets": _create,
    "GET /presets": _list,
    "GET /presets/{id}": _get,
    "PATCH /presets/{id}": _change,
    "DELETE /presets/{id}": _delete,
}
