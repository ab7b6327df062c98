"""Schedules in the document: their addresses, what is given, what is answered."""

from doseexport import catalogue
from doseexport.actions.listing import SCOPES
from doseexport.domain.parsing import MAX_NAME
from doseexport.domain.schedule import Outcome, Pause
from local.openapi.parts import (
    BAD_BODY,
    BAD_KEY,
    BAD_REQUEST,
    NOT_FOUND,
    NOT_YOURS,
    RETRY_AFTER,
    Codes,
    make_answer,
    make_body,
    make_key,
    make_location,
    make_operation,
    make_parameter,
)
from local.openapi.schemas import (
    FLAG,
    ID,
    KEEP_DAYS,
    OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TIME_OR_NULL,
    Json,
    list_of,
    make_object,
    refer,
)

_BAD_TERMS: Codes = {
    422: [
        "BAD_DATE",
        "BAD_EXPRESSION",
        "BAD_NAME",
        "BAD_TIME_ZONE",
        "BAD_WINDOW",
        "NEVER_DUE",
        "TOO_FREQUENT",
        "WINDOW_AND_DATES",
    ]
}
_DATE_OR_NULL: Json = {"type": ["string", "null"], "format": "date"}
_ID_OR_NULL: Json = ID | {"type": ["string", "null"]}


def make_schedule_paths(named: Json) -> Json:
    """Return the addresses; `named` says that {id} is an id."""
    return {
        "/schedules": {"get": _list_schedules(), "post": _create_schedule()},
        "/schedules/{id}": named
        | {"get": _get_schedule(), "patch": _change_schedule(), "delete": _delete_schedule()},
        "/schedules/{id}/run": named | {"post": _run_schedule()},
    }


def make_schedule_schemas() -> Json:
    """Return the schemas by their names."""
    given = _given()
    required = {"name", "type", "expression"}
    run = {"scheduled_at": TIME, "export_id": _ID_OR_NULL, "outcome": {"enum": list(Outcome)}}
    pause = make_object({"code": {"enum": list(Pause)}, "message": TEXT})
    return {
        "ScheduleRequest": make_object(given, *(given.keys() - required)),
        "ScheduleChange": make_object(given, *given, description="What is not given stays as it is."),
        "Schedule": make_object({
            "id": ID,
            **_shown(),
            "has_patient_data": FLAG,
            "owner_name": TEXT,
            "mine": FLAG,
            "created_at": TIME,
            "paused": pause | OR_NULL | {"description": "Why the service stopped it; its owner enables it."},
            "next_run": TIME_OR_NULL,
            "last_run": make_object(run) | OR_NULL,
            "next_day": _DATE_OR_NULL | {"description": "The first study date that no file holds yet."},
            "links": make_object({"self": TEXT, "run": TEXT}, "run"),
        }),
        "ScheduleList": make_object({"schedules": list_of(refer("Schedule"))}),
    }  # fmt: skip


def _given() -> Json:
    whole = {"type": ["object", "null"]}
    rolling = r"rolling_[1-9][0-9]{0,3}_(days|months)"
    last = "last_(day|week|month|quarter|year|financial_year)"
    return {
        "name": {"type": "string", "maxLength": MAX_NAME, "description": "Must not name a patient."},
        "type": {"enum": list(catalogue.load_specs())},
        "filters": whole | {"description": "As in ExportRequest; without dates if there is a window."},
        "order": TEXT_OR_NULL | {"description": "As in ExportRequest."},
        "options": whole | {"description": "As in ExportRequest."},
        "include_names": FLAG,
        "include_ids": FLAG,
        "retention_days": KEEP_DAYS | {"type": ["integer", "null"], "description": "As in ExportRequest."},
        "window": {
            "type": ["string", "null"],
            "pattern": f"^({last}|{rolling}|since_last_run)$",
            "description": "The study dates, relative to when it is due, in its time zone.",
        },
        "expression": TEXT | {"description": "EventBridge Scheduler's: rate(7 days), cron(0 7 1 * ? *)."},
        "time_zone": TEXT_OR_NULL | {"description": "Europe/London; the service's if null."},
        "ends_on": _DATE_OR_NULL | {"description": "The last day on which it may be due."},
        "enabled": FLAG | {"type": ["boolean", "null"], "default": True},
    }  # fmt: skip


def _shown() -> Json:
    """Return the terms as an answer holds them: all of them, in canonical form."""
    values = {"type": ["object", "null"], "additionalProperties": TEXT}
    hidden = values | {"description": "Null for a caller who may not read them."}
    canonical = {"type": TEXT, "filters": hidden, "options": hidden, "order": TEXT, "time_zone": TEXT}
    return _given() | canonical | {"enabled": FLAG}


def _create_schedule() -> Json:
    made = make_answer("The schedule.", "Schedule")
    made["headers"] = make_location("Its address.")
    limits: Codes = {403: ["PEOPLE_ONLY"], 409: ["TOO_MANY_SCHEDULES"]}
    problems = (BAD_BODY, BAD_REQUEST, _BAD_TERMS, limits)
    return make_operation(
        "create_schedule", "Have an export made again and again", {"201": made}, *problems
    ) | {"requestBody": make_body("ScheduleRequest")}


def _list_schedules() -> Json:
    answers = {"200": make_answer("Schedules, oldest first.", "ScheduleList")}
    scope = {"enum": list(SCOPES), "default": "mine"}
    problems = (NOT_YOURS, {400: ["BAD_SCOPE"]})
    return make_operation("list_schedules", "List schedules", answers, *problems) | {
        "parameters": [
            make_parameter("scope", "query", scope, "The caller's own; or everyone's, for administrators.")
        ]
    }


def _get_schedule() -> Json:
    answers = {"200": make_answer("The schedule.", "Schedule")}
    return make_operation("get_schedule", "Show a schedule", answers, NOT_FOUND)


def _change_schedule() -> Json:
    answers = {"200": make_answer("The schedule as it is now.", "Schedule")}
    problems = (BAD_BODY, BAD_REQUEST, _BAD_TERMS, NOT_YOURS, NOT_FOUND, {409: ["CHANGED_MEANWHILE"]})
    return make_operation("change_schedule", "Change, disable or enable a schedule", answers, *problems) | {
        "requestBody": make_body("ScheduleChange")
    }


def _delete_schedule() -> Json:
    answers: Json = {"204": {"description": "Deleted; its exports stay."}}
    return make_operation("delete_schedule", "Delete a schedule", answers, NOT_FOUND)


def _run_schedule() -> Json:
    asked = make_answer("The export, waiting for a worker.", "Export")
    asked["headers"] = RETRY_AFTER | make_location("The export's address.")
    problems = (BAD_REQUEST, BAD_KEY, NOT_YOURS, NOT_FOUND, {409: ["NOTHING_NEW"]})
    summary = "Ask for a schedule's export now, beside its occurrences"
    return make_operation("run_schedule", summary, {"202": asked}, *problems) | {"parameters": [make_key()]}
