"""DELETE /exports/{id}: one export; DELETE /exports: many, {"ids": [...]}."""

from __future__ import annotations

from doseexport.actions.exports import delete_export, delete_exports
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 204 for one; for many 200 with {"deleted": [ids], "refused": [{"id", "code", "message"}]}."""
    if not call.id:
        return Reply(200, delete_exports(connect_services(), call.caller, call.read_json()))
    delete_export(connect_services(), call.caller, call.id)
    return Reply(204)
