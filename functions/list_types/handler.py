"""GET /export-types: what may be asked for, as a form needs it."""

from __future__ import annotations

from doseexport.actions.catalogue import describe_catalogue
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with the modalities, their export types, and what the caller may do."""
    settings = connect_services().settings
    return Reply(200, describe_catalogue(call.caller, settings.retention, settings.max_retention))
