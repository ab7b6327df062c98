"""GET /health: show that the service answers, and its version. Needs no token."""

from __future__ import annotations

from typing import Any

from doseexport.api.replies import Reply, respond
from doseexport.version import VERSION


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer 200 with {"status": "ok", "version": text}."""
    return respond(Reply(200, {"status": "ok", "version": VERSION}))
