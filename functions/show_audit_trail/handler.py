"""GET /exports/{id}/audit-trail: show what happened to an export, when, and who did it."""

from __future__ import annotations

from doseexport.actions.exports import get_audit_trail
from doseexport.actions.views import view_audit_trail
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def show(services: Services, call: Call) -> Reply:
    """Answer 200 with the entries, oldest first, even of a deleted export."""
    return Reply(200, view_audit_trail(get_audit_trail(services, call.caller, call.id), call.caller))


handler = serve({"GET /exports/{id}/audit-trail": show})
