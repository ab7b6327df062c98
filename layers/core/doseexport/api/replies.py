"""Put replies and errors into the form that API Gateway expects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from doseexport.errors import DoseExportError

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, JSON (None for no body), address of a new thing, seconds until it may change."""

    status: int
    body: Any = None
    location: str | None = None
    retry_after: int | None = None


def respond(reply: Reply) -> dict[str, Any]:
    """Return a reply in the form that API Gateway expects."""
    headers = dict(_HEADERS)
    if reply.location is not None:
        headers["Location"] = reply.location
    if reply.retry_after is not None:
        headers["Retry-After"] = str(reply.retry_after)
    if reply.body is None:
        return {"statusCode": reply.status, "headers": headers}
    headers["Content-Type"] = "application/json"
    return {"statusCode": reply.status, "headers": headers, "body": json.dumps(reply.body)}


def respond_problem(error: DoseExportError) -> dict[str, Any]:
    """Return an error as application/problem+json (RFC 9457) with its code and field."""
    problem = {
        "type": f"urn:doseexport:problem:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "field": error.field,
    }
    headers = {**_HEADERS, "Content-Type": "application/problem+json"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return {"statusCode": error.status, "headers": headers, "body": json.dumps(problem)}
