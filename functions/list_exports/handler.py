"""GET /exports: list exports, page by page."""

from __future__ import annotations

from doseexport.actions.exports import list_exports
from doseexport.actions.views import view_exports
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def list_page(services: Services, call: Call) -> Reply:
    """Answer 200 with one page and the cursor of the next."""
    page = list_exports(services, call.caller, call.query)
    return Reply(200, view_exports(page, call.caller, services.clock()))


handler = serve(
    {"GET /exports": list_page},
    "scope",
    "state",
    "type",
    "owner_name",
    "schedule_id",
    "requested_from",
    "requested_to",
    "q",
    "sort",
    "limit",
    "cursor",
)
