"""The schemas of every answer, and what they are made of."""

from typing import Any

from doseexport import catalogue
from doseexport.actions.exports import MAX_DELETED
from doseexport.catalogue import values
from doseexport.domain.audit import AuditEvent
from doseexport.domain.export import ID_PATTERN, State

Json = dict[str, Any]

ID: Json = {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"}
MONTH: Json = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
KEEP_DAYS: Json = {"type": "integer", "minimum": 1}
TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
OR_NULL: Json = {"type": ["object", "null"]}
FLAG: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_NUMBER_OR_NULL: Json = {"type": ["integer", "null"], "minimum": 0}
TIME: Json = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Json = {"type": ["string", "null"], "format": "date-time"}
_VALUE_TYPES = sorted({each.name for each in vars(values).values() if isinstance(each, values.ValueType)})
_SCHEDULE: Json = ID | {"type": ["string", "null"], "description": "The schedule that asked; null: a person."}
_COUNTED = "Days from the export's end until its file is deleted."
_OLD = "Null if it was asked for before one could say."
_SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def make_answer_schemas() -> Json:
    """Return the schemas by their names."""
    return {**_make_answers(), **_make_problems()}


def refer(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def make_object(properties: Json, *optional: str, **more: Any) -> Json:
    """Return a closed object that has all of these properties but the optional ones."""
    required = [name for name in properties if name not in optional]
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return closed | ({"required": required} if required else {}) | more


def list_of(items: Json, **more: Any) -> Json:
    """Return a list of such items."""
    return {"type": "array", "items": items, **more}


def _make_answers() -> Json:
    return {
        "Export": make_object({**_asked(), **_course(), **_file(), "error": _failure(), "links": _links()}),
        "ExportPage": make_object({
            "exports": list_of(refer("Export")),
            "next_cursor": TEXT_OR_NULL | {"description": "Null on the last page."},
        }),
        "Download": make_object({
            "url": {"type": "string", "format": "uri"},
            "file_name": TEXT,
            "size": _NUMBER | {"description": "Bytes."},
            "sha256": _SHA256,
            "seconds": _NUMBER | {"description": "Life of the links."},
            "manifest": refer("ManifestLink"),
        }),
        "ManifestLink": make_object({
            "url": {"type": "string", "format": "uri"},
            "file_name": TEXT,
        }) | {"type": ["object", "null"], "description": "Null beside a file of before there were any."},
        "DeletionRequest": make_object({"ids": list_of(TEXT, minItems=1, maxItems=MAX_DELETED)}),
        "Deletion": make_object({
            "deleted": list_of(ID),
            "refused": list_of(make_object({"id": TEXT, "code": TEXT, "message": TEXT})),
        }),
        "KeepRequest": make_object({"retention_days": KEEP_DAYS | {"description": _COUNTED}}),
        "Usage": _make_usage(),
        "Health": make_object({"status": {"const": "ok"}, "version": TEXT}),
        "Preview": _make_preview(),
        **_make_trail(),
        **_make_catalogue(),
    }  # fmt: skip


def _make_usage() -> Json:
    numbers = ("requested", "active", "completed", "failed", "aborted", "studies", "bytes", "bytes_retained")
    of_one: Json = {"user": make_object({"id": TEXT, "name": TEXT}), **dict.fromkeys(numbers, _NUMBER)}
    of_one["bytes"] = _NUMBER | {"description": "Of all files that were made."}
    of_one["bytes_retained"] = _NUMBER | {"description": "Of files that can still be downloaded."}
    few = "False: there were too many to count, and the oldest are left out."
    return make_object({
        "month": MONTH,
        "complete": FLAG | {"description": few},
        "users": list_of(make_object(of_one)),
    })  # fmt: skip


def _make_preview() -> Json:
    date = {"type": ["string", "null"], "format": "date"}
    frequent = list_of(make_object({"value": TEXT, "count": _NUMBER}))
    words = "The most frequent values of what the workbook has its sheets by."
    return make_object({
        "studies": _NUMBER_OR_NULL,
        "events": _NUMBER_OR_NULL,
        "first_date": date,
        "last_date": date,
        "protocols": frequent | {"type": ["array", "null"], "description": words},
        "estimated_size": _NUMBER_OR_NULL | {"description": "Bytes, roughly."},
        "estimated_seconds": _NUMBER_OR_NULL | {"description": "Until there is a file, roughly."},
        "timed_out": FLAG | {"description": "PostgreSQL could not count in time: everything else is null."},
    })  # fmt: skip


def _make_trail() -> Json:
    person = make_object({"id": TEXT, "name": TEXT}, description="Null: the service itself.")
    values: Json = {"type": "object", "additionalProperties": TEXT}
    naming = "Filters that name a patient; null for a caller who may not see patients."
    asked = make_object(
        {
            "type": TEXT,
            "filters": values,
            "patient_filters": values | {"type": ["object", "null"], "description": naming},
            "include_names": FLAG,
            "include_ids": FLAG,
            "schedule_id": _SCHEDULE,
        }
    )
    file = make_object({"studies": _NUMBER, "events": _NUMBER, "size": _NUMBER, "sha256": _SHA256})
    kept = make_object({"days": KEEP_DAYS, "until": TIME_OR_NULL})
    entry = {
        "time": TIME,
        "event": {"enum": list(AuditEvent)},
        "attempt": {"type": "integer", "minimum": 1},
        "by": person | OR_NULL,
        "request": asked | OR_NULL | {"description": "Of the entry requested; else null."},
        "file": file | OR_NULL | {"description": "Of the entry completed; else null."},
        "code": TEXT_OR_NULL | {"description": "Of the entries failed and skipped; else null."},
        "retention": kept | OR_NULL | {"description": "Of the entry retention_changed; else null."},
    }
    return {
        "AuditTrail": make_object({"id": ID, "entries": list_of(refer("AuditEntry"))}),
        "AuditEntry": make_object(entry),
    }  # fmt: skip


def _make_catalogue() -> Json:
    """Return what GET /export-types answers: as a form needs it; the requests' own schemas are stricter."""
    helped = {"name": TEXT, "help": TEXT}
    return {
        "Catalogue": make_object({
            "modalities": list_of(refer("Modality")),
            "default_order": TEXT,
            "may_see_patients": FLAG,
            "is_admin": FLAG,
            "user": TEXT,
            "retention_days": make_object({"default": KEEP_DAYS, "max": KEEP_DAYS}),
        }),
        "Modality": make_object({
            "name": TEXT,
            "filters": list_of(refer("KnownFilter")),
            "orders": list_of(make_object(helped)),
            "types": list_of(refer("ExportType")),
        }),
        "KnownFilter": make_object({
            **helped,
            "value_type": {"enum": _VALUE_TYPES},
            "unit": TEXT,
            "aliases": list_of(TEXT),
            "needs_group": TEXT_OR_NULL,
        }),
        "ExportType": make_object({
            "type": TEXT,
            "format": {"enum": ["csv", "xlsx"]},
            "help": TEXT,
            "include_names": FLAG | {"description": "Whether files can hold patients' names."},
            "include_ids": FLAG | {"description": "Whether files can hold patients' IDs."},
            "options": list_of(
                make_object({**helped, "value_type": {"enum": _VALUE_TYPES}, "default": TEXT})
            ),
            "own_filters": list_of(refer("KnownFilter")),
            "needs": list_of(TEXT) | {"description": "Filters of which at least one must be given."},
        }),
    }  # fmt: skip


def _asked() -> Json:
    hidden = "Canonical names and values; null for a caller who may not read them."
    values = {"type": ["object", "null"], "additionalProperties": TEXT, "description": hidden}
    orders = {order.name for spec in catalogue.load_specs().values() for order in spec.orders}
    return {
        "id": ID,
        "type": {"enum": list(catalogue.load_specs())},
        "filters": values,
        "order": {"enum": sorted(orders)},
        "options": values,
        "include_names": FLAG,
        "include_ids": FLAG,
        "has_patient_data": FLAG
        | {"description": "Whether the file, or the request itself, names patients."},
        "owner_name": TEXT,
        "mine": FLAG,
        "schedule_id": _SCHEDULE,
    }


def _course() -> Json:
    return {
        "state": {"enum": list(State)},
        "attempt": {"type": "integer", "minimum": 1},
        "created_at": TIME,
        "started_at": TIME_OR_NULL,
        "finished_at": TIME_OR_NULL,
        "expires_at": TIME_OR_NULL,
        "retention_days": KEEP_DAYS | {"type": ["integer", "null"], "description": f"{_COUNTED} {_OLD}"},
        "studies_done": _NUMBER | {"description": "Studies written."},
        "studies_total": _NUMBER_OR_NULL | {"description": "Studies there will be; null until counted."},
        "percent": _NUMBER_OR_NULL | {"maximum": 100, "description": "100 only with the file."},
        "estimated_end": TIME_OR_NULL,
    }


def _file() -> Json:
    return {
        "file_name": TEXT_OR_NULL,
        "size": _NUMBER_OR_NULL | {"description": "Bytes."},
        "sha256": _SHA256 | {"type": ["string", "null"]},
        "studies": _NUMBER_OR_NULL,
        "events": _NUMBER_OR_NULL,
        "warnings": list_of(TEXT),
        "has_manifest": FLAG | {"description": "Whether a manifest can be downloaded beside the file."},
    }


def _failure() -> Json:
    reason = make_object({"code": TEXT, "message": TEXT}, description="Why it failed; else null.")
    return reason | {"type": ["object", "null"]}


def _links() -> Json:
    paths = dict.fromkeys(("self", "download", "abort", "delete", "set_retention"), TEXT)
    optional = [name for name in paths if name != "self"]
    return make_object(paths, *optional, description="What the caller may do now.")


def _make_problems() -> Json:
    return {
        "Problem": make_object({
            "type": {"type": "string", "pattern": "^urn:doseexport:problem:"},
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": TEXT | {"description": "Stable: for programs."},
            "detail": TEXT | {"description": "A message for a person; never a filter's value."},
            "field": TEXT_OR_NULL | {"description": "The part of the request at fault."},
        }),
        "GatewayMessage": {
            "type": "object",
            "description": "API Gateway's own answer, when it refuses before a function runs.",
            "properties": {"message": TEXT},
        },
    }  # fmt: skip
