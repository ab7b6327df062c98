"""PATCH /exports/{id}: set how long an export's file is retained."""

from __future__ import annotations

from doseexport.actions.exports import set_retention
from doseexport.api.handler import Call, reply_with_export, serve
from doseexport.api.replies import Reply
from doseexport.aws.services import Services


def change(services: Services, call: Call) -> Reply:
    """Answer 200 with the export, and Retry-After while it is under way."""
    return reply_with_export(services, call, set_retention(services, call.caller, call.id, call.read_json()))


handler = serve({"PATCH /exports/{id}": change})
