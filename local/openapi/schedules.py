"""Build the paths and schemas of schedules."""

from doseexport import catalogue
from doseexport.actions.listing import LIST_SCOPES
from doseexport.domain.parsing import MAX_NAME
from doseexport.domain.schedule import Outcome, Pause
from local.openapi.parts import (
    ANY_BODY,
    BAD_BODY,
    BAD_KEY,
    BAD_PRESET,
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    RETRY_AFTER,
    Codes,
    make_answer,
    make_body,
    make_idempotency_key,
    make_location,
    make_operation,
    make_parameter,
)
from local.openapi.schemas import (
    FLAG,
    ID,
    OR_NULL,
    RETENTION_DAYS,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TIME_OR_NULL,
    Json,
    make_list,
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
        "SCHEDULE_REFUSED",
        "TOO_FREQUENT",
        "WINDOW_AND_DATES",
    ]
}
_PRESET = (
    "A preset whose request and window the schedule takes now, once. The other fields take precedence, "
    "as in PresetUse."
)
_OWN_LINKS = ("run", "change", "preview")
_DATE_OR_NULL: Json = {"type": ["string", "null"], "format": "date"}
_ID_OR_NULL: Json = ID | {"type": ["string", "null"]}


def make_schedule_paths(with_id: Json) -> Json:
    """Return the paths. `with_id` declares the parameter {id}."""
    return {
        "/schedules": {"get": _list_schedules(), "post": _create_schedule()},
        "/schedules/preview": {"post": _preview_schedule()},
        "/schedules/{id}": with_id
        | {"get": _get_schedule(), "patch": _change_schedule(), "delete": _delete_schedule()},
        "/schedules/{id}/preview": with_id | {"post": _preview_change()},
        "/schedules/{id}/run": with_id | {"post": _run_schedule()},
        "/schedules/{id}/runs": with_id | {"get": _list_runs()},
    }


def make_schedule_schemas() -> Json:
    """Return the schemas by name."""
    given = _make_terms()
    used = ID | {"description": _PRESET}
    new = {"preset": used, **given}
    optional = new.keys() - {"name", "expression"}
    typed = {"anyOf": [{"required": ["type"]}, {"required": ["preset"]}]}
    pause = make_object({"code": {"enum": list(Pause)}, "message": TEXT})
    return {
        "ScheduleRequest": make_object(new, *optional) | typed,
        "SchedulePreviewRequest": make_object(
            new, *optional, "name", description="A schedule that may lack its name."
        )
        | typed,
        "ScheduleChange": make_object(given, *given, description="Omitted fields keep their values."),
        "Schedule": make_object({
            "id": ID,
            **_make_canonical_terms(),
            "has_patient_data": FLAG,
            "owner_name": TEXT,
            "mine": FLAG,
            "created_at": TIME,
            "paused": pause | OR_NULL | {"description": "Why the service paused it, or null."},
            "next_run": TIME_OR_NULL,
            "next_runs": make_list(refer("ComingRun"))
            | {"description": "The next three runs, as if all succeed. Empty while it does not run."},
            "last_run": {"oneOf": [refer("ScheduleRun"), {"type": "null"}]},
            "next_day": _DATE_OR_NULL | {"description": "The first study date that is in no file yet."},
            "links": make_object(dict.fromkeys((*_OWN_LINKS, "self", "runs"), TEXT), *_OWN_LINKS),
        }),
        "ScheduleList": make_object({"schedules": make_list(refer("Schedule"))}),
        **_make_runs(),
    }  # fmt: skip


def _make_runs() -> Json:
    dates = make_object({"date_from": TEXT, "date_to": TEXT}) | OR_NULL
    coming = {
        "scheduled_at": TIME,
        "dates": dates | {"description": "The study dates. Null without a window, or with nothing new."},
        "nothing_new": FLAG | {"description": "Whether earlier runs export all days of the window."},
    }
    run = {
        "scheduled_at": TIME,
        "export_id": _ID_OR_NULL,
        "outcome": {"enum": list(Outcome)},
        "dates": dates | {"description": "The study dates, or null without a window."},
        "manual": FLAG | {"description": "Whether its owner ran it, in addition to the regular runs."},
    }
    continues = "Whether the first run starts where the last file ended, not with the newest window."
    return {
        "ComingRun": make_object(coming),
        "ScheduleRun": make_object(run),
        "SchedulePreview": make_object({
            "next_runs": make_list(refer("ComingRun")),
            "continues": FLAG | {"description": continues},
        }),
        "RunList": make_object({
            "runs": make_list(refer("ScheduleRun")),
            "complete": FLAG | {"description": "False: there are older runs."},
        }),
    }  # fmt: skip


def _make_terms() -> Json:
    values = {"type": ["object", "null"]}
    rolling = r"rolling_[1-9][0-9]{0,3}_(days|months)"
    last = "last_(day|week|month|quarter|year|financial_year)"
    return {
        "name": {"type": "string", "maxLength": MAX_NAME, "description": "It must not name a patient."},
        "type": {"enum": list(catalogue.load_specs())},
        "filters": values | {"description": "As in ExportRequest, but without dates if a window is given."},
        "order": TEXT_OR_NULL | {"description": "As in ExportRequest."},
        "options": values | {"description": "As in ExportRequest."},
        "include_names": FLAG,
        "include_ids": FLAG,
        "send_mail": FLAG | {"description": "Mail the owner when a run ends, or is skipped by a pause."},
        "retention_days": RETENTION_DAYS
        | {"type": ["integer", "null"], "description": "As in ExportRequest."},
        "window": {
            "type": ["string", "null"],
            "pattern": f"^({last}|{rolling}|since_last_run)$",
            "description": "The study dates to export, relative to the due time in the schedule's time zone.",
        },
        "expression": TEXT
        | {"description": "An EventBridge Scheduler expression: rate(7 days) or cron(0 7 1 * ? *)."},
        "time_zone": TEXT_OR_NULL | {"description": "Such as Europe/London. Null: the service's time zone."},
        "ends_on": _DATE_OR_NULL | {"description": "The last day on which it can run."},
        "enabled": FLAG | {"type": ["boolean", "null"], "default": True},
    }  # fmt: skip


def _make_canonical_terms() -> Json:
    """Return the terms as answers contain them: complete and in canonical form."""
    values = {"type": ["object", "null"], "additionalProperties": TEXT}
    hidden = values | {"description": "Null if the caller may not read it."}
    canonical = {"type": TEXT, "filters": hidden, "options": hidden, "order": TEXT, "time_zone": TEXT}
    return _make_terms() | canonical | {"enabled": FLAG}


def _create_schedule() -> Json:
    created = make_answer("The schedule.", "Schedule")
    created["headers"] = make_location("The address of the schedule.")
    limits: Codes = {403: ["PEOPLE_ONLY"], 409: ["TOO_MANY_SCHEDULES"]}
    problems = (BAD_BODY, BAD_REQUEST, _BAD_TERMS, BAD_PRESET, limits)
    summary = "Create a schedule that repeats an export"
    return make_operation("create_schedule", summary, {"201": created}, *problems) | {
        "requestBody": make_body("ScheduleRequest")
    }


def _list_schedules() -> Json:
    answers = {"200": make_answer("Schedules, oldest first.", "ScheduleList")}
    scope = {"enum": list(LIST_SCOPES), "default": "mine"}
    problems = (FORBIDDEN, {400: ["BAD_SCOPE"]})
    return make_operation("list_schedules", "List schedules", answers, *problems) | {
        "parameters": [
            make_parameter(
                "scope", "query", scope, "The caller's own schedules, or all schedules (administrators only)."
            )
        ]
    }


def _get_schedule() -> Json:
    answers = {"200": make_answer("The schedule.", "Schedule")}
    return make_operation("get_schedule", "Show a schedule", answers, NOT_FOUND)


def _change_schedule() -> Json:
    answers = {"200": make_answer("The changed schedule.", "Schedule")}
    problems = (BAD_BODY, BAD_REQUEST, _BAD_TERMS, FORBIDDEN, NOT_FOUND, {409: ["CHANGED_MEANWHILE"]})
    return make_operation("change_schedule", "Change, disable or enable a schedule", answers, *problems) | {
        "requestBody": make_body("ScheduleChange")
    }


def _preview_schedule() -> Json:
    answers = {"200": make_answer("Its coming runs.", "SchedulePreview")}
    problems = (BAD_BODY, BAD_REQUEST, _BAD_TERMS, BAD_PRESET, {403: ["PEOPLE_ONLY"]})
    summary = "Show the coming runs of a schedule before it is created"
    return make_operation("preview_schedule", summary, answers, *problems) | {
        "requestBody": make_body("SchedulePreviewRequest")
    }


def _preview_change() -> Json:
    answers = {"200": make_answer("Its coming runs, as if it were enabled.", "SchedulePreview")}
    problems = (BAD_BODY, BAD_REQUEST, _BAD_TERMS, FORBIDDEN, NOT_FOUND)
    summary = "Show the coming runs of a schedule before it is changed"
    return make_operation("preview_schedule_change", summary, answers, *problems) | {
        "requestBody": make_body("ScheduleChange")
    }


def _list_runs() -> Json:
    answers = {"200": make_answer("Its newest 100 runs, newest first.", "RunList")}
    return make_operation("list_schedule_runs", "List the runs of a schedule", answers, NOT_FOUND)


def _delete_schedule() -> Json:
    answers: Json = {"204": {"description": "Deleted. Its exports remain."}}
    return make_operation("delete_schedule", "Delete a schedule", answers, NOT_FOUND)


def _run_schedule() -> Json:
    created = make_answer("The export, waiting for a worker.", "Export")
    created["headers"] = RETRY_AFTER | make_location("The address of the export.")
    problems = (ANY_BODY, BAD_REQUEST, BAD_KEY, FORBIDDEN, NOT_FOUND, {409: ["NOTHING_NEW"]})
    summary = "Run a schedule now, in addition to its regular runs"
    return make_operation("run_schedule", summary, {"202": created}, *problems) | {
        "parameters": [make_idempotency_key()]
    }
