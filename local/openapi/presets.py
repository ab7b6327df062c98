"""Presets in the document: their addresses, what is given, what is shown, a request that is made of one."""

from doseexport.domain.parsing import MAX_NAME
from local.openapi.parts import (
    BAD_BODY,
    BAD_REQUEST,
    NOT_FOUND,
    NOT_YOURS,
    Codes,
    make_answer,
    make_body,
    make_location,
    make_operation,
)
from local.openapi.schemas import FLAG, ID, TEXT, TIME, Json, make_object, refer

_NAME: Json = {"type": "string", "maxLength": MAX_NAME, "pattern": r"\S"}
_VALUES: Json = {"type": "object", "additionalProperties": TEXT}
_BAD_PRESET: Codes = {422: ["BAD_NAME", "FIELD_NEEDED", "NO_PATIENTS_IN_PRESETS"]}
_OVERTAKEN: Codes = {409: ["PRESET_BUSY"]}


def make_preset_paths(named: Json) -> Json:
    """Return the addresses; `named` says that {id} is an id."""
    return {
        "/presets": {"get": _list_presets(), "post": _create_preset()},
        "/presets/{id}": named
        | {"get": _get_preset(), "patch": _change_preset(), "delete": _delete_preset()},
    }


def make_preset_schemas() -> Json:
    """Return the schemas by their names."""
    given = {
        "name": _NAME | {"description": "Printable; it must not name a patient, which nobody can check."},
        "shared": FLAG | {"default": False, "description": "Whether everybody who may export sees it."},
        "request": refer("ExportRequest")
        | {"description": "Without names, ids, and filters that tell who a patient is."},
    }
    return {
        "PresetRequest": make_object(given, "shared"),
        "PresetChange": make_object(given, *given, minProperties=1),
        "PresetUse": _make_use(),
        "Preset": _make_preset(),
        "PresetList": make_object({
            "presets": {"type": "array", "items": refer("Preset")},
            "complete": FLAG | {"description": "False: only the newest of the shared ones are here."},
        }),
    }  # fmt: skip


def _make_preset() -> Json:
    saved = make_object(
        {"type": TEXT, "filters": _VALUES, "order": TEXT, "options": _VALUES},
        description="As it was saved, maybe by another release.",
    )
    links = make_object(
        dict.fromkeys(("self", "change", "delete"), TEXT),
        "change",
        "delete",
        description="What the caller may do; an admin may unshare, too, what they may delete.",
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
        "usable": FLAG | {"description": "Whether this release still knows all that it asks for."},
        "links": links,
    })  # fmt: skip


def _make_use() -> Json:
    """Return a request made of a preset; what its type takes is checked when both are one."""
    values: Json = {
        "type": ["object", "null"],
        "description": "Each wins over the preset's of its name; null or blank leaves that out.",
    }
    fields = {
        "preset": ID,
        "type": TEXT | {"description": "The preset's, if given."},
        "filters": values,
        "order": {"type": ["string", "null"]},
        "options": values,
        "include_names": FLAG,
        "include_ids": FLAG,
    }
    optional = [name for name in fields if name != "preset"]
    return make_object(fields, *optional, description="A request made of a preset, and what differs from it.")


def _create_preset() -> Json:
    made = make_answer("The preset.", "Preset")
    made["headers"] = make_location("The preset's address.")
    problems = (BAD_BODY, BAD_REQUEST, _BAD_PRESET, {403: ["PEOPLE_ONLY"], 409: ["TOO_MANY_PRESETS"]})
    return make_operation("create_preset", "Keep a request under a name", {"201": made}, *problems) | {
        "requestBody": make_body("PresetRequest")
    }


def _list_presets() -> Json:
    answers = {"200": make_answer("One's own and those that are shared, by name.", "PresetList")}
    return make_operation("list_presets", "List presets", answers)


def _get_preset() -> Json:
    answers = {"200": make_answer("The preset.", "Preset")}
    return make_operation("get_preset", "Show a preset", answers, NOT_FOUND)


def _change_preset() -> Json:
    answers = {"200": make_answer("The preset after it.", "Preset")}
    problems = (NOT_YOURS, NOT_FOUND, BAD_BODY, BAD_REQUEST, _BAD_PRESET, _OVERTAKEN)
    return make_operation("change_preset", "Change name, shared or request", answers, *problems) | {
        "requestBody": make_body("PresetChange")
    }


def _delete_preset() -> Json:
    answers: Json = {"204": {"description": "Deleted."}}
    problems = (NOT_YOURS, NOT_FOUND, _OVERTAKEN)
    return make_operation("delete_preset", "Delete a preset", answers, *problems)
