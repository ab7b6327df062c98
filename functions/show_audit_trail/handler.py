"""GET /exports/{id}/audit-trail: what happened to an export, when, and by whom."""

from __future__ import annotations

from doseexport.actions.exports import show_audit_trail
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with {"id", "entries"}, oldest first; of deleted exports too."""
    return Reply(200, show_audit_trail(connect_services(), call.caller, call.id))
