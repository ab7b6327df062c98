"""POST /exports/{id}/download: make links to a file and its manifest."""

from __future__ import annotations

from doseexport.actions.exports import download_export
from doseexport.actions.views import view_download
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb", "s3")


def download(services: Services, call: Call) -> Reply:
    """Make the links, which hold for some minutes, and answer 200 with them."""
    call.refuse_body()
    return Reply(200, view_download(download_export(services, call.caller, call.id)))


handler = serve({"POST /exports/{id}/download": download})
