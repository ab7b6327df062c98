"""PATCH /exports/{id}: keep an export's file for longer, or shorter."""

from __future__ import annotations

from doseexport.actions.exports import set_retention
from doseexport.actions.views import suggest_wait
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with the export; Retry-After while it is under way."""
    export = set_retention(connect_services(), call.caller, call.id, call.read_json())
    return Reply(200, export, retry_after=suggest_wait(export))
