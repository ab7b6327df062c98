"""Build the OpenAPI 3.1 document from the code; `python -m local.openapi` writes it to docs/openapi.json."""

import json

from doseexport import catalogue
from doseexport.actions.catalogue import ALL, COLUMN_CHOICES
from doseexport.actions.listing import LIST_SCOPES, MAX_LIMIT, ListQuery
from doseexport.actions.listing import MAX_TEXT as MAX_SEARCH
from doseexport.actions.previews import REPLACES
from doseexport.api.static import CONTENT_TYPES
from doseexport.catalogue.values import MAX_TEXT
from doseexport.domain.export import State
from doseexport.domain.export_list import NEWEST_FIRST, SORTS
from doseexport.domain.rights import ADMIN_GROUP, EXPORT_GROUP, PATIENT_GROUP
from doseexport.version import VERSION
from local.openapi.parts import (
    ANY_BODY,
    BAD_BODY,
    BAD_FOR_DATABASE,
    BAD_KEY,
    BAD_LIST,
    BAD_PRESET,
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    RETRY_AFTER,
    UNAVAILABLE,
    Codes,
    make_answer,
    make_body,
    make_idempotency_key,
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
_DESCRIPTION = f"""Exact csv, xlsx and table exports of OpenREM dose records.

Request an export (POST /exports). Poll the address in the Location header until `state` is COMPLETED, FAILED
or ABORTED. Then request a download link (POST /exports/{{id}}/download). The `links` of an export list the
actions that the caller may perform on it now.

Members of {EXPORT_GROUP} manage their own exports. Members of {ADMIN_GROUP} manage all exports. Members of
{PATIENT_GROUP} may also include patients' names and IDs. Errors follow RFC 9457: programs read `code`, people
read `detail`.

A request that is used often can be saved as a preset (POST /presets) and shared. A schedule (POST /schedules)
repeats a request automatically.
"""


def make_document() -> Json:
    """Return the complete document."""
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
            "parameters": {
                "id": make_parameter("id", "path", ID, "The id of the resource.") | {"required": True}
            },
            "securitySchemes": {
                "cognito": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the stack's user pool. The groups in cognito:groups "
                    "give a user's rights; the scopes doseexport/export, doseexport/admin and doseexport/pid "
                    "give a program's rights.",
                }
            },
        },
    }


def render() -> str:
    """Return the text of the file. The same code always gives the same bytes."""
    return json.dumps(make_document(), indent=2, ensure_ascii=False) + "\n"


def _make_paths() -> Json:
    with_id = {"parameters": [{"$ref": "#/components/parameters/id"}]}
    return {
        "/exports": {"get": _list_exports(), "post": _request_export(), "delete": _delete_exports()},
        "/exports/preview": {"post": _preview_export()},
        "/exports/preview/rows": {"post": _show_first_rows()},
        "/suggestions": {"get": _list_suggestions()},
        "/exports/{id}": with_id
        | {"get": _get_export(), "patch": _set_retention(), "delete": _delete_export()},
        "/exports/{id}/abort": with_id | {"post": _abort_export()},
        "/exports/{id}/download": with_id | {"post": _download_export()},
        "/exports/{id}/audit-trail": with_id | {"get": _show_audit_trail()},
        **make_preset_paths(with_id),
        **make_schedule_paths(with_id),
        "/usage": {"get": _show_usage()},
        "/export-types": {"get": _list_types()},
        "/health": {"get": _get_health()},
        "/": {"get": _get_page()},
        "/{file}": {"get": _get_file()},
    }


def _request_export() -> Json:
    created = make_answer(
        "The export, waiting for a worker. Repeating the request with the same key returns the same export.",
        "Export",
    )
    created["headers"] = RETRY_AFTER | make_location("The address of the export.")
    problems = (BAD_BODY, BAD_REQUEST, BAD_FOR_DATABASE, BAD_KEY, BAD_PRESET)
    return make_operation("request_export", "Request an export", {"202": created}, *problems) | {
        "parameters": [make_idempotency_key()],
        "requestBody": make_body("ExportRequest", "PresetUse"),
    }


def _list_suggestions() -> Json:
    answers = {"200": make_answer("The texts, or how many letters are needed.", "Suggestions")}
    problems = {422: ["BAD_FILTER_VALUE", "NO_SUGGESTIONS", "UNKNOWN_EXPORT_TYPE", "UNKNOWN_FILTER"]}
    summary = "Suggest values of a filter from the database, with their numbers of studies"
    operation = make_operation("list_suggestions", summary, answers, BAD_FOR_DATABASE, problems)
    operation["responses"]["503"] = _make_unavailable()
    text = {"type": "string"}
    return operation | {
        "parameters": [
            make_parameter("type", "query", text, "The export type.") | {"required": True},
            make_parameter("filter", "query", text, "The filter, which must suggest.") | {"required": True},
            make_parameter("q", "query", text | {"maxLength": MAX_TEXT}, "A part of the texts."),
        ]
    }


def _make_unavailable() -> Json:
    return make_problem("503", []) | {
        "content": {each: {"schema": refer(schema)} for each, schema in UNAVAILABLE}
    }


def _preview_export() -> Json:
    answers = {"200": make_answer("The counts and estimates, or `timed_out`.", "Preview")}
    summary = "Count what an export would contain, and estimate its size and time"
    replaced: Codes = {400: ["BAD_TOKEN"], 409: ["PREVIEW_REPLACED"]}
    problems = (BAD_BODY, BAD_REQUEST, BAD_FOR_DATABASE, replaced)
    operation = make_operation("preview_export", summary, answers, *problems)
    operation["responses"]["503"] = _make_unavailable()
    words = "Stop the caller's earlier previews that have the same token. They are answered with 409."
    token = {"type": "string", "pattern": f"^{REPLACES}$"}
    return operation | {
        "parameters": [make_parameter("replaces", "query", token, words)],
        "requestBody": make_body("ExportRequest"),
    }


def _show_first_rows() -> Json:
    answers = {"200": make_answer("The tables with their first rows, or `timed_out`.", "FirstRows")}
    summary = "Show the first rows of an export before it is requested"
    problems: Codes = {422: ["NO_FIRST_ROWS"]}
    operation = make_operation(
        "show_first_rows", summary, answers, BAD_BODY, BAD_REQUEST, BAD_FOR_DATABASE, problems
    )
    operation["responses"]["503"] = _make_unavailable()
    words = (
        "With include_names or include_ids the rows show names or IDs of patients, for members of pidgroup."
        " Each such answer is recorded in the audit trail before it is given, and without that the answer"
        " is AUDIT_TRAIL_UNAVAILABLE (503)."
    )
    return operation | {"description": words, "requestBody": make_body("ExportRequest")}


def _list_exports() -> Json:
    default = ListQuery()
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": default.limit}
    scope = {"enum": list(LIST_SCOPES), "default": default.terms.scope}
    page = {"200": make_answer("A page of exports.", "ExportPage")}
    return make_operation("list_exports", "List exports", page, BAD_LIST) | {
        "parameters": [
            make_parameter("scope", "query", scope, "The caller's own exports, or those of all users."),
            make_parameter("state", "query", {"enum": list(State)}, "Only exports in this state."),
            *_make_search_parameters(),
            make_parameter("limit", "query", limit, "The most exports per page. A page can have fewer."),
            make_parameter("cursor", "query", {"type": "string"}, "`next_cursor` of the previous page."),
        ]
    }


def _make_search_parameters() -> list[Json]:
    text: Json = {"type": "string", "minLength": 1, "maxLength": MAX_SEARCH}
    day: Json = {"type": "string", "format": "date"}
    words = "Only exports whose name, type, owner or schedule has all these words. Not for names of patients."
    schemas: dict[str, tuple[Json, str]] = {
        "type": ({"enum": list(catalogue.load_specs())}, "Only exports of this type."),
        "owner_name": (text, "Only exports of the user of this name."),
        "schedule_id": (ID, "Only exports of this schedule."),
        "requested_from": (day, "The first day of the request, in the time zone of the service."),
        "requested_to": (day, "The last day of the request."),
        "q": (text, words),
        "sort": (
            {"enum": list(SORTS), "default": NEWEST_FIRST},
            "The order; a minus means the latest or largest first. TOO_MANY_TO_SORT: choose shorter dates.",
        ),
    }
    return [make_parameter(name, "query", schema, help_) for name, (schema, help_) in schemas.items()]


def _get_export() -> Json:
    answers = {"200": make_answer("The export.", "Export") | {"headers": RETRY_AFTER}}
    return make_operation("get_export", "Show an export and its progress", answers, NOT_FOUND)


def _abort_export() -> Json:
    stopped = make_answer("The export: ABORTED, or ABORTING until its worker has stopped.", "Export")
    answers = {"202": stopped | {"headers": RETRY_AFTER}}
    problems = (ANY_BODY, FORBIDDEN, NOT_FOUND, {409: ["NOT_ACTIVE"]})
    return make_operation("abort_export", "Stop a queued or running export", answers, *problems)


def _download_export() -> Json:
    answers = {"200": make_answer("A link that needs no token and expires after some minutes.", "Download")}
    problems = (ANY_BODY, FORBIDDEN, NOT_FOUND, {409: ["NOT_READY"]})
    return make_operation("download_export", "Create a download link", answers, *problems)


def _show_audit_trail() -> Json:
    answers = {
        "200": make_answer(
            "The audit trail, oldest entry first. It remains available after the export is deleted.",
            "AuditTrail",
        )
    }
    problems = (FORBIDDEN, NOT_FOUND)
    return make_operation("show_audit_trail", "Show the audit trail of an export", answers, *problems)


def _set_retention() -> Json:
    answers = {"200": make_answer("The export with its new retention.", "Export") | {"headers": RETRY_AFTER}}
    retention_problems: Codes = {409: ["NO_FILE_TO_RETAIN"], 422: ["BAD_RETENTION_DAYS"]}
    problems = (BAD_BODY, FORBIDDEN, NOT_FOUND, retention_problems)
    return make_operation("set_retention", "Change how long a file is retained", answers, *problems) | {
        "requestBody": make_body("RetentionRequest")
    }


def _show_usage() -> Json:
    answers = {"200": make_answer("The usage per user, from the records that still exist.", "Usage")}
    problems = ({400: ["BAD_MONTH"]}, FORBIDDEN)
    month = make_parameter("month", "query", MONTH, "A month in UTC (default: the current month).")
    summary = "Show the usage per user in a month (administrators only)"
    return make_operation("show_usage", summary, answers, *problems) | {"parameters": [month]}


def _delete_export() -> Json:
    answers: Json = {
        "204": {"description": "Deleted. The export can no longer be read; its files are removed next."}
    }
    problems = (FORBIDDEN, NOT_FOUND, {409: ["STILL_ACTIVE"]})
    return make_operation("delete_export", "Delete a finished export", answers, *problems)


def _delete_exports() -> Json:
    answers = {
        "200": make_answer(
            "The exports that were deleted, and those that were not, with reasons.", "Deletion"
        )
    }
    problems = (BAD_BODY, {422: ["BAD_IDS"]})
    return make_operation("delete_exports", "Delete several exports", answers, *problems) | {
        "requestBody": make_body("DeletionRequest")
    }


def _get_health() -> Json:
    answers = {"200": make_answer("The service is running.", "Health")}
    return {
        "operationId": "get_health",
        "summary": "Check that the service is running",
        "security": [],
        "responses": answers | {status: make_problem(status, []) for status in ("429", "5XX")},
    }


def _list_types() -> Json:
    answers = {"200": make_answer("The export types, and the caller's rights.", "Catalogue")}
    summary = "List the export types with their filters, orders, options and columns"
    choice = {"enum": list(COLUMN_CHOICES), "default": ALL}
    columns = make_parameter("columns", "query", choice, "Whether to describe the columns of every type.")
    return make_operation("list_types", summary, answers, {400: ["BAD_COLUMNS"]}) | {"parameters": [columns]}


def _get_page() -> Json:
    page = {"description": "The web page.", "content": {"text/html": {"schema": {}}}}
    unchanged = {"description": "The caller already has this version (If-None-Match)."}
    refusals = {status: make_problem(status, []) for status in ("429", "5XX")}
    return {
        "operationId": "get_page",
        "summary": "Open the web page of the service",
        "security": [],
        "responses": {"200": page, "304": unchanged} | refusals,
    }


def _get_file() -> Json:
    types = sorted({each.partition(";")[0] for each in CONTENT_TYPES.values()})
    file = {"description": "The file.", "content": {each: {"schema": {}} for each in types}}
    missing = {"404": make_problem("404", ["NOT_FOUND"]) | {"description": "The web page has no such file."}}
    shared = _get_page()
    return shared | {
        "operationId": "get_file",
        "summary": "Get a file of the web page, or its configuration (config.json)",
        "parameters": [
            make_parameter("file", "path", {"type": "string"}, "The name of the file.") | {"required": True}
        ],
        "responses": shared["responses"] | {"200": file} | missing,
    }
