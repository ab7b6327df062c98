"""GET /export-types: what may be asked for, as a form needs it."""

from __future__ import annotations

from doseexport.api import Call, Reply, http_handler
from doseexport.catalogue import describe_catalogue


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with {"modalities": [...], "default_order", "may_see_patients", "is_admin", "user"}."""
    return Reply(200, describe_catalogue(call.caller))
