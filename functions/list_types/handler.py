"""GET /export-types: list what can be requested, as a form needs it."""

from __future__ import annotations

from doseexport.actions.catalogue import list_export_types
from doseexport.actions.catalogue_views import view_catalogue
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services

prepare_clients("dynamodb")


def list_types(services: Services, call: Call) -> Reply:
    """Answer 200 with the modalities, their export types, and what the caller may do."""
    return Reply(200, view_catalogue(list_export_types(services, **call.query), call.caller))


handler = serve({"GET /export-types": list_types}, "columns")
