"""The API as OpenAPI 3.1, made from the code: `python -m local.openapi` writes docs/openapi.json."""

import json

from doseexport.actions.listing import MAX_LIMIT, SCOPES, ListQuery
from doseexport.api.static import CONTENT_TYPES
from doseexport.domain.export import State
from doseexport.domain.rights import ADMIN_GROUP, EXPORT_GROUP, PATIENT_GROUP
from doseexport.version import VERSION
from local.openapi.parts import (
    BAD_BODY,
    BAD_KEY,
    BAD_LIST,
    BAD_REQUEST,
    NOT_FOUND,
    NOT_YOURS,
    RETRY_AFTER,
    SILENT,
    Codes,
    make_answer,
    make_body,
    make_key,
    make_location,
    make_operation,
    make_parameter,
    make_problem,
)
from local.openapi.presets import make_preset_paths, make_preset_schemas
from local.openapi.requests import make_request_schemas
from local.openapi.schedules import make_schedule_paths, make_schedule_schemas
from local.openapi.schemas import ID, MONTH, Json, make_answer_schemas, refer
from local.stack.build import ROOT

TARGET = ROOT / "docs" / "openapi.json"
_DESCRIPTION = f"""Exact csv and xlsx exports of OpenREM dose records.

Ask (POST /exports), follow the address in Location until `state` is settled, then ask for a link
(POST /exports/{{id}}/download). `links` of an export says what the caller may do with it now.

Callers are members of {EXPORT_GROUP} (their own exports) or {ADMIN_GROUP} (everyone's); {PATIENT_GROUP} adds
patients' names and IDs. Problems are RFC 9457; a program reads `code`, a person reads `detail`.

What is asked for again and again can be kept as a preset (POST /presets), and shared.
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
            "schemas": make_request_schemas()
            | make_preset_schemas()
            | make_answer_schemas()
            | make_schedule_schemas(),
            "parameters": {"id": make_parameter("id", "path", ID, "Its id.") | {"required": True}},
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
        "/exports/{id}/audit-trail": named | {"get": _show_trail()},
        **make_preset_paths(named),
        **make_schedule_paths(named),
        "/usage": {"get": _show_usage()},
        "/export-types": {"get": _list_types()},
        "/health": {"get": _get_health()},
        "/": {"get": _get_page()},
        "/{file}": {"get": _get_file()},
    }


def _request_export() -> Json:
    made = make_answer(
        "The export, waiting for a worker. The same key and request give the same one.", "Export"
    )
    made["headers"] = RETRY_AFTER | make_location("The export's address.")
    by_preset: Codes = {422: ["PRESET_OF_ANOTHER_TYPE", "UNKNOWN_PRESET"]}
    problems = (BAD_BODY, BAD_REQUEST, BAD_KEY, by_preset)
    return make_operation("request_export", "Ask for an export", {"202": made}, *problems) | {
        "parameters": [make_key()],
        "requestBody": make_body("ExportRequest", "PresetUse"),
    }


def _preview_export() -> Json:
    answers = {"200": make_answer("What it would hold, or that this cannot be counted in time.", "Preview")}
    refused = make_problem("503", []) | {
        "content": {each: {"schema": refer(schema)} for each, schema in SILENT}
    }
    asked = make_operation("preview_export", "Tell what an export would hold", answers, BAD_BODY, BAD_REQUEST)
    asked["responses"]["503"] = refused
    return asked | {"requestBody": make_body("ExportRequest")}


def _list_exports() -> Json:
    usual = ListQuery()
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": usual.limit}
    scope = {"enum": list(SCOPES), "default": usual.scope}
    page = {"200": make_answer("A page of exports, newest first.", "ExportPage")}
    return make_operation("list_exports", "List exports", page, BAD_LIST) | {
        "parameters": [
            make_parameter("scope", "query", scope, "The caller's own exports, or everyone's."),
            make_parameter("state", "query", {"enum": list(State)}, "Only exports in this state."),
            make_parameter("limit", "query", limit, "Exports on a page."),
            make_parameter("cursor", "query", {"type": "string"}, "`next_cursor` of the page before."),
        ]
    }


def _get_export() -> Json:
    answers = {"200": make_answer("The export.", "Export") | {"headers": RETRY_AFTER}}
    return make_operation("get_export", "Show an export and how far it is", answers, NOT_FOUND)


def _abort_export() -> Json:
    stopped = make_answer("ABORTED, or ABORTING until its worker has stopped.", "Export")
    answers = {"202": stopped | {"headers": RETRY_AFTER}}
    problems = (NOT_YOURS, NOT_FOUND, {409: ["NOT_ACTIVE"]})
    return make_operation("abort_export", "Stop an export that waits or runs", answers, *problems)


def _download_export() -> Json:
    answers = {"200": make_answer("A link that works for some minutes, without a token.", "Download")}
    problems = (NOT_YOURS, NOT_FOUND, {409: ["NOT_READY"]})
    return make_operation("download_export", "Make a link to the file", answers, *problems)


def _show_trail() -> Json:
    answers = {
        "200": make_answer("What happened to it, oldest first; of a deleted export too.", "AuditTrail")
    }
    problems = (NOT_YOURS, NOT_FOUND)
    return make_operation(
        "show_audit_trail", "Show what happened to an export, and by whom", answers, *problems
    )


def _keep_export() -> Json:
    answers = {
        "200": make_answer("The export, its file kept for so long.", "Export") | {"headers": RETRY_AFTER}
    }
    refused = {409: ["NOTHING_TO_KEEP"], 422: ["BAD_RETENTION_DAYS"]}
    problems = (BAD_BODY, NOT_YOURS, NOT_FOUND, refused)
    return make_operation("set_retention", "Keep a file for longer, or shorter", answers, *problems) | {
        "requestBody": make_body("KeepRequest")
    }


def _show_usage() -> Json:
    answers = {"200": make_answer("Who asked for how much, as far as the service still knows.", "Usage")}
    problems = ({400: ["BAD_MONTH"]}, NOT_YOURS)
    what = "A month of UTC; without it, this one."
    return make_operation("show_usage", "Show who asked for how much; for admins", answers, *problems) | {
        "parameters": [make_parameter("month", "query", MONTH, what)]
    }


def _delete_export() -> Json:
    answers: Json = {"204": {"description": "Deleted: from every read at once, then its files."}}
    problems = (NOT_YOURS, NOT_FOUND, {409: ["STILL_ACTIVE"]})
    return make_operation("delete_export", "Delete an export that has ended", answers, *problems)


def _delete_exports() -> Json:
    answers = {"200": make_answer("What was deleted, and why the rest was not.", "Deletion")}
    problems = (BAD_BODY, {422: ["BAD_IDS"]})
    return make_operation("delete_exports", "Delete many exports", answers, *problems) | {
        "requestBody": make_body("DeletionRequest")
    }


def _get_health() -> Json:
    answers = {"200": make_answer("The service is there.", "Health")}
    return {
        "operationId": "get_health",
        "summary": "Tell that the service is there",
        "security": [],
        "responses": answers | {status: make_problem(status, []) for status in ("429", "5XX")},
    }


def _list_types() -> Json:
    answers = {"200": make_answer("What may be asked for, and what the caller may do.", "Catalogue")}
    return make_operation("list_types", "List export types, their filters, orders and options", answers)


def _get_page() -> Json:
    page = {"description": "The page.", "content": {"text/html": {"schema": {}}}}
    kept = {"description": "The caller has this version already (If-None-Match)."}
    refusals = {status: make_problem(status, []) for status in ("429", "5XX")}
    return {
        "operationId": "get_page",
        "summary": "The page in which people use all this",
        "security": [],
        "responses": {"200": page, "304": kept} | refusals,
    }


def _get_file() -> Json:
    types = sorted({each.partition(";")[0] for each in CONTENT_TYPES.values()})
    file = {"description": "A file of the page.", "content": {each: {"schema": {}} for each in types}}
    missing = {"404": make_problem("404", ["NOT_FOUND"]) | {"description": "The page has no such file."}}
    shared = _get_page()
    return shared | {
        "operationId": "get_file",
        "summary": "A file of the page, or its configuration (config.json)",
        "parameters": [
            make_parameter("file", "path", {"type": "string"}, "The file's name.") | {"required": True}
        ],
        "responses": shared["responses"] | {"200": file} | missing,
    }
