"""POST /exports/{id}/download: a link to the file, made now, for somebody who may open it now."""

from __future__ import annotations

from doseexport.actions.exports import download_export
from doseexport.api.handler import Call, Reply, http_handler
from doseexport.aws.services import connect_services


@http_handler()
def handler(call: Call) -> Reply:
    """Answer 200 with {"url", "file_name", "size", "sha256", "seconds"}."""
    return Reply(200, download_export(connect_services(), call.caller, call.id))
