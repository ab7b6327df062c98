"""Create, list, change, delete and run schedules, and keep EventBridge Scheduler in step."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from doseexport.actions.schedules import delete_schedule, list_runs, preview_change, preview_schedule
from doseexport.actions.views import view_runs, view_schedule_preview
from doseexport.aws.clients import ClientError
from doseexport.domain.schedule import Pause
from doseexport.errors import RequestError
from doseexport.jobs.occurrences import run_occurrence
from doseexport.jobs.reconcile_schedules import reconcile_schedules
from tests.component import answers as actions
from tests.component.answers import assert_refused, create_preset, show_audit_trail
from tests.component.schedules import (
    DECEMBER,
    FEBRUARY,
    JANUARY,
    MONTHLY,
    create,
    exports_of,
    fail,
    firing,
    join,
    leave,
)
from tests.fakes import (
    ADA,
    ADMIN,
    BEN,
    NOW,
    PIA,
    SAVED_REQUESTS_TABLE,
    STRANGER,
    aws_client,
    finish,
    open_table,
)

WEEKLY = {"name": "Weekly", "type": "mg-csv", "expression": "rate(7 days)", "time_zone": "Europe/Stockholm"}


def test_schedule_is_shown_and_known_to_scheduler(services):
    shown = actions.create_schedule(services, ADA, MONTHLY)
    assert shown["next_run"] == "2026-12-01T07:00:00Z"
    assert (shown["last_run"], shown["paused"], shown["mine"]) == (None, None, True)
    entry = firing(services, services.schedules.load(shown["id"]))
    assert entry["ScheduleExpression"] == "cron(0 7 1 * ? *)"
    assert (entry["ScheduleExpressionTimezone"], entry["State"]) == ("Europe/London", "ENABLED")
    assert entry["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target, ours = entry["Target"], services.settings.target
    assert (target["Arn"], target["RoleArn"]) == (ours.function_arn, ours.role_arn)
    assert target["DeadLetterConfig"] == {"Arn": ours.queue_arn}
    assert json.loads(target["Input"]) == {
        "schedule_id": shown["id"],
        "scheduled_at": "<aws.scheduler.scheduled-time>",
    }


def test_schedule_in_scheduler_says_nothing_of_the_data(services):
    pia = replace(PIA, name="pia")
    schedule = create(services, pia, name="Everything of Mr Secret", filters={"patient_id": "SECRET-7"})
    assert "ecret" not in json.dumps(firing(services, schedule), default=str)
    assert "SECRET" not in json.dumps(firing(services, schedule), default=str)


def test_schedule_with_rate_keeps_its_times_when_synced_again(services):
    schedule = create(services, ADA, **WEEKLY, window=None)
    assert firing(services, schedule)["StartDate"] == datetime(2026, 11, 30, 11, 30, tzinfo=UTC)
    services.clock.move(days=10)
    actions.change_schedule(services, ADA, schedule.id, {"name": "Every week"})
    assert firing(services, schedule)["StartDate"] == datetime(2026, 12, 7, 11, 30, tzinfo=UTC)


def test_schedule_with_end_tells_scheduler_and_is_not_due_afterwards(services):
    schedule = create(services, ADA, ends_on="2026-12-31")
    assert firing(services, schedule)["EndDate"] == datetime(2027, 1, 1, tzinfo=UTC)
    services.clock.now = datetime(2026, 12, 2, tzinfo=UTC)
    assert actions.get_schedule(services, ADA, schedule.id)["next_run"] is None


def test_schedule_list_is_of_own_ones_and_for_admins_of_all(services):
    mine = create(services, ADA)
    services.clock.move(seconds=1)
    other = create(services, BEN)

    def listed(caller, **parameters):
        found = actions.list_schedules(services, caller, parameters)
        return [schedule["id"] for schedule in found["schedules"]]

    assert listed(ADA) == [mine.id]
    assert listed(ADMIN, scope="all") == [mine.id, other.id]
    assert listed(ADMIN) == []
    with pytest.raises(RequestError, match="admingroup"):
        listed(ADA, scope="all")
    with pytest.raises(RequestError, match="mine or all"):
        listed(ADA, scope="some")


@pytest.mark.parametrize(
    "call",
    [actions.get_schedule, delete_schedule, actions.run_schedule_now],
    ids=lambda call: call.__name__,
)
def test_schedule_of_another_is_not_found(services, call):
    schedule = create(services, ADA)
    assert_refused(404, "NOT_FOUND", call, services, BEN, schedule.id)
    assert_refused(404, "NOT_FOUND", call, services, BEN, "x")
    assert_refused(403, "GROUP_NEEDED", call, services, STRANGER, schedule.id)


def test_schedule_may_be_disabled_and_deleted_by_admin_but_not_changed_or_run(services):
    schedule = create(services, ADA)
    assert_refused(403, "FORBIDDEN", actions.change_schedule, services, ADMIN, schedule.id, {"name": "Mine"})
    assert_refused(403, "FORBIDDEN", actions.run_schedule_now, services, ADMIN, schedule.id)
    assert not actions.change_schedule(services, ADMIN, schedule.id, {"enabled": False})["enabled"]
    delete_schedule(services, ADMIN, schedule.id)
    assert_refused(404, "NOT_FOUND", actions.get_schedule, services, ADA, schedule.id)


def test_schedule_filters_that_name_patients_are_hidden_from_admins(services):
    schedule = create(services, PIA, filters={"patient_id": "SECRET-7"})
    hidden = actions.get_schedule(services, ADMIN, schedule.id)
    assert (hidden["filters"], hidden["options"]) == (None, None)
    assert actions.get_schedule(services, PIA, schedule.id)["filters"] == {"patient_id": "SECRET-7"}


def test_schedule_may_use_a_preset(services):
    preset_body = {"name": "CT1", "request": {"type": "ct-xlsx", "filters": {"station_name": "CT1"}}}
    preset = create_preset(services, ADA, preset_body)
    terms = {name: value for name, value in MONTHLY.items() if name != "type"}
    shown = actions.create_schedule(services, ADA, {**terms, "preset": preset["id"]})
    assert (shown["type"], shown["filters"]) == ("ct-xlsx", {"station": "CT1"})
    assert_refused(
        422, "UNKNOWN_PRESET", actions.create_schedule, services, BEN, {**terms, "preset": preset["id"]}
    )


def test_schedule_takes_the_window_of_a_preset(services):
    preset = create_preset(
        services, ADA, {"name": "CT1", "request": {"type": "ct-csv"}, "window": "last_week"}
    )
    terms = {"name": "Weekly", "expression": "cron(0 7 ? * MON *)", "preset": preset["id"]}
    shown = actions.create_schedule(services, ADA, terms)
    assert (shown["window"], shown["filters"]) == ("last_week", {})
    assert [run["dates"]["date_to"] for run in shown["next_runs"]] == [
        "2026-11-29",
        "2026-12-06",
        "2026-12-13",
    ]
    other = actions.create_schedule(services, ADA, {**terms, "window": "last_month"})
    assert (other["window"], other["filters"]) == ("last_month", {})
    dates = {**terms, "filters": {"date_from": "2026-01-01"}}
    assert_refused(422, "WINDOW_AND_DATES", actions.create_schedule, services, ADA, dates, field="window")
    fixed = actions.create_schedule(services, ADA, {**dates, "window": None})
    assert (fixed["window"], fixed["filters"]) == (None, {"date_from": "2026-01-01"})


def test_schedule_run_with_the_key_of_another_schedule_is_refused(services):
    first, second = create(services, ADA), create(services, ADA)
    started = actions.run_schedule_now(services, ADA, first.id, "key")
    assert actions.run_schedule_now(services, ADA, first.id, "key")["id"] == started["id"]
    assert_refused(422, "IDEMPOTENCY_MISMATCH", actions.run_schedule_now, services, ADA, second.id, "key")
    assert actions.get_schedule(services, ADA, second.id)["last_run"] is None


def test_schedule_preview_checks_the_flag_that_it_replaces(services):
    schedule = create(services, ADA)
    assert_refused(
        422, "NOT_A_BOOLEAN", preview_schedule, services, ADA, {**MONTHLY, "enabled": "no"}, field="enabled"
    )
    assert_refused(
        422, "NOT_A_BOOLEAN", preview_change, services, ADA, schedule.id, {"enabled": "no"}, field="enabled"
    )


def test_schedule_retention_is_within_the_maximum(services):
    most = services.settings.max_retention.days
    schedule = create(services, ADA, retention_days=most)
    refused = assert_refused(
        422,
        "BAD_RETENTION_DAYS",
        actions.create_schedule,
        services,
        ADA,
        {**MONTHLY, "retention_days": most + 1},
    )
    assert refused.field == "retention_days"
    change = (actions.change_schedule, services, ADA, schedule.id, {"retention_days": most + 1})
    assert_refused(422, "BAD_RETENTION_DAYS", *change)
    export = services.exports.load(actions.run_schedule_now(services, ADA, schedule.id)["id"])
    assert export.retention_days == most


def test_schedule_synced_within_its_last_minute_keeps_its_time(services):
    schedule = create(services, ADA, **WEEKLY, window=None)
    services.clock.now = datetime(2026, 11, 30, 11, 29, 30, tzinfo=UTC)
    actions.change_schedule(services, ADA, schedule.id, {"name": "Every week"})
    assert firing(services, schedule)["StartDate"] == datetime(2026, 11, 30, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("odd", [0, 0.0, None])
def test_schedule_enabled_must_be_exactly_true_or_false(services, odd):
    schedule = create(services, ADA)
    assert_refused(403, "FORBIDDEN", actions.change_schedule, services, ADMIN, schedule.id, {"enabled": odd})
    assert services.schedules.load(schedule.id).terms.enabled


def test_schedule_audit_trail_of_skipped_export_is_its_owners(services):
    schedule = create(services, ADA)  # who has no account in this pool
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    export_id = services.schedules.load(schedule.id).last.export_id
    (entry,) = show_audit_trail(services, ADA, export_id)["entries"]
    assert (entry["event"], entry["code"]) == ("skipped", "OWNER_DELETED")
    assert_refused(403, "FORBIDDEN", show_audit_trail, services, BEN, export_id)


def test_schedule_use_is_allowed_though_activity_cannot_be_recorded(services, monkeypatch):
    def fail(*_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")

    monkeypatch.setattr(services.users, "record_activity", fail)
    assert actions.list_schedules(services, ADA, {}) == {"schedules": []}


def test_schedule_is_refused_to_programs(services):
    program = replace(ADA, is_machine=True)
    assert_refused(403, "PEOPLE_ONLY", actions.create_schedule, services, program, MONTHLY)


def test_schedule_limit_holds_and_deletion_makes_room(services):
    made = [create(services, ADA) for _ in range(services.settings.max_schedules)]
    assert_refused(409, "TOO_MANY_SCHEDULES", actions.create_schedule, services, ADA, MONTHLY)
    create(services, BEN)
    delete_schedule(services, ADA, made[0].id)
    assert create(services, ADA).id


def test_schedule_change_reaches_scheduler(services):
    schedule = create(services, ADA)
    changed = actions.change_schedule(
        services, ADA, schedule.id, {"expression": "cron(0 6 ? * MON *)", "window": "last_week"}
    )
    assert (changed["next_run"], changed["window"]) == ("2026-11-30T06:00:00Z", "last_week")
    assert firing(services, schedule)["ScheduleExpression"] == "cron(0 6 ? * MON *)"
    assert reconcile_schedules(services) == {}


def test_schedule_change_whose_answer_is_lost_succeeds(services, monkeypatch):
    """The AWS SDK repeats a call without an answer. Only transactions have a token that tells AWS so."""
    schedule = create(services, ADA)
    client = aws_client("dynamodb")
    update_item = client.update_item

    def update_and_repeat(**arguments):
        update_item(**arguments)
        return update_item(**arguments)

    monkeypatch.setattr(client, "update_item", update_and_repeat)
    actions.change_schedule(services, ADA, schedule.id, {"expression": "cron(0 6 ? * MON *)"})
    assert firing(services, schedule)["ScheduleExpression"] == "cron(0 6 ? * MON *)"
    assert reconcile_schedules(services) == {}


@pytest.fixture
def scheduler_refuses(monkeypatch):
    """EventBridge Scheduler refuses every time zone but those of Europe."""
    client = aws_client("scheduler")

    def refuse_zone(write, name):
        def write_zone(**entry):
            if not entry["ScheduleExpressionTimezone"].startswith("Europe/"):
                raise ClientError({"Error": {"Code": "ValidationException"}}, name)
            return write(**entry)

        return write_zone

    for name in ("create_schedule", "update_schedule"):
        monkeypatch.setattr(client, name, refuse_zone(getattr(client, name), name))


def refuse_change(services, caller, schedule, **changes):
    """Change the time zone, and other fields, to one that EventBridge Scheduler refuses."""
    body = {"time_zone": "America/New_York", **changes}
    assert_refused(422, "SCHEDULE_REFUSED", actions.change_schedule, services, caller, schedule.id, body)


@pytest.mark.usefixtures("scheduler_refuses")
def test_schedule_that_scheduler_refuses_is_not_created(services):
    body = {**MONTHLY, "time_zone": "America/New_York"}
    refused = assert_refused(422, "SCHEDULE_REFUSED", actions.create_schedule, services, ADA, body)
    assert refused.field == "time_zone"
    assert actions.list_schedules(services, ADA, {})["schedules"] == []
    assert [create(services, ADA).terms.name for _ in range(3)], "the refused one takes no slot"


@pytest.mark.usefixtures("scheduler_refuses")
def test_schedule_change_that_scheduler_refuses_changes_nothing(services):
    schedule = create(services, ADA)
    refuse_change(services, ADA, schedule)
    assert services.schedules.load(schedule.id).terms == schedule.terms
    assert reconcile_schedules(services) == {"synced": 1}
    assert firing(services, schedule)["ScheduleExpressionTimezone"] == "Europe/London"


@pytest.mark.usefixtures("scheduler_refuses")
@pytest.mark.parametrize("changes", [{}, {"filters": {"station": "CT2"}}], ids=str)
def test_schedule_change_that_scheduler_refuses_keeps_pause_and_next_day(services, clock, changes):
    member = join(services, "ada", "exportgroup")
    schedule = create(services, member)
    clock.now = DECEMBER + timedelta(seconds=5)
    assert run_occurrence(services, schedule.id, DECEMBER) == "requested"
    fail(services, exports_of(services, member)[0])
    clock.now = JANUARY + timedelta(seconds=5)
    assert run_occurrence(services, schedule.id, JANUARY) == "closed"
    leave(services, member, "exportgroup")
    assert run_occurrence(services, schedule.id, JANUARY) == "paused"
    before = services.schedules.load(schedule.id)
    assert before.paused is Pause.GROUP_LOST
    assert before.next_day is not None
    refuse_change(services, member, schedule, **changes)
    after = services.schedules.load(schedule.id)
    assert replace(after, revision=0, synced_revision=0) == replace(before, revision=0, synced_revision=0)


@pytest.mark.usefixtures("scheduler_refuses")
def test_schedule_change_that_scheduler_refuses_keeps_a_run_that_began(services, clock, monkeypatch):
    member = join(services, "ada", "exportgroup")
    schedule = create(services, member)
    client, due = aws_client("scheduler"), DECEMBER + timedelta(hours=5)
    refuse = client.update_schedule

    def run_first(**entry):
        clock.now = due + timedelta(seconds=5)
        assert run_occurrence(services, schedule.id, due) == "requested"
        return refuse(**entry)

    monkeypatch.setattr(client, "update_schedule", run_first)
    refuse_change(services, member, schedule)
    after = services.schedules.load(schedule.id)
    assert after.terms == schedule.terms
    assert after.handled_until >= due
    assert after.open_occurrence.export_id == exports_of(services, member)[0].id


@pytest.mark.usefixtures("scheduler_refuses")
def test_reconcile_counts_a_schedule_that_scheduler_refuses_as_broken(services):
    schedule = create(services, ADA)
    terms = replace(schedule.terms, zone=ZoneInfo("America/New_York"))
    assert services.schedules.change(schedule, terms, services.clock())
    assert reconcile_schedules(services) == {"broken": 1}


def test_schedule_changes_at_once_refuse_one(services):
    schedule = create(services, ADA)
    assert services.schedules.change(schedule, schedule.terms, NOW)
    assert not services.schedules.change(schedule, schedule.terms, NOW)


def test_schedule_may_be_disabled_by_owner_who_lost_pidgroup(services):
    schedule = create(services, PIA, include_names=True)
    without = replace(PIA, groups=frozenset({"exportgroup"}))
    assert_refused(
        403, "PIDGROUP_NEEDED", actions.change_schedule, services, without, schedule.id, {"name": "x"}
    )
    assert not actions.change_schedule(services, without, schedule.id, {"enabled": False})["enabled"]


def test_schedule_deletion_leaves_no_filters(services):
    schedule = create(services, PIA, filters={"patient_id": "SECRET-7"})
    delete_schedule(services, PIA, schedule.id)
    assert firing(services, schedule) is None
    assert_refused(404, "NOT_FOUND", delete_schedule, services, PIA, schedule.id)
    row = open_table(SAVED_REQUESTS_TABLE).get(f"SCHEDULE#{schedule.id}")
    assert "SECRET" not in json.dumps(row, default=str)
    assert int(row["ttl"]) == int((NOW + timedelta(days=7)).timestamp())


def test_run_now_exports_newest_window_beside_the_series(services):
    ada = join(services, "ada", "exportgroup")
    schedule = create(services, ada)
    shown = actions.run_schedule_now(services, ada, schedule.id)
    assert shown["filters"] == {"date_from": "2026-10-01", "date_to": "2026-10-31"}
    assert shown["schedule_id"] == schedule.id
    finish(services, services.exports.load(shown["id"]))
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    newest = exports_of(services, ada)[0]
    assert newest.request.filters == {"date_from": "2026-11-01", "date_to": "2026-11-30"}


def test_run_now_with_key_requests_once(services):
    schedule = create(services, ADA)
    first = actions.run_schedule_now(services, ADA, schedule.id, "k")
    services.clock.move(minutes=1)
    assert actions.run_schedule_now(services, ADA, schedule.id, "k")["id"] == first["id"]
    assert actions.run_schedule_now(services, ADA, schedule.id)["id"] != first["id"]


def test_run_now_may_find_nothing_new_since_the_last_run(services):
    schedule = create(services, ADA, window="since_last_run")
    assert_refused(409, "NOTHING_NEW", actions.run_schedule_now, services, ADA, schedule.id)


def test_schedule_shows_its_last_run_with_its_export(services):
    ada = join(services, "ada", "exportgroup")
    schedule = create(services, ada)
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    (export,) = exports_of(services, ada)
    expected = {
        "scheduled_at": "2026-12-01T07:00:00Z",
        "export_id": export.id,
        "outcome": "STARTED",
        "dates": {"date_from": "2026-11-01", "date_to": "2026-11-30"},
        "manual": False,
    }
    assert actions.get_schedule(services, ada, schedule.id)["last_run"] == expected
    finish(services, export)
    reconcile_schedules(services)
    shown = actions.get_schedule(services, ada, schedule.id)
    assert shown["last_run"] == {**expected, "outcome": "COMPLETED"}
    assert (shown["next_day"], shown["next_run"]) == ("2026-12-01", "2027-01-01T07:00:00Z")


def history(services, caller, schedule):
    """The runs as they are shown, newest first: outcome, first day, manual."""
    shown = view_runs(list_runs(services, caller, schedule.id))
    assert shown["complete"]
    return [(run["outcome"], (run["dates"] or {}).get("date_from"), run["manual"]) for run in shown["runs"]]


def test_schedule_history_has_every_kind_of_run(services):
    ada = join(services, "ada", "exportgroup")
    schedule = create(services, ada)
    actions.run_schedule_now(services, ada, schedule.id)
    assert history(services, ada, schedule) == [("STARTED", "2026-10-01", True)]
    finish(services, *exports_of(services, ada))
    for due in (DECEMBER, JANUARY):
        services.clock.now = due
        run_occurrence(services, schedule.id, due)
        if due == DECEMBER:
            fail(services, exports_of(services, ada)[0])
            reconcile_schedules(services)
    leave(services, ada, "exportgroup")
    finish(services, exports_of(services, ada)[0])
    reconcile_schedules(services)
    services.clock.now = FEBRUARY
    run_occurrence(services, schedule.id, FEBRUARY)
    assert history(services, ada, schedule) == [
        ("PAUSED", "2027-01-01", False),
        ("COMPLETED", "2026-11-01", False),
        ("FAILED", "2026-11-01", False),
        ("COMPLETED", "2026-10-01", True),
    ]
    shown = actions.get_schedule(services, ADMIN, schedule.id)
    assert (shown["last_run"]["outcome"], shown["last_run"]["scheduled_at"]) == (
        "PAUSED",
        "2027-02-01T07:00:00Z",
    )


def test_schedule_history_is_one_query_of_its_own_runs(services, monkeypatch):
    schedule, other = create(services, ADA), create(services, ADA, name="Other")
    actions.run_schedule_now(services, ADA, other.id)
    for each in range(2):
        actions.run_schedule_now(services, ADA, schedule.id, str(each))
        actions.run_schedule_now(services, ADA, schedule.id, str(each))  # a repeat is no run
        services.clock.move(minutes=1)
    calls = []
    client = aws_client("dynamodb")
    for name in ("query", "scan", "get_item", "batch_get_item"):
        monkeypatch.setattr(client, name, count(calls, name, getattr(client, name)))
    assert len(history(services, ADA, schedule)) == 2
    assert calls == ["get_item", "query", "batch_get_item"]


def count(calls, name, call):
    def counted(**arguments):
        calls.append(name)
        return call(**arguments)

    return counted


def test_manual_run_is_the_last_run_until_the_next(services):
    schedule = create(services, ADA)
    export = services.exports.load(actions.run_schedule_now(services, ADA, schedule.id)["id"])
    shown = actions.get_schedule(services, ADA, schedule.id)["last_run"]
    assert (shown["export_id"], shown["outcome"], shown["manual"]) == (export.id, "STARTED", True)
    assert reconcile_schedules(services) == {}
    finish(services, export)
    assert reconcile_schedules(services) == {"closed": 1}
    assert actions.get_schedule(services, ADA, schedule.id)["last_run"]["outcome"] == "COMPLETED"
    assert reconcile_schedules(services) == {}


def test_run_now_is_requested_though_its_history_cannot_be_written(services, monkeypatch, caplog):
    def fail_to_write(*_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "TransactWriteItems")

    schedule = create(services, ADA)
    monkeypatch.setattr(services.schedules, "start_manual_run", fail_to_write)
    assert actions.run_schedule_now(services, ADA, schedule.id)["state"] == "QUEUED"
    assert "manual_run_unrecorded" in caplog.text


def test_schedule_preview_creates_nothing(services):
    unnamed = {name: value for name, value in MONTHLY.items() if name != "name"}
    shown = view_schedule_preview(preview_schedule(services, ADA, {**unnamed, "enabled": False}))
    assert shown["next_runs"][0] == {
        "scheduled_at": "2026-12-01T07:00:00Z",
        "dates": {"date_from": "2026-11-01", "date_to": "2026-11-30"},
        "nothing_new": False,
    }
    assert (len(shown["next_runs"]), shown["continues"]) == (3, False)
    assert actions.list_schedules(services, ADA, {}) == {"schedules": []}
    bad = {**unnamed, "ends_on": "2026-11-30"}
    assert_refused(422, "NEVER_DUE", preview_schedule, services, ADA, bad, field="ends_on")
    names = {**unnamed, "include_names": True}
    assert_refused(403, "PIDGROUP_NEEDED", preview_schedule, services, ADA, names)
    assert_refused(403, "PEOPLE_ONLY", preview_schedule, services, replace(ADA, is_machine=True), unnamed)


def test_schedule_preview_of_a_change_changes_nothing(services):
    ada = join(services, "ada", "exportgroup")
    schedule = create(services, ada)
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    actions.change_schedule(services, ada, schedule.id, {"enabled": False})
    before = services.schedules.load(schedule.id)
    weekly = {"window": "last_week", "expression": "cron(0 6 ? * MON *)"}
    shown = view_schedule_preview(preview_change(services, ada, schedule.id, weekly))
    assert shown["continues"]
    assert [run["nothing_new"] for run in shown["next_runs"]] == [False, False, False]
    assert shown["next_runs"][0]["dates"] == {"date_from": "2026-12-01", "date_to": "2026-12-06"}
    other = view_schedule_preview(preview_change(services, ada, schedule.id, {"filters": {"station": "x"}}))
    assert not other["continues"]
    assert services.schedules.load(schedule.id) == before
    assert_refused(403, "FORBIDDEN", preview_change, services, ADMIN, schedule.id, weekly)
    assert_refused(404, "NOT_FOUND", preview_change, services, BEN, schedule.id, weekly)


def test_changed_window_shows_the_runs_that_come(services):
    ada = join(services, "ada", "exportgroup")
    schedule = create(services, ada)
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    weekly = {"window": "last_week", "expression": "cron(0 6 ? * MON *)"}
    expected = view_schedule_preview(preview_change(services, ada, schedule.id, weekly))["next_runs"]
    assert actions.change_schedule(services, ada, schedule.id, weekly)["next_runs"] == expected


def test_schedule_shows_its_pause_with_reason(services):
    schedule = create(services, ADA)  # who has no account in this pool
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    shown = actions.get_schedule(services, ADA, schedule.id)
    assert shown["paused"] == {"code": "OWNER_DELETED", "message": "Its owner's account was deleted."}
    assert (shown["next_run"], shown["last_run"]["outcome"]) == (None, "PAUSED")
    reconcile_schedules(services)
    assert firing(services, schedule)["State"] == "DISABLED"
