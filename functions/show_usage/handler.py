"""GET /usage: who asked for how much in a month; for administrators."""

from __future__ import annotations

from doseexport.actions.usage import show_usage
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler("month")
def handler(call: Call) -> Reply:
    """Answer 200 with {"month", "complete", "users"}."""
    return Reply(200, show_usage(connect_services(), call.caller, call.query))
