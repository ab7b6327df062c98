"""POST /exports/preview and GET /suggestions: what the dose database says before an export is requested."""

from __future__ import annotations

import os

from doseexport.actions.previews import preview_export
from doseexport.actions.suggestions import PARAMETERS, SuggestionCache, list_suggestions
from doseexport.actions.views import view_preview, view_suggestions
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.credentials import prepare_login
from doseexport.aws.services import Services

prepare_login(os.environ)
CACHE = SuggestionCache()


def preview(services: Services, call: Call) -> Reply:
    """Answer 200 with counts, or with `timed_out` if PostgreSQL could not count in time."""
    found = preview_export(services, call.caller, call.read_json(), call.query.get("replaces"))
    return Reply(200, view_preview(found))


def suggest(services: Services, call: Call) -> Reply:
    """Answer 200 with texts, or with the letters needed if PostgreSQL could not list them in time."""
    return Reply(200, view_suggestions(list_suggestions(services, CACHE, call.caller, call.query)))


handler = serve(
    {"POST /exports/preview": preview, "GET /suggestions": suggest},
    own={"POST /exports/preview": ["replaces"], "GET /suggestions": PARAMETERS},
)
