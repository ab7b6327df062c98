"""GET /export-types: what may be asked for, as a form needs it."""

from __future__ import annotations

from doseexport.actions.catalogue import describe_catalogue
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with {"modalities": [...], "default_order", what the caller may do, "user", "keep_days"}."""
    settings = connect_services().settings
    return Reply(200, describe_catalogue(call.caller, settings.retention, settings.max_retention))
