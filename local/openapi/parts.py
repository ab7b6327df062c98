"""Build the parts that operations share: answers, problems, bodies, parameters and headers."""

from collections.abc import Mapping, Sequence
from typing import Any

from doseexport.actions.exports import MAX_KEY
from doseexport.api.handler import MAX_BODY
from local.openapi.schemas import Json, refer

Codes = Mapping[int, Sequence[str]]
"""Problem codes by HTTP status."""

_EVERYWHERE: Codes = {
    400: ["REPEATED_PARAMETER", "UNKNOWN_PARAMETER"],
    401: ["NOT_SIGNED_IN", "ACCESS_TOKEN_NEEDED"],
    403: ["GROUP_NEEDED"],
}
NOT_FOUND: Codes = {404: ["NOT_FOUND"]}
FORBIDDEN: Codes = {403: ["FORBIDDEN"]}
BAD_BODY: Codes = {400: ["BAD_BASE64", "BAD_JSON"], 413: ["BODY_TOO_LARGE"]}
ANY_BODY: Codes = {**BAD_BODY, 400: [*BAD_BODY[400], "NO_BODY_TAKEN"]}
"""What is refused of a body where none is taken."""
BAD_PRESET: Codes = {422: ["PRESET_OF_ANOTHER_TYPE", "UNKNOWN_PRESET"]}
BAD_LIST: Codes = {
    400: [
        *("BAD_CURSOR", "BAD_LIMIT", "BAD_OWNER_NAME", "BAD_Q", "BAD_REQUESTED_FROM", "BAD_REQUESTED_TO"),
        *("BAD_SCHEDULE_ID", "BAD_SCOPE", "BAD_SORT", "BAD_STATE", "BAD_TYPE", "TOO_MANY_TO_SORT"),
    ]
}
BAD_KEY: Codes = {
    400: ["BAD_IDEMPOTENCY_KEY"],
    409: ["IDEMPOTENCY_KEY_SPENT"],
    422: ["IDEMPOTENCY_MISMATCH"],
    429: ["TOO_MANY_ACTIVE", "TOO_MANY_REQUESTS"],
}
BAD_REQUEST: Codes = {
    403: ["PIDGROUP_NEEDED", "PSEUDONYMS_REFUSED"],
    422: [
        "BAD_FILTER_VALUE",
        "BAD_NAME",
        "BAD_RETENTION_DAYS",
        "BAD_OPTION_VALUE",
        "EMPTY_RANGE",
        "FILTER_GIVEN_TWICE",
        "FILTER_NEEDED",
        "NOT_AN_OBJECT",
        "NOT_A_BOOLEAN",
        "NO_MAIL",
        "NO_PATIENT_COLUMNS",
        "ORDER_GIVEN_TWICE",
        "PSEUDONYMS_EXCLUDE_PATIENTS",
        "PSEUDONYMS_NEEDED",
        "PSEUDONYMS_NEED_COLUMNS",
        "UNKNOWN_EXPORT_TYPE",
        "UNKNOWN_FIELD",
        "UNKNOWN_FILTER",
        "UNKNOWN_OPTION",
        "UNKNOWN_ORDER",
    ],
}

BAD_FOR_DATABASE: Codes = {422: ["NOT_IN_OPENREM"]}

UNAVAILABLE = (("application/problem+json", "Problem"), ("application/json", "GatewayMessage"))

_MEANINGS = {
    "400": "A parameter, a header or the body cannot be read.",
    "401": "No token, or not a valid one.",
    "403": "The caller lacks a right.",
    "404": "It does not exist, was deleted, has expired, or belongs to another user.",
    "409": "The current state of the resource or of the key does not allow it.",
    "413": f"The body is larger than {MAX_BODY} bytes.",
    "422": "A field is readable but its value is not accepted.",
    "429": "Too many calls, export requests or active exports.",
    "503": "The database does not answer, or too many previews are running. Try again later.",
    "5XX": "The service failed. Try again later.",
}
RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds to wait before the next poll. Absent once the export has finished.",
        "schema": {"type": "integer"},
    }
}
_RETRY_REQUEST: Json = {
    "Retry-After": {
        "description": "Seconds to wait before the next request. Given with TOO_MANY_REQUESTS.",
        "schema": {"type": "integer"},
    }
}
_GATEWAY_STATUSES = frozenset({"401", "413", "429", "503", "5XX"})
"""Statuses that API Gateway can also return itself, before any function runs."""


def make_operation(name: str, summary: str, answers: Json, *problems: Codes) -> Json:
    """Return an operation with its answers and problems, including those that every operation has."""
    codes: dict[str, list[str]] = {"429": [], "5XX": ["UNEXPECTED"]}
    for each in (_EVERYWHERE, *problems):
        for status, found in each.items():
            codes.setdefault(str(status), []).extend(found)
    refusals = {status: make_problem(status, sorted(codes[status])) for status in sorted(codes)}
    return {"operationId": name, "summary": summary, "responses": answers | refusals}


def make_problem(status: str, codes: Sequence[str]) -> Json:
    """Return the answer for a problem status, limited to these codes."""
    content: Json = {}
    if codes:
        limits: Json = {"code": {"enum": list(codes)}}
        if status.isdecimal():
            limits["status"] = {"const": int(status)}
        content["application/problem+json"] = {"schema": refer("Problem") | {"properties": limits}}
    if status in _GATEWAY_STATUSES:
        content["application/json"] = {"schema": refer("GatewayMessage")}
    headers = {"headers": _RETRY_REQUEST} if "TOO_MANY_REQUESTS" in codes else {}
    return {"description": _MEANINGS[status], **headers, "content": content}


def make_answer(description: str, schema: str) -> Json:
    """Return an answer whose JSON body has this schema."""
    return {"description": description, "content": {"application/json": {"schema": refer(schema)}}}


def make_body(*schemas: str) -> Json:
    """Return a request body that matches one of these schemas."""
    referred = [refer(schema) for schema in schemas]
    schema = referred[0] if len(referred) == 1 else {"anyOf": referred}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def make_parameter(name: str, place: str, schema: Mapping[str, Any], description: str) -> Json:
    """Return a parameter of the path, the query or a header."""
    return {"name": name, "in": place, "description": description, "schema": dict(schema)}


def make_idempotency_key() -> Json:
    """Return the parameter for the Idempotency-Key header."""
    schema = {"type": "string", "pattern": f"^[ -~]{{1,{MAX_KEY}}}$"}
    description = "A retry with the same key does not create a second export."
    return make_parameter("Idempotency-Key", "header", schema, description)


def make_location(description: str) -> Json:
    """Return the Location header, which holds the address of the created resource."""
    header = {"description": description, "schema": {"type": "string"}, "required": True}
    return {"Location": header}
