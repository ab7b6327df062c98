"""The schemas of every answer, and what they are made of."""

from typing import Any

from doseexport import exports, kinds
from doseexport.actions import MAX_DELETED
from doseexport.export import ID_PATTERN, State
from doseexport.trail import Kind

Json = dict[str, Any]

ID: Json = {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"}
MONTH: Json = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
KEEP_DAYS: Json = {"type": "integer", "minimum": 1}
_TEXT: Json = {"type": "string"}
_TEXT_OR_NULL: Json = {"type": ["string", "null"]}
_OR_NULL: Json = {"type": ["object", "null"]}
FLAG: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_NUMBER_OR_NULL: Json = {"type": ["integer", "null"], "minimum": 0}
_TIME: Json = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Json = {"type": ["string", "null"], "format": "date-time"}
_KINDS = sorted({each.name for each in vars(kinds).values() if isinstance(each, kinds.Kind)})
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


def _list_of(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


def _make_answers() -> Json:
    return {
        "Export": make_object({**_asked(), **_course(), **_file(), "error": _failure(), "links": _links()}),
        "ExportPage": make_object({
            "exports": _list_of(refer("Export")),
            "next_cursor": _TEXT_OR_NULL | {"description": "Null on the last page."},
        }),
        "Download": make_object({
            "url": {"type": "string", "format": "uri"},
            "file_name": _TEXT,
            "size": _NUMBER | {"description": "Bytes."},
            "sha256": _SHA256,
            "seconds": _NUMBER | {"description": "Life of the links."},
            "manifest": refer("ManifestLink"),
        }),
        "ManifestLink": make_object({
            "url": {"type": "string", "format": "uri"},
            "file_name": _TEXT,
        }) | {"type": ["object", "null"], "description": "Null beside a file of before there were any."},
        "DeletionRequest": make_object({"ids": _list_of(_TEXT, minItems=1, maxItems=MAX_DELETED)}),
        "Deletion": make_object({
            "deleted": _list_of(ID),
            "refused": _list_of(make_object({"id": _TEXT, "code": _TEXT, "sentence": _TEXT})),
        }),
        "KeepRequest": make_object({"keep_days": KEEP_DAYS | {"description": _COUNTED}}),
        "Usage": _make_usage(),
        "Health": make_object({"status": {"const": "ok"}, "version": _TEXT}),
        "Preview": _make_preview(),
        **_make_trail(),
        **_make_catalogue(),
    }  # fmt: skip


def _make_usage() -> Json:
    numbers = ("asked", "active", "completed", "failed", "aborted", "studies", "bytes", "bytes_kept")
    of_one: Json = {"user": make_object({"id": _TEXT, "name": _TEXT}), **dict.fromkeys(numbers, _NUMBER)}
    of_one["bytes"] = _NUMBER | {"description": "Of all files that were made."}
    of_one["bytes_kept"] = _NUMBER | {"description": "Of files that can still be downloaded."}
    few = "False: there were too many to count, and the oldest are left out."
    return make_object({
        "month": MONTH,
        "complete": FLAG | {"description": few},
        "users": _list_of(make_object(of_one)),
    })  # fmt: skip


def _make_preview() -> Json:
    date = {"type": ["string", "null"], "format": "date"}
    frequent = _list_of(make_object({"value": _TEXT, "count": _NUMBER}))
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
    person = make_object({"id": _TEXT, "name": _TEXT}, description="Null: the service itself.")
    values: Json = {"type": "object", "additionalProperties": _TEXT}
    naming = "Filters that name a patient; null for a caller who may not see patients."
    asked = make_object(
        {
            "type": _TEXT,
            "filters": values,
            "patient_filters": values | {"type": ["object", "null"], "description": naming},
            "names": FLAG,
            "ids": FLAG,
        }
    )
    file = make_object({"studies": _NUMBER, "events": _NUMBER, "size": _NUMBER, "sha256": _SHA256})
    kept = make_object({"days": KEEP_DAYS, "until": _TIME_OR_NULL})
    entry = {
        "time": _TIME,
        "kind": {"enum": list(Kind)},
        "attempt": {"type": "integer", "minimum": 1},
        "by": person | _OR_NULL,
        "asked": asked | _OR_NULL | {"description": "Of the entry requested; else null."},
        "file": file | _OR_NULL | {"description": "Of the entry completed; else null."},
        "code": _TEXT_OR_NULL | {"description": "Of the entry failed; else null."},
        "kept": kept | _OR_NULL | {"description": "Of the entry kept; else null."},
    }
    return {
        "Trail": make_object({"id": ID, "entries": _list_of(refer("TrailEntry"))}),
        "TrailEntry": make_object(entry),
    }  # fmt: skip


def _make_catalogue() -> Json:
    """Return what GET /export-types answers: as a form needs it; the requests' own schemas are stricter."""
    helped = {"name": _TEXT, "help": _TEXT}
    return {
        "Catalogue": make_object({
            "modalities": _list_of(refer("Modality")),
            "default_order": _TEXT,
            "may_see_patients": FLAG,
            "is_admin": FLAG,
            "user": _TEXT,
            "keep_days": make_object({"default": KEEP_DAYS, "max": KEEP_DAYS}),
        }),
        "Modality": make_object({
            "name": _TEXT,
            "filters": _list_of(refer("KnownFilter")),
            "orders": _list_of(make_object(helped)),
            "types": _list_of(refer("ExportType")),
        }),
        "KnownFilter": make_object({
            **helped,
            "kind": {"enum": _KINDS},
            "unit": _TEXT,
            "aliases": _list_of(_TEXT),
            "needs_group": _TEXT_OR_NULL,
        }),
        "ExportType": make_object({
            "type": _TEXT,
            "format": {"enum": ["csv", "xlsx"]},
            "help": _TEXT,
            "names": FLAG | {"description": "Whether files can hold patients' names."},
            "ids": FLAG | {"description": "Whether files can hold patients' IDs."},
            "options": _list_of(make_object({**helped, "kind": {"enum": _KINDS}, "default": _TEXT})),
            "own_filters": _list_of(refer("KnownFilter")),
            "needs": _list_of(_TEXT) | {"description": "Filters of which at least one must be given."},
        }),
    }  # fmt: skip


def _asked() -> Json:
    hidden = "Canonical names and values; null for a caller who may not read them."
    values = {"type": ["object", "null"], "additionalProperties": _TEXT, "description": hidden}
    orders = {order.name for spec in exports.catalogue().values() for order in spec.orders}
    return {
        "id": ID,
        "type": {"enum": list(exports.catalogue())},
        "filters": values,
        "order": {"enum": sorted(orders)},
        "options": values,
        "names": FLAG,
        "ids": FLAG,
        "with_patients": FLAG | {"description": "Whether the file, or the request itself, names patients."},
        "asked_by": _TEXT,
        "mine": FLAG,
    }


def _course() -> Json:
    return {
        "state": {"enum": list(State)},
        "attempt": {"type": "integer", "minimum": 1},
        "created_at": _TIME,
        "started_at": _TIME_OR_NULL,
        "finished_at": _TIME_OR_NULL,
        "expires_at": _TIME_OR_NULL,
        "keep_days": KEEP_DAYS | {"type": ["integer", "null"], "description": f"{_COUNTED} {_OLD}"},
        "done": _NUMBER | {"description": "Studies written."},
        "expected": _NUMBER_OR_NULL | {"description": "Studies there will be; null until counted."},
        "per_cent": _NUMBER_OR_NULL | {"maximum": 100, "description": "100 only with the file."},
        "estimated_end": _TIME_OR_NULL,
    }


def _file() -> Json:
    return {
        "file_name": _TEXT_OR_NULL,
        "size": _NUMBER_OR_NULL | {"description": "Bytes."},
        "sha256": _SHA256 | {"type": ["string", "null"]},
        "studies": _NUMBER_OR_NULL,
        "events": _NUMBER_OR_NULL,
        "warnings": _list_of(_TEXT),
        "has_manifest": FLAG | {"description": "Whether a manifest can be downloaded beside the file."},
    }


def _failure() -> Json:
    reason = make_object({"code": _TEXT, "sentence": _TEXT}, description="Why it failed; else null.")
    return reason | {"type": ["object", "null"]}


def _links() -> Json:
    paths = dict.fromkeys(("self", "download", "abort", "delete", "keep"), _TEXT)
    optional = [name for name in paths if name != "self"]
    return make_object(paths, *optional, description="What the caller may do now.")


def _make_problems() -> Json:
    return {
        "Problem": make_object({
            "type": {"type": "string", "pattern": "^urn:doseexport:problem:"},
            "title": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": _TEXT | {"description": "Stable: for programs."},
            "detail": _TEXT | {"description": "A sentence for a person; never a filter's value."},
            "field": _TEXT_OR_NULL | {"description": "The part of the request at fault."},
        }),
        "GatewayMessage": {
            "type": "object",
            "description": "API Gateway's own answer, when it refuses before a function runs.",
            "properties": {"message": _TEXT},
        },
    }  # fmt: skip
