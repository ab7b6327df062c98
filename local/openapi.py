"""The API as OpenAPI 3.1, made from the code: `python -m local.openapi` writes docs/openapi.json."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from doseexport.access import ADMIN_GROUP, EXPORT_GROUP, PATIENT_GROUP
from doseexport.actions import MAX_KEY
from doseexport.api import MAX_BODY
from doseexport.export import State
from doseexport.listing import MAX_LIMIT, SCOPES, ListQuery
from doseexport.version import VERSION
from doseexport.web import CONTENT_TYPES
from local.build import ROOT
from local.openapi_requests import make_request_schemas
from local.openapi_schemas import ID, MONTH, Json, make_answer_schemas, refer

TARGET = ROOT / "docs" / "openapi.json"

Codes = Mapping[int, Sequence[str]]
"""Problem codes by HTTP status."""

_EVERYWHERE: Codes = {400: ["UNKNOWN_PARAMETER"], 401: ["NOT_SIGNED_IN"], 403: ["GROUP_NEEDED"]}
_NOT_FOUND: Codes = {404: ["NOT_FOUND"]}
_NOT_YOURS: Codes = {403: ["FORBIDDEN"]}
_BAD_BODY: Codes = {400: ["BAD_BASE64", "BAD_JSON"], 413: ["BODY_TOO_LARGE"]}
_BAD_LIST: Codes = {400: ["BAD_CURSOR", "BAD_LIMIT", "BAD_SCOPE", "BAD_STATE"]}
_BAD_KEY: Codes = {
    400: ["BAD_IDEMPOTENCY_KEY"],
    409: ["IDEMPOTENCY_KEY_SPENT"],
    422: ["IDEMPOTENCY_MISMATCH"],
    429: ["TOO_MANY_ACTIVE"],
}
_BAD_REQUEST: Codes = {
    403: ["PIDGROUP_NEEDED"],
    422: [
        "BAD_FILTER_VALUE",
        "BAD_KEEP_DAYS",
        "BAD_OPTION_VALUE",
        "EMPTY_RANGE",
        "FILTER_GIVEN_TWICE",
        "FILTER_NEEDED",
        "NOT_AN_OBJECT",
        "NOT_A_BOOLEAN",
        "NO_PATIENT_COLUMNS",
        "ORDER_GIVEN_TWICE",
        "UNKNOWN_EXPORT_TYPE",
        "UNKNOWN_FIELD",
        "UNKNOWN_FILTER",
        "UNKNOWN_OPTION",
        "UNKNOWN_ORDER",
    ],
}

_SILENT = (("application/problem+json", "Problem"), ("application/json", "GatewayMessage"))

_MEANINGS = {
    "400": "A parameter, a header or the body cannot be read.",
    "401": "No token, or not a valid one.",
    "403": "The caller lacks a right.",
    "404": "There is no such export: unknown, deleted or expired.",
    "409": "The state of the export, or of the key, does not allow it.",
    "413": f"The body is larger than {MAX_BODY} bytes.",
    "422": "A field was understood but cannot be honoured.",
    "429": "Too many calls, or too many exports under way.",
    "503": "The database cannot answer, or too many previews run at once; try again later.",
    "5XX": "Something went wrong here; try again later.",
}
_RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds until it is worth asking again; absent once the export has ended.",
        "schema": {"type": "integer"},
    }
}
_GATEWAYS_OWN = frozenset({"401", "413", "429", "503", "5XX"})
"""What API Gateway answers by itself too, before any function runs."""

_DESCRIPTION = f"""Exact csv and xlsx exports of OpenREM dose records.

Ask (POST /exports), follow the address in Location until `state` is settled, then ask for a link
(POST /exports/{{id}}/download). `links` of an export says what the caller may do with it now.

Callers are members of {EXPORT_GROUP} (their own exports) or {ADMIN_GROUP} (everyone's); {PATIENT_GROUP} adds
patients' names and IDs. Problems are RFC 9457; a program reads `code`, a person reads `detail`.
"""


def make_document() -> Json:
    """Return the whole document."""
    address = {"default": "https://api.example.org", "description": "Output ApiUrl of the stack"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dose Export",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "{address}", "variables": {"address": address}}],
        "security": [{"cognito": []}],
        "paths": _make_paths(),
        "components": {
            "schemas": make_request_schemas() | make_answer_schemas(),
            "parameters": {"id": _parameter("id", "path", ID, "An export's id.") | {"required": True}},
            "securitySchemes": {
                "cognito": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of the stack's user pool: cognito:groups give a person's rights, "
                    "the scopes doseexport/export, /admin and /pid a program's.",
                }
            },
        },
    }


def render() -> str:
    """Return the file's text: the same code gives the same bytes."""
    return json.dumps(make_document(), indent=2, ensure_ascii=False) + "\n"


def _make_paths() -> Json:
    named = {"parameters": [{"$ref": "#/components/parameters/id"}]}
    return {
        "/exports": {"get": _list_exports(), "post": _request_export(), "delete": _delete_exports()},
        "/exports/preview": {"post": _preview_export()},
        "/exports/{id}": named | {"get": _get_export(), "patch": _keep_export(), "delete": _delete_export()},
        "/exports/{id}/abort": named | {"post": _abort_export()},
        "/exports/{id}/download": named | {"post": _download_export()},
        "/exports/{id}/trail": named | {"get": _show_trail()},
        "/usage": {"get": _show_usage()},
        "/export-types": {"get": _list_types()},
        "/health": {"get": _get_health()},
        "/": {"get": _get_page()},
        "/{file}": {"get": _get_file()},
    }


def _request_export() -> Json:
    made = _answer("The export, waiting for a worker. The same key and request give the same one.", "Export")
    made["headers"] = _RETRY_AFTER | {
        "Location": {"description": "The export's address.", "schema": {"type": "string"}, "required": True}
    }
    key_schema = {"type": "string", "pattern": f"^[ -~]{{1,{MAX_KEY}}}$"}
    key = _parameter("Idempotency-Key", "header", key_schema, "Asking again with it asks only once.")
    problems = (_BAD_BODY, _BAD_REQUEST, _BAD_KEY)
    return _operation("request_export", "Ask for an export", {"202": made}, *problems) | {
        "parameters": [key],
        "requestBody": _body("ExportRequest"),
    }


def _preview_export() -> Json:
    answers = {"200": _answer("What it would hold, or that this cannot be counted in time.", "Preview")}
    refused = _problem("503", []) | {"content": {each: {"schema": refer(schema)} for each, schema in _SILENT}}
    asked = _operation("preview_export", "Tell what an export would hold", answers, _BAD_BODY, _BAD_REQUEST)
    asked["responses"]["503"] = refused
    return asked | {"requestBody": _body("ExportRequest")}


def _list_exports() -> Json:
    usual = ListQuery()
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": usual.limit}
    scope = {"enum": list(SCOPES), "default": usual.scope}
    page = {"200": _answer("A page of exports, newest first.", "ExportPage")}
    return _operation("list_exports", "List exports", page, _BAD_LIST) | {
        "parameters": [
            _parameter("scope", "query", scope, "The caller's own exports, or everyone's."),
            _parameter("state", "query", {"enum": list(State)}, "Only exports in this state."),
            _parameter("limit", "query", limit, "Exports on a page."),
            _parameter("cursor", "query", {"type": "string"}, "`next_cursor` of the page before."),
        ]
    }


def _get_export() -> Json:
    answers = {"200": _answer("The export.", "Export") | {"headers": _RETRY_AFTER}}
    return _operation("get_export", "Show an export and how far it is", answers, _NOT_FOUND)


def _abort_export() -> Json:
    stopped = _answer("ABORTED, or ABORTING until its worker has stopped.", "Export")
    answers = {"202": stopped | {"headers": _RETRY_AFTER}}
    problems = (_NOT_YOURS, _NOT_FOUND, {409: ["NOT_ACTIVE"]})
    return _operation("abort_export", "Stop an export that waits or runs", answers, *problems)


def _download_export() -> Json:
    answers = {"200": _answer("A link that works for some minutes, without a token.", "Download")}
    problems = (_NOT_YOURS, _NOT_FOUND, {409: ["NOT_READY"]})
    return _operation("download_export", "Make a link to the file", answers, *problems)


def _show_trail() -> Json:
    answers = {"200": _answer("What happened to it, oldest first; of a deleted export too.", "Trail")}
    problems = (_NOT_YOURS, _NOT_FOUND)
    return _operation("show_trail", "Show what happened to an export, and by whom", answers, *problems)


def _keep_export() -> Json:
    answers = {"200": _answer("The export, its file kept for so long.", "Export") | {"headers": _RETRY_AFTER}}
    refused = {409: ["NOTHING_TO_KEEP"], 422: ["BAD_KEEP_DAYS"]}
    problems = (_BAD_BODY, _NOT_YOURS, _NOT_FOUND, refused)
    return _operation("keep_export", "Keep a file for longer, or shorter", answers, *problems) | {
        "requestBody": _body("KeepRequest")
    }


def _show_usage() -> Json:
    answers = {"200": _answer("Who asked for how much, as far as the service still knows.", "Usage")}
    problems = ({400: ["BAD_MONTH"]}, _NOT_YOURS)
    what = "A month of UTC; without it, this one."
    return _operation("show_usage", "Show who asked for how much; for admins", answers, *problems) | {
        "parameters": [_parameter("month", "query", MONTH, what)]
    }


def _delete_export() -> Json:
    answers: Json = {"204": {"description": "Deleted: from every read at once, then its files."}}
    problems = (_NOT_YOURS, _NOT_FOUND, {409: ["STILL_ACTIVE"]})
    return _operation("delete_export", "Delete an export that has ended", answers, *problems)


def _delete_exports() -> Json:
    answers = {"200": _answer("What was deleted, and why the rest was not.", "Deletion")}
    problems = (_BAD_BODY, {422: ["BAD_IDS"]})
    return _operation("delete_exports", "Delete many exports", answers, *problems) | {
        "requestBody": _body("DeletionRequest")
    }


def _get_health() -> Json:
    answers = {"200": _answer("The service is there.", "Health")}
    return {
        "operationId": "get_health",
        "summary": "Tell that the service is there",
        "security": [],
        "responses": answers | {status: _problem(status, []) for status in ("429", "5XX")},
    }


def _list_types() -> Json:
    answers = {"200": _answer("What may be asked for, and what the caller may do.", "Catalogue")}
    return _operation("list_types", "List export types, their filters, orders and options", answers)


def _get_page() -> Json:
    page = {"description": "The page.", "content": {"text/html": {"schema": {}}}}
    kept = {"description": "The caller has this version already (If-None-Match)."}
    refusals = {status: _problem(status, []) for status in ("429", "5XX")}
    return {
        "operationId": "get_page",
        "summary": "The page in which people use all this",
        "security": [],
        "responses": {"200": page, "304": kept} | refusals,
    }


def _get_file() -> Json:
    types = sorted({each.partition(";")[0] for each in CONTENT_TYPES.values()})
    file = {"description": "A file of the page.", "content": {each: {"schema": {}} for each in types}}
    missing = {"404": _problem("404", ["NOT_FOUND"]) | {"description": "The page has no such file."}}
    shared = _get_page()
    return shared | {
        "operationId": "get_file",
        "summary": "A file of the page, or its configuration (config.json)",
        "parameters": [
            _parameter("file", "path", {"type": "string"}, "The file's name.") | {"required": True}
        ],
        "responses": shared["responses"] | {"200": file} | missing,
    }


def _operation(name: str, summary: str, answers: Json, *problems: Codes) -> Json:
    """Return an operation with its answers: what it may say, and what any may say."""
    codes: dict[str, list[str]] = {"429": [], "5XX": ["UNEXPECTED"]}
    for each in (_EVERYWHERE, *problems):
        for status, found in each.items():
            codes.setdefault(str(status), []).extend(found)
    refusals = {status: _problem(status, sorted(codes[status])) for status in sorted(codes)}
    return {"operationId": name, "summary": summary, "responses": answers | refusals}


def _problem(status: str, codes: Sequence[str]) -> Json:
    content: Json = {}
    if codes:
        limits: Json = {"code": {"enum": list(codes)}}
        if status.isdecimal():
            limits["status"] = {"const": int(status)}
        content["application/problem+json"] = {"schema": refer("Problem") | {"properties": limits}}
    if status in _GATEWAYS_OWN:
        content["application/json"] = {"schema": refer("GatewayMessage")}
    return {"description": _MEANINGS[status], "content": content}


def _answer(description: str, schema: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": refer(schema)}}}


def _body(schema: str) -> Json:
    return {"required": True, "content": {"application/json": {"schema": refer(schema)}}}


def _parameter(name: str, place: str, schema: Mapping[str, Any], description: str) -> Json:
    return {"name": name, "in": place, "description": description, "schema": dict(schema)}


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
