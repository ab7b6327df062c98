"""What the dose database says before an export is requested.

POST /exports/preview, POST /exports/preview/rows and GET /suggestions.
"""

from __future__ import annotations

import os

from doseexport.actions.previews import preview_export, show_first_rows
from doseexport.actions.suggestions import PARAMETERS, SuggestionCache, list_suggestions
from doseexport.actions.views import view_first_rows, view_preview, view_suggestions
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.credentials import prepare_login
from doseexport.aws.services import Services

prepare_login(os.environ)
prepare_clients("dynamodb")
CACHE = SuggestionCache()


def preview(services: Services, call: Call) -> Reply:
    """Answer 200 with counts, or with `timed_out` if PostgreSQL could not count in time."""
    found = preview_export(services, call.caller, call.read_json(), call.query.get("replaces"))
    return Reply(200, view_preview(found))


def show_rows(services: Services, call: Call) -> Reply:
    """Answer 200 with the first rows, or with `timed_out` if PostgreSQL could not read them in time."""
    return Reply(200, view_first_rows(show_first_rows(services, call.caller, call.read_json())))


def suggest(services: Services, call: Call) -> Reply:
    """Answer 200 with texts, or with the letters needed if PostgreSQL could not list them in time."""
    return Reply(200, view_suggestions(list_suggestions(services, CACHE, call.caller, call.query)))


handler = serve(
    {
        "POST /exports/preview": preview,
        "POST /exports/preview/rows": show_rows,
        "GET /suggestions": suggest,
    },
    own={"POST /exports/preview": ["replaces"], "GET /suggestions": PARAMETERS},
)
