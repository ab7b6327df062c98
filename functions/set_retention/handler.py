"""PATCH /exports/{id}: set how long an export's file is retained."""

from __future__ import annotations

from doseexport.actions.exports import set_retention
from doseexport.api.handler import Call, reply_with_export, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def change(services: Services, call: Call) -> Reply:
    """Set the retention. Answer 200 with the export, and Retry-After while it is under way."""
    return reply_with_export(services, call, set_retention(services, call.caller, call.id, call.read_json()))


handler = serve({"PATCH /exports/{id}": change})
