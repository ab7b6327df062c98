"""GET /usage: show administrators how much each owner used the service in a month."""

from __future__ import annotations

from doseexport.actions.usage import get_usage
from doseexport.actions.views import view_usage
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def show(services: Services, call: Call) -> Reply:
    """Answer 200 with the month's usage."""
    return Reply(200, view_usage(get_usage(services, call.caller, call.query)))


handler = serve({"GET /usage": show}, "month")
