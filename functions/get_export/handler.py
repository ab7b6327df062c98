"""GET /exports/{id}: show one export and its progress."""

from __future__ import annotations

from doseexport.actions.exports import get_export
from doseexport.api.handler import Call, reply_with_export, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def get(services: Services, call: Call) -> Reply:
    """Answer 200 with the export, and Retry-After while it is under way."""
    return reply_with_export(services, call, get_export(services, call.caller, call.id))


handler = serve({"GET /exports/{id}": get})
