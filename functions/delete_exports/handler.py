"""DELETE /exports/{id}: delete one export. DELETE /exports: delete many, {"ids": [...]}."""

from __future__ import annotations

from doseexport.actions.exports import delete_export, delete_exports
from doseexport.actions.views import view_deletions
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb", "s3")


def delete_one(services: Services, call: Call) -> Reply:
    """Delete the export and answer 204."""
    delete_export(services, call.caller, call.id)
    return Reply(204)


def delete_many(services: Services, call: Call) -> Reply:
    """Delete the exports. Answer 200 with the ids that were deleted, and why others were not."""
    return Reply(200, view_deletions(delete_exports(services, call.caller, call.read_json())))


handler = serve({"DELETE /exports/{id}": delete_one, "DELETE /exports": delete_many})
