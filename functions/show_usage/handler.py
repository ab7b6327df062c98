"""GET /usage: who asked for how much in a month; for administrators."""

from __future__ import annotations

from doseexport.api import Call, Reply, http_handler
from doseexport.services import connect_services
from doseexport.usage import show_usage


@http_handler("month")
def handler(call: Call) -> Reply:
    """Answer 200 with {"month", "complete", "users"}."""
    return Reply(200, show_usage(connect_services(), call.caller, call.query))
