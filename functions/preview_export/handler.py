"""POST /exports/preview: what an export would hold, before it is asked for."""

from __future__ import annotations

from doseexport.actions.previews import preview_export
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with numbers, or with `timed_out` if PostgreSQL could not count them in time."""
    return Reply(200, preview_export(connect_services(), call.caller, call.read_json()))
