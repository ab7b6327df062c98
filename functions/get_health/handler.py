"""GET /health: that the service is there, and its version. Needs no token, touches nothing."""

from __future__ import annotations

from typing import Any

from doseexport.api.handler import Reply, respond
from doseexport.version import VERSION


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer 200 with {"status": "ok", "version": text}."""
    return respond(Reply(200, {"status": "ok", "version": VERSION}))
