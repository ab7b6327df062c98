"""GET /exports: a page of exports, newest first."""

from __future__ import annotations

from doseexport.actions.exports import list_exports
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler("scope", "state", "limit", "cursor")
def handler(call: Call) -> Reply:
    """Answer 200 with {"exports": [...], "next_cursor": text or null}."""
    return Reply(200, list_exports(connect_services(), call.caller, call.query))
