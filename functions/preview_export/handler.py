"""POST /exports/preview: count what an export would hold, before it is requested."""

from __future__ import annotations

import os

from doseexport.actions.previews import preview_export
from doseexport.actions.views import view_preview
from doseexport.api.handler import Call, serve
from doseexport.api.replies import Reply
from doseexport.aws.credentials import prepare_login
from doseexport.aws.services import Services

prepare_login(os.environ)


def preview(services: Services, call: Call) -> Reply:
    """Answer 200 with counts, or with `timed_out` if PostgreSQL could not count in time."""
    found = preview_export(services, call.caller, call.read_json(), call.query.get("replaces"))
    return Reply(200, view_preview(found))


handler = serve({"POST /exports/preview": preview}, own={"POST /exports/preview": ["replaces"]})
