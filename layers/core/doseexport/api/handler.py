"""HTTP in, HTTP out: an API Gateway event becomes a Call; a Reply or an error becomes the answer."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NoReturn

from doseexport.api.compression import pack_answer
from doseexport.aws.logging import configure_logging, describe_error
from doseexport.domain.export import is_id
from doseexport.domain.rights import Caller, read_caller, require_service
from doseexport.errors import DoseExportError, RequestError

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""

_LOGGER = logging.getLogger(__name__)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its route ("PATCH /presets/{id}"), who asks, the path's id ("" if none), what is given."""

    route: str
    caller: Caller
    id: str
    query: Mapping[str, str]
    idempotency_key: str | None
    raw_body: str = field(default="", repr=False)
    is_base64: bool = False

    def read_json(self) -> Any:
        """Return the body's JSON, None if there is no body. RequestError: 400 and 413, naming body."""
        raw = _read_bytes(self.raw_body, is_base64=self.is_base64)
        if not raw:
            return None
        try:
            text = raw.decode()
            body = json.loads(text, parse_constant=_refuse_constant)
            json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise RequestError("BAD_JSON", "The body is not JSON in UTF-8.", "body", 400) from error
        return body


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, JSON (None: no body), the address of what was made, seconds until it may change."""

    status: int
    body: Any = None
    location: str | None = None
    retry_after: int | None = None


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def http_handler(*parameters: str) -> Callable[[Callable[[Call], Reply]], Handler]:
    """Make a function from Call to Reply a Lambda handler that takes these URL parameters, no others.

    The caller is known to be a member of the service before the function runs. Errors become
    application/problem+json; one that nobody foresaw becomes a 500 that tells nothing.
    """

    def decorate(answer: Callable[[Call], Reply]) -> Handler:
        @wraps(answer)
        def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
            configure_logging()
            response = _answer_safely(answer, event, frozenset(parameters))
            _log(event, response)
            return pack_answer(response, _read_headers(event).get("accept-encoding", ""))

        return handle

    return decorate


def read_call(event: Mapping[str, Any], parameters: frozenset[str] = frozenset()) -> Call:
    """Return the call in an HTTP API event (payload 2.0). RequestError: 400, 401, 403."""
    authorizer = event.get("requestContext", {}).get("authorizer", {})
    caller = read_caller(authorizer.get("jwt", {}).get("claims", {}))
    require_service(caller)
    query = event.get("queryStringParameters") or {}
    for name in query:
        if name not in parameters:
            raise RequestError(
                "UNKNOWN_PARAMETER", "This address takes no parameter of this name.", name, 400
            )
    return Call(
        route=event.get("routeKey", ""),
        caller=caller,
        id=(event.get("pathParameters") or {}).get("id", ""),
        query=query,
        idempotency_key=_read_headers(event).get("idempotency-key"),
        raw_body=event.get("body") or "",
        is_base64=event.get("isBase64Encoded", False),
    )


def respond(reply: Reply) -> dict[str, Any]:
    """Return a reply as API Gateway wants it."""
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
    return {"statusCode": error.status, "headers": headers, "body": json.dumps(problem)}


def _answer_safely(
    answer: Callable[[Call], Reply], event: Mapping[str, Any], parameters: frozenset[str]
) -> dict[str, Any]:
    try:
        return respond(answer(read_call(event, parameters)))
    except RequestError as error:
        return respond_problem(error)
    except Exception as error:  # noqa: BLE001  whatever it is, its text stays inside
        # Not .exception: it would log the error's text.
        _LOGGER.error("unexpected", extra=describe_error(error))  # noqa: TRY400
        return respond_problem(DoseExportError("UNEXPECTED", "Something went wrong here; try again later."))


def _log(event: Mapping[str, Any], response: Mapping[str, Any]) -> None:
    """Log who did what to which thing: never the path, the query or the body, which can name somebody."""
    request = event.get("requestContext", {})
    named = (event.get("pathParameters") or {}).get("id")
    route = event.get("routeKey") or ""
    extra = {
        "route": route,
        "status": response["statusCode"],
        "request_id": request.get("requestId"),
        "caller": request.get("authorizer", {}).get("jwt", {}).get("claims", {}).get("sub"),
        _name_id(route): named if is_id(named) else None,
    }
    _LOGGER.info("http", extra=extra)


def _name_id(route: str) -> str:
    """Return what an id in that route's path is one of."""
    kinds = {"/presets/": "preset_id", "/schedules/": "schedule_id"}
    return next((name for place, name in kinds.items() if place in route), "export_id")


def _read_headers(event: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in event.get("headers", {}).items()}


def _read_bytes(text: str, *, is_base64: bool) -> bytes:
    too_large = RequestError("BODY_TOO_LARGE", "The body is larger than 64 KiB.", "body", 413)
    if len(text) > 2 * MAX_BODY:
        raise too_large
    try:
        raw = base64.b64decode(text, validate=True) if is_base64 else text.encode()
    except ValueError as error:
        raise RequestError("BAD_BASE64", "The body is not what it says it is.", "body", 400) from error
    if len(raw) > MAX_BODY:
        raise too_large
    return raw


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("JSON has no NaN and no Infinity")
