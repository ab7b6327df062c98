"""Turn API Gateway's events into calls, and the replies of routes into responses.

event ─► Call ─► the route's function (services, call) ─► Reply ─► response
RequestError ───────────────────────────► problem+json (RFC 9457)
"""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from doseexport.actions.views import suggest_wait, view_export
from doseexport.api.compression import compress_response
from doseexport.api.replies import Reply, respond, respond_problem
from doseexport.aws.logging import HTTP_REQUEST_ID, Handler, describe_error, log_invocations
from doseexport.aws.services import Services, connect_services
from doseexport.domain.export import Export, is_id
from doseexport.domain.rights import Caller, read_caller, require_service
from doseexport.errors import DoseExportError, RequestError

MAX_BODY = 64 * 1024
"""The most bytes of a request's body."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: route ("PATCH /presets/{id}"), caller, the id in its path ("" if none), its input."""

    route: str
    caller: Caller
    id: str
    query: Mapping[str, str]
    idempotency_key: str | None
    raw_body: str = field(default="", repr=False)
    is_base64: bool = False

    def read_json(self) -> Any:
        """Return the JSON of the body, or None without a body. Raise RequestError (400, 413) naming body."""
        raw = _read_bytes(self.raw_body, is_base64=self.is_base64)
        if not raw:
            return None
        try:
            text = raw.decode()
            body = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_read_pairs)
            json.dumps(body, ensure_ascii=False).encode()  # refuses half a surrogate pair
        except (ValueError, RecursionError) as error:
            raise RequestError("BAD_JSON", "The body is not JSON in UTF-8.", "body", 400) from error
        return body

    def refuse_body(self) -> None:
        """Raise RequestError (400, 413) if there is a body, unless it says nothing: it would be ignored."""
        if self.read_json() not in (None, {}):
            raise RequestError("NO_BODY_TAKEN", "This call takes no body.", "body", 400)


Route = Callable[[Services, Call], Reply]
NO_PARAMETERS: Mapping[str, Collection[str]] = MappingProxyType({})


def serve(
    routes: Mapping[str, Route], *parameters: str, own: Mapping[str, Collection[str]] = NO_PARAMETERS
) -> Handler:
    """Return the Lambda handler of these routes, which take these URL parameters and no others.

    `own` gives parameters of single routes. A route's function runs only for a caller who may use the
    service. Errors become application/problem+json. An unforeseen error becomes a 500 that reveals nothing.
    """

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        known = frozenset((*parameters, *own.get(event.get("routeKey", ""), ())))
        response = _answer_safely(routes, event, known)
        _log(event, response)
        return compress_response(response, _read_headers(event).get("accept-encoding", ""))

    return log_invocations(handle, HTTP_REQUEST_ID)


def reply_with_export(services: Services, call: Call, export: Export, status: int = 200) -> Reply:
    """Return the reply that shows an export, with Retry-After while it is under way."""
    body = view_export(export, call.caller, services.clock())
    return Reply(status, body, retry_after=suggest_wait(export))


def read_call(event: Mapping[str, Any], parameters: frozenset[str] = frozenset()) -> Call:
    """Return the call in an HTTP API event (payload 2.0). Raise RequestError: 400, 401, 403."""
    authorizer = event.get("requestContext", {}).get("authorizer", {})
    caller = read_caller(authorizer.get("jwt", {}).get("claims", {}))
    require_service(caller)
    query = event.get("queryStringParameters") or {}
    for name in query:
        if name not in parameters:
            raise RequestError("UNKNOWN_PARAMETER", "There is no such parameter at this address.", name, 400)
    _refuse_repeated(event.get("rawQueryString") or "")
    return Call(
        route=event.get("routeKey", ""),
        caller=caller,
        id=(event.get("pathParameters") or {}).get("id", ""),
        query=query,
        idempotency_key=_read_headers(event).get("idempotency-key"),
        raw_body=event.get("body") or "",
        is_base64=event.get("isBase64Encoded", False),
    )


def _refuse_repeated(query: str) -> None:
    """Refuse a parameter that is given twice. API Gateway would join its values with a comma."""
    counts = Counter(name for name, _ in parse_qsl(query, keep_blank_values=True))
    for name, count in counts.items():
        if count > 1:
            raise RequestError("REPEATED_PARAMETER", "This parameter is given twice.", name, 400)


def _answer_safely(
    routes: Mapping[str, Route], event: Mapping[str, Any], parameters: frozenset[str]
) -> dict[str, Any]:
    try:
        call = read_call(event, parameters)
        return respond(routes[call.route](connect_services(), call))
    except RequestError as error:
        return respond_problem(error)
    except Exception as error:  # noqa: BLE001  no error may leave with its text
        # Not .exception: it would log the error's text.
        _LOGGER.error("unexpected", extra=describe_error(error))  # noqa: TRY400
        return respond_problem(DoseExportError("UNEXPECTED", "Something went wrong. Try again later."))


def _log(event: Mapping[str, Any], response: Mapping[str, Any]) -> None:
    """Log the route, the caller and ids, but never the path, query or body, which can name a patient."""
    route = event.get("routeKey") or ""
    authorizer = event.get("requestContext", {}).get("authorizer", {})
    extra = {
        "route": route,
        "status": response["statusCode"],
        "caller": authorizer.get("jwt", {}).get("claims", {}).get("sub"),
        **_name_id(route, (event.get("pathParameters") or {}).get("id")),
        **_name_id(*_read_location(response)),
    }
    _LOGGER.info("http", extra=extra)


def _name_id(path: str, value: object) -> dict[str, object]:
    """Return the log field for the id of the export, preset or schedule that a path names."""
    kinds = {"/presets": "preset_id", "/schedules": "schedule_id"}
    name = next((name for place, name in kinds.items() if place in path), "export_id")
    return {name: value} if is_id(value) else {}


def _read_location(response: Mapping[str, Any]) -> tuple[str, str]:
    """Return the path of what a request has made, and its id. Both are empty if it has made nothing."""
    path, _, made = response["headers"].get("Location", "").rpartition("/")
    return path, made


def _read_headers(event: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in event.get("headers", {}).items()}


def _read_bytes(text: str, *, is_base64: bool) -> bytes:
    too_large = RequestError("BODY_TOO_LARGE", "The body is larger than 64 KiB.", "body", 413)
    if len(text) > 2 * MAX_BODY:
        raise too_large
    try:
        raw = base64.b64decode(text, validate=True) if is_base64 else text.encode()
    except ValueError as error:
        raise RequestError(
            "BAD_BASE64", "The body is not base64, although the request says so.", "body", 400
        ) from error
    if len(raw) > MAX_BODY:
        raise too_large
    return raw


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object. Refuse one that has a name twice, whose first value would get lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RequestError("BAD_JSON", "An object in the body has a name twice.", "body", 400)
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("JSON has no NaN and no Infinity")
