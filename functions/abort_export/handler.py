"""POST /exports/{id}/abort: stop an export that is queued or running."""

from __future__ import annotations

from doseexport.actions.exports import abort_export
from doseexport.api.handler import Call, reply_with_export, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def abort(services: Services, call: Call) -> Reply:
    """Abort the export. Answer 202 with it: ABORTED, or ABORTING until its worker has stopped."""
    call.refuse_body()
    return reply_with_export(services, call, abort_export(services, call.caller, call.id), 202)


handler = serve({"POST /exports/{id}/abort": abort})
