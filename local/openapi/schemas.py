"""Build the schemas of the answers, and the basic schemas that all others share."""

from typing import Any

from doseexport import catalogue
from doseexport.actions.exports import MAX_DELETED
from doseexport.domain.audit import AuditEvent
from doseexport.domain.export import ID_PATTERN, State

Json = dict[str, Any]

ID: Json = {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"}
MONTH: Json = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
RETENTION_DAYS: Json = {"type": "integer", "minimum": 1}
TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
OR_NULL: Json = {"type": ["object", "null"]}
FLAG: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_NUMBER_OR_NULL: Json = {"type": ["integer", "null"], "minimum": 0}
TIME: Json = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Json = {"type": ["string", "null"], "format": "date-time"}
_SPECS = catalogue.load_specs().values()
_VALUE_TYPES = sorted(
    {each.value_type.name for spec in _SPECS for each in spec.filters}
    | {each.value_type.name for spec in _SPECS for each in spec.options}
)
_SCHEDULE: Json = ID | {
    "type": ["string", "null"],
    "description": "The schedule that requested the export. Null: a caller did.",
}
_COLUMNS_HELP = "An entry for every heading that a file can have. Null if the request omitted the columns."
_RETENTION_HELP = "Days from the export's end until its file is deleted."
_SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def make_answer_schemas() -> Json:
    """Return the schemas by name."""
    return {**_make_answers(), **_make_problems()}


def refer(name: str) -> Json:
    """Return a reference to a named schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def make_object(properties: Json, *optional: str, **more: Any) -> Json:
    """Return an object schema that forbids other properties and requires all but the optional ones."""
    required = [name for name in properties if name not in optional]
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return closed | ({"required": required} if required else {}) | more


def make_list(items: Json, **more: Any) -> Json:
    """Return the schema of a list of these items."""
    return {"type": "array", "items": items, **more}


def _make_answers() -> Json:
    return {
        "Export": make_object({
            **_make_request_fields(),
            **_make_progress_fields(),
            **_make_file_fields(),
            "error": _make_error(),
            "links": _make_links(),
        }),
        "ExportPage": make_object({
            "exports": make_list(refer("Export")),
            "next_cursor": TEXT_OR_NULL | {"description": "Null on the last page."},
        }),
        "Download": make_object({
            "url": {"type": "string", "format": "uri"},
            "file_name": TEXT,
            "size": _NUMBER | {"description": "Bytes."},
            "sha256": _SHA256,
            "seconds": _NUMBER | {"description": "Seconds until the links expire."},
            "manifest": refer("ManifestLink"),
        }),
        "ManifestLink": make_object({
            "url": {"type": "string", "format": "uri"},
            "file_name": TEXT,
        }) | {"type": ["object", "null"], "description": "Null if the export has no manifest."},
        "DeletionRequest": make_object({"ids": make_list(TEXT, minItems=1, maxItems=MAX_DELETED)}),
        "Deletion": make_object({
            "deleted": make_list(ID),
            "refused": make_list(make_object({"id": TEXT, "code": TEXT, "message": TEXT})),
        }),
        "RetentionRequest": make_object({
            "retention_days": RETENTION_DAYS | {"description": _RETENTION_HELP},
        }),
        "Usage": _make_usage(),
        "Health": make_object({"status": {"const": "ok"}, "version": TEXT}),
        "Preview": _make_preview(),
        "FirstRows": _make_first_rows(),
        "Suggestions": _make_suggestions(),
        **_make_audit_trail(),
        **_make_catalogue(),
    }  # fmt: skip


def _make_usage() -> Json:
    numbers = ("requested", "active", "completed", "failed", "aborted", "studies", "bytes", "bytes_retained")
    per_user: Json = {"user": make_object({"id": TEXT, "name": TEXT}), **dict.fromkeys(numbers, _NUMBER)}
    per_user["bytes"] = _NUMBER | {"description": "Total size of all files."}
    per_user["bytes_retained"] = _NUMBER | {"description": "Size of the files that can still be downloaded."}
    complete = "False: there were too many exports to count, and the oldest are left out."
    first_rows = (
        "Who was shown names or IDs of patients in first rows, newest first. `patient_filters` are null for"
        " everyone."
    )
    return make_object({
        "month": MONTH,
        "complete": FLAG | {"description": complete},
        "users": make_list(make_object(per_user)),
        "first_rows": make_list(refer("AuditEntry")) | {"description": first_rows},
        "first_rows_complete": FLAG | {"description": "False: there are older ones in the month."},
    })  # fmt: skip


def _make_preview() -> Json:
    date = {"type": ["string", "null"], "format": "date"}
    missing = make_object({"has_studies": FLAG, "filters": make_list(TEXT)})
    words = (
        "Why there are no studies: whether OpenREM has any of this modality, and the filters that match none"
        " of them alone. The two ends of a range count as one filter. Null if there are studies."
    )
    protocols = "The most frequent protocols: the values by which the workbook is split into sheets."
    return make_object({
        "studies": _NUMBER_OR_NULL,
        "events": _NUMBER_OR_NULL,
        "most_events": _NUMBER_OR_NULL | {"description": "Number of events of the study with most."},
        "first_date": date,
        "last_date": date,
        "protocols": _make_counts("value", protocols),
        "rooms": _make_counts("value", "The most frequent display names, by studies."),
        "descriptions": _make_counts("value", "The most frequent study descriptions, by studies."),
        "months": _make_counts("month", "Studies of each month that has any, oldest first."),
        "groups": _NUMBER_OR_NULL | {"description": "About how many groups an audit has. Null otherwise."},
        "missing": missing | {"type": ["object", "null"], "description": words},
        "estimated_size": _NUMBER_OR_NULL | {"description": "Estimated size of the file in bytes."},
        "estimated_seconds": _NUMBER_OR_NULL | {"description": "Estimated time until the file is ready."},
        "timed_out": FLAG | {"description": "True: counting took too long, and everything else is null."},
    })  # fmt: skip


def _make_first_rows() -> Json:
    row = make_object({"study_id": _NUMBER, "cells": make_list(TEXT)})
    table = make_object({
        "name": TEXT | {"description": "The sheet or table. Empty for a csv."},
        "headings": make_list(TEXT),
        "more_columns": FLAG | {"description": "True: the file has more columns on the right."},
        "rows": make_list(row),
    })  # fmt: skip
    return make_object({
        "tables": make_list(table) | {"type": ["array", "null"], "description": "Empty ones are left out."},
        "timed_out": FLAG | {"description": "True: reading took too long, and `tables` is null."},
    })  # fmt: skip


def _make_suggestions() -> Json:
    needed = "Ask again with this many letters: the database could not answer in time. Null otherwise."
    counts = make_list(make_object({"value": TEXT, "count": _NUMBER}))
    return make_object({
        "values": counts | {"description": "Texts and their numbers of studies, most frequent first."},
        "complete": FLAG | {"description": "False: more texts contain `q`."},
        "letters_needed": _NUMBER_OR_NULL | {"description": needed},
    })  # fmt: skip


def _make_counts(name: str, description: str) -> Json:
    counts = make_list(make_object({name: TEXT, "count": _NUMBER}))
    return counts | {"type": ["array", "null"], "description": description}


def _make_audit_trail() -> Json:
    actor = make_object({"id": TEXT, "name": TEXT}, description="Null: the service itself.")
    values: Json = {"type": "object", "additionalProperties": TEXT}
    hidden = "Filters that identify a patient. Null if the caller may not see patients."
    request = make_object(
        {
            "type": TEXT,
            "filters": values,
            "patient_filters": values | {"type": ["object", "null"], "description": hidden},
            "include_names": FLAG,
            "include_ids": FLAG,
            "pseudonyms": TEXT_OR_NULL | {"description": "The project. Null: the file has no pseudonyms."},
            "schedule_id": _SCHEDULE,
        }
    )
    file = make_object({"studies": _NUMBER, "events": _NUMBER, "size": _NUMBER, "sha256": _SHA256})
    retention = make_object({"days": RETENTION_DAYS, "until": TIME_OR_NULL})
    entry = {
        "time": TIME,
        "event": {"enum": list(AuditEvent)},
        "attempt": {"type": "integer", "minimum": 1},
        "by": actor | OR_NULL,
        "request": request | OR_NULL | {"description": "What was requested. Null for other events."},
        "file": file | OR_NULL | {"description": "Null unless the event is completed."},
        "code": TEXT_OR_NULL | {"description": "Null unless the event is failed, skipped or mail_failed."},
        "retention": retention | OR_NULL | {"description": "Null unless the event is retention_changed."},
    }
    return {
        "AuditTrail": make_object({"id": ID, "entries": make_list(refer("AuditEntry"))}),
        "AuditEntry": make_object(entry),
    }  # fmt: skip


def _make_catalogue() -> Json:
    """Return the schemas of GET /export-types.

    They hold what a form needs. The schemas of requests are stricter.
    """
    helped = {"name": TEXT, "help": TEXT}
    return {
        "Catalogue": make_object({
            "modalities": make_list(refer("Modality")),
            "default_order": TEXT,
            "may_see_patients": FLAG,
            "is_admin": FLAG,
            "user": TEXT,
            "can_send_mail": FLAG | {"description": "Whether the caller can ask for a mail."},
            "retention_days": make_object({"default": RETENTION_DAYS, "max": RETENTION_DAYS}),
        }),
        "Modality": make_object({
            "name": TEXT,
            "filters": make_list(refer("KnownFilter")),
            "orders": make_list(make_object(helped)),
            "types": make_list(refer("ExportType")),
        }),
        "KnownFilter": make_object({
            **helped,
            "value_type": {"enum": _VALUE_TYPES},
            "unit": TEXT,
            "aliases": make_list(TEXT),
            "needs_group": TEXT_OR_NULL,
            "identifies_patient": FLAG | {"description": "Keep the value out of addresses, logs and files."},
            "suggests": FLAG | {"description": "Whether GET /suggestions answers for it."},
        }),
        "KnownColumn": _make_column(),
        "ExportType": _make_export_type(helped),
    }  # fmt: skip


def _make_export_type(helped: Json) -> Json:
    return make_object({
        "type": TEXT,
        "format": {"enum": ["csv", "xlsx", "zip"]},
        "help": TEXT,
        "include_names": FLAG | {"description": "Whether files can hold patients' names."},
        "include_ids": FLAG | {"description": "Whether files can hold patients' IDs."},
        "options": make_list(
            make_object({
                **helped,
                "value_type": {"enum": _VALUE_TYPES},
                "default": TEXT,
                "choices": make_list(TEXT) | {"description": "The values, if there is a choice of few."},
            })
        ),
        "own_filters": make_list(refer("KnownFilter")),
        "default_filters": {
            "type": "object",
            "additionalProperties": TEXT,
            "description": "Filters that hold where a request has no other value.",
        },
        "is_ordered": FLAG | {"description": "Whether the order of studies matters to the file."},
        "needs": make_list(TEXT) | {"description": "Filters of which at least one must be given."},
        "columns": make_list(refer("KnownColumn"))
        | {"type": ["array", "null"], "description": _COLUMNS_HELP},
    })  # fmt: skip


def _make_column() -> Json:
    """Return the schema of an entry of the dictionary."""
    descriptions = {
        "sheets": "The sheets with this heading. A name in <> stands for the sheets that data name.",
        "heading": "The heading. <n> stands for the number of a repeated block.",
        "meaning": "What the cells hold.",
        "unit": "The unit, or empty.",
        "dicom": "The concept or the tag of DICOM, or empty.",
        "source": "Columns of OpenREM as table.column, without the prefix remapp_, or words.",
        "conversion": "What is done to the stored value. Empty: nothing.",
        "blank": "When a cell is blank.",
        "several_rows": "What happens to several rows in OpenREM. Empty: it cannot be.",
        "included_by": "What includes the column. Empty: every file has it.",
        "column": "What the option leave_out calls it. Empty: it cannot be left out.",
    }
    texts = {name: TEXT | {"description": each} for name, each in descriptions.items()}
    return make_object({**texts, "sheets": make_list(TEXT) | {"description": descriptions["sheets"]}})


def _make_request_fields() -> Json:
    hidden = "Canonical names and values. Null if the caller may not read them."
    values = {"type": ["object", "null"], "additionalProperties": TEXT, "description": hidden}
    orders = {order.name for spec in catalogue.load_specs().values() for order in spec.orders}
    return {
        "id": ID,
        "name": TEXT_OR_NULL | {"description": "Its owner's name for it. Null if the caller may not see it."},
        "type": {"enum": list(catalogue.load_specs())},
        "filters": values,
        "order": {"enum": sorted(orders)},
        "options": values,
        "include_names": FLAG,
        "include_ids": FLAG,
        "send_mail": FLAG | {"description": "Whether its owner gets a mail when it ends."},
        "has_patient_data": FLAG | {"description": "Whether the file or the request identifies patients."},
        "owner_name": TEXT,
        "mine": FLAG,
        "schedule_id": _SCHEDULE,
        "schedule_name": TEXT_OR_NULL | {"description": "Null for users who may not see the schedule."},
    }


def _make_progress_fields() -> Json:
    return {
        "state": {"enum": list(State)},
        "attempt": {"type": "integer", "minimum": 1},
        "created_at": TIME,
        "started_at": TIME_OR_NULL,
        "finished_at": TIME_OR_NULL,
        "expires_at": TIME_OR_NULL,
        "retention_days": RETENTION_DAYS
        | {"type": ["integer", "null"], "description": f"{_RETENTION_HELP} Null if it was never set."},
        "studies_done": _NUMBER | {"description": "The number of studies written so far."},
        "studies_total": _NUMBER_OR_NULL | {"description": "The number of studies. Null until counted."},
        "percent": _NUMBER_OR_NULL
        | {"maximum": 100, "description": "Progress. It reaches 100 only when the file is ready."},
        "estimated_end": TIME_OR_NULL,
    }


def _make_file_fields() -> Json:
    return {
        "file_name": TEXT_OR_NULL,
        "size": _NUMBER_OR_NULL | {"description": "Bytes."},
        "sha256": _SHA256 | {"type": ["string", "null"]},
        "studies": _NUMBER_OR_NULL,
        "events": _NUMBER_OR_NULL,
        "warnings": make_list(TEXT),
        "answer": TEXT_OR_NULL | {"description": "What an audit found, in one line. Otherwise null."},
        "has_manifest": FLAG | {"description": "Whether the export has a manifest to download."},
    }


def _make_error() -> Json:
    reason = make_object({"code": TEXT, "message": TEXT}, description="Why it failed. Otherwise null.")
    return reason | {"type": ["object", "null"]}


def _make_links() -> Json:
    paths = dict.fromkeys(("self", "download", "abort", "delete", "set_retention"), TEXT)
    optional = [name for name in paths if name != "self"]
    return make_object(paths, *optional, description="The actions that the caller may perform now.")


def _make_problems() -> Json:
    return {
        "Problem": make_object({
            "type": {"type": "string", "pattern": "^urn:doseexport:problem:"},
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": TEXT | {"description": "A stable code for programs."},
            "detail": TEXT | {"description": "A message for people. It never contains a filter's value."},
            "field": TEXT_OR_NULL | {"description": "The field of the request that caused the problem."},
        }),
        "GatewayMessage": {
            "type": "object",
            "description": "The answer of API Gateway when it rejects a call before a function runs.",
            "properties": {"message": TEXT},
        },
    }  # fmt: skip
