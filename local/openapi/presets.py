"""Build the paths and schemas of presets, including a request that starts from a preset."""

from doseexport.domain.parsing import MAX_NAME
from local.openapi.parts import (
    BAD_BODY,
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    Codes,
    make_answer,
    make_body,
    make_location,
    make_operation,
)
from local.openapi.requests import EXPORT_NAME, REQUESTED_RETENTION, SEND_MAIL
from local.openapi.schemas import FLAG, ID, TEXT, TEXT_OR_NULL, TIME, Json, make_object, refer

_NAME: Json = {"type": "string", "maxLength": MAX_NAME, "pattern": r"\S"}
_VALUES: Json = {"type": "object", "additionalProperties": TEXT}
_BAD_PRESET: Codes = {
    422: ["BAD_NAME", "BAD_WINDOW", "FIELD_NEEDED", "NO_PATIENTS_IN_PRESETS", "WINDOW_AND_DATES"]
}
_CONFLICT: Codes = {409: ["PRESET_BUSY"]}


def make_preset_paths(with_id: Json) -> Json:
    """Return the paths. `with_id` declares the parameter {id}."""
    return {
        "/presets": {"get": _list_presets(), "post": _create_preset()},
        "/presets/{id}": with_id
        | {"get": _get_preset(), "patch": _change_preset(), "delete": _delete_preset()},
    }


def make_preset_schemas() -> Json:
    """Return the schemas by name."""
    given = {
        "name": _NAME
        | {
            "description": "Printable characters, once per owner. Do not name a patient: "
            "the service cannot check this."
        },
        "shared": FLAG | {"default": False, "description": "Whether all export users see it."},
        "request": refer("ExportRequest")
        | {
            "description": "Without name, include_names, include_ids, retention_days, send_mail and filters "
            "that identify a patient."
        },
    }
    window = (
        "Study dates relative to the moment of use, as of a schedule, without since_last_run. Null: none."
    )
    given["window"] = TEXT_OR_NULL | {"description": window}
    return {
        "PresetRequest": make_object(given, "shared", "window"),
        "PresetChange": make_object(given, *given, minProperties=1),
        "PresetUse": _make_use(),
        "Preset": _make_preset(),
        "PresetList": make_object({
            "presets": {"type": "array", "items": refer("Preset")},
            "complete": FLAG | {"description": "False: only the newest shared presets are listed."},
        }),
    }  # fmt: skip


def _make_preset() -> Json:
    saved = make_object(
        {"type": TEXT, "filters": _VALUES, "order": TEXT, "options": _VALUES},
        description="The request as it was saved, possibly by another release.",
    )
    dates = make_object({"date_from": TEXT, "date_to": TEXT}) | {
        "type": ["object", "null"],
        "description": "The filters that the window means now. Null without a window.",
    }
    links = make_object(
        dict.fromkeys(("self", "change", "delete"), TEXT),
        "change",
        "delete",
        description="The actions that the caller may perform. An administrator who may delete a preset may "
        "also stop sharing it.",
    )
    return make_object({
        "id": ID,
        "name": TEXT,
        "shared": FLAG,
        "owner_name": TEXT,
        "mine": FLAG,
        "created_at": TIME,
        "changed_at": TIME,
        "request": saved,
        "window": TEXT_OR_NULL,
        "dates": dates,
        "usable": FLAG | {"description": "Whether this release supports everything that the preset uses."},
        "links": links,
    })  # fmt: skip


def _make_use() -> Json:
    """Return a request that starts from a preset.

    Its values are checked against the export type only once they are merged with the preset's.
    """
    values: Json = {
        "type": ["object", "null"],
        "description": "Each value replaces the preset's value of the same name; null or blank removes it.",
    }
    fields = {
        "preset": ID,
        "type": TEXT | {"description": "If given, it must be the preset's type."},
        "filters": values,
        "order": {"type": ["string", "null"]},
        "options": values,
        "include_names": FLAG,
        "include_ids": FLAG,
        "retention_days": REQUESTED_RETENTION,
        "send_mail": SEND_MAIL,
        "name": EXPORT_NAME,
    }
    optional = [name for name in fields if name != "preset"]
    return make_object(fields, *optional, description="A request that starts from a preset, with changes.")


def _create_preset() -> Json:
    created = make_answer("The preset.", "Preset")
    created["headers"] = make_location("The address of the preset.")
    problems = (
        BAD_BODY,
        BAD_REQUEST,
        _BAD_PRESET,
        {403: ["PEOPLE_ONLY"], 409: ["NAME_TAKEN", "TOO_MANY_PRESETS"]},
    )
    return make_operation("create_preset", "Save a request as a preset", {"201": created}, *problems) | {
        "requestBody": make_body("PresetRequest")
    }


def _list_presets() -> Json:
    answers = {"200": make_answer("The caller's own presets and shared presets, by name.", "PresetList")}
    return make_operation("list_presets", "List presets", answers)


def _get_preset() -> Json:
    answers = {"200": make_answer("The preset.", "Preset")}
    return make_operation("get_preset", "Show a preset", answers, NOT_FOUND)


def _change_preset() -> Json:
    answers = {"200": make_answer("The changed preset.", "Preset")}
    problems = (
        FORBIDDEN,
        NOT_FOUND,
        BAD_BODY,
        BAD_REQUEST,
        _BAD_PRESET,
        {409: ["NAME_TAKEN", "PRESET_BUSY"]},
    )
    return make_operation("change_preset", "Rename, share or edit a preset", answers, *problems) | {
        "requestBody": make_body("PresetChange")
    }


def _delete_preset() -> Json:
    answers: Json = {"204": {"description": "Deleted."}}
    problems = (FORBIDDEN, NOT_FOUND, _CONFLICT)
    return make_operation("delete_preset", "Delete a preset", answers, *problems)
