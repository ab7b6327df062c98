"""Every few minutes: repair what EventBridge Scheduler lacks, missed or lost."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from doseexport.actions.schedules import delete_schedule
from doseexport.aws.clients import ClientError
from doseexport.aws.dynamodb.table import Change
from doseexport.errors import DoseExportError
from doseexport.jobs.reconcile_schedules import raise_if_broken, reconcile_schedules
from tests.component.answers import change_schedule, list_schedules
from tests.component.schedules import DECEMBER, FEBRUARY, create, exports_of, firing, join
from tests.fakes import SAVED_REQUESTS_TABLE, aws_client, finish, open_table

DOWN = ClientError({"Error": {"Code": "InternalServerException"}}, "UpdateSchedule")


@pytest.fixture
def ada(services):
    return join(services, "ada", "exportgroup")


@pytest.fixture
def scheduler_down(services):
    """While it lasts, EventBridge Scheduler refuses everything."""

    @contextmanager
    def down():
        def refuse(*_):
            raise DOWN

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(services.scheduler, "put", refuse)
            patch.setattr(services.scheduler, "remove", refuse)
            yield

    return down


def test_reconcile_repeats_failed_calls_of_scheduler(services, ada, scheduler_down):
    with scheduler_down():
        schedule = create(services, ada)
        assert reconcile_schedules(services) == {"broken": 1}
    assert firing(services, schedule) is None
    assert reconcile_schedules(services) == {"synced": 1}
    assert firing(services, schedule)["ScheduleExpression"] == "cron(0 7 1 * ? *)"
    assert reconcile_schedules(services) == {}


def test_reconcile_beside_another_breaks_nothing(services, ada, scheduler_down, monkeypatch):
    """Another run sends the schedule after this one has found that EventBridge Scheduler lacks it."""
    with scheduler_down():
        schedule = create(services, ada)
    client = aws_client("scheduler")
    create_schedule, runs = client.create_schedule, []

    def create_late(**entry):
        monkeypatch.setattr(client, "create_schedule", create_schedule)
        runs.append(reconcile_schedules(services))
        return create_schedule(**entry)

    monkeypatch.setattr(client, "create_schedule", create_late)
    runs.append(reconcile_schedules(services))
    assert runs == [{"synced": 1}, {"synced": 1}]
    assert firing(services, schedule)["ScheduleExpression"] == "cron(0 7 1 * ? *)"


def test_reconcile_tells_of_a_schedule_that_others_always_change(services, ada, monkeypatch, caplog):
    schedule = create(services, ada)

    def refuse(*_):
        raise ClientError({"Error": {"Code": "ConflictException"}}, "DeleteSchedule")

    monkeypatch.setattr(services.scheduler, "remove", refuse)
    delete_schedule(services, ada, schedule.id)
    assert reconcile_schedules(services) == {"broken": 1}
    assert {record.message for record in caplog.records} == {"sync_failed"}
    monkeypatch.undo()
    assert reconcile_schedules(services) == {"synced": 1}
    assert firing(services, schedule) is None


def test_reconcile_brings_delete_to_scheduler_in_the_end(services, ada, scheduler_down):
    schedule = create(services, ada)
    with scheduler_down():
        delete_schedule(services, ada, schedule.id)
    assert firing(services, schedule) is not None
    assert reconcile_schedules(services) == {"synced": 1}
    assert firing(services, schedule) is None


def test_reconcile_runs_missed_occurrence_once_after_ten_minutes(services, ada):
    create(services, ada)
    services.clock.now = DECEMBER + timedelta(minutes=9)
    assert reconcile_schedules(services) == {}
    services.clock.now = DECEMBER + timedelta(minutes=10)
    assert reconcile_schedules(services) == {"requested": 1}
    assert reconcile_schedules(services) == {"under_way": 1}
    finish(services, *exports_of(services, ada))
    assert reconcile_schedules(services) == {"closed": 1}
    assert reconcile_schedules(services) == {}


def test_reconcile_runs_newest_of_many_missed_with_all_their_days(services, ada):
    create(services, ada)
    services.clock.now = DECEMBER + timedelta(minutes=10)
    reconcile_schedules(services)
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    services.clock.now = FEBRUARY + timedelta(days=20)
    reconcile_schedules(services)
    newest = exports_of(services, ada)[0]
    assert newest.request.filters == {"date_from": "2026-12-01", "date_to": "2027-01-31"}


def test_reconcile_restores_overwritten_schedule_in_scheduler(services, ada, monkeypatch):
    """A change is sent while an older one is still on its way and arrives last."""
    schedule = create(services, ada)
    put, held = services.scheduler.put, []

    def put_late(older, now):
        held.append(older)
        if len(held) == 1:
            change_schedule(services, ada, schedule.id, {"expression": "cron(0 9 1 * ? *)"})
        put(older, now)

    monkeypatch.setattr(services.scheduler, "put", put_late)
    change_schedule(services, ada, schedule.id, {"expression": "cron(0 8 1 * ? *)"})
    assert firing(services, schedule)["ScheduleExpression"] == "cron(0 9 1 * ? *)"
    assert reconcile_schedules(services) == {}


def test_reconcile_runs_occurrence_that_scheduler_refuses(services, ada, scheduler_down):
    with scheduler_down():
        create(services, ada)
        services.clock.now = DECEMBER + timedelta(minutes=10)
        assert reconcile_schedules(services) == {"broken": 1, "requested": 1}
        with pytest.raises(DoseExportError, match="1 schedules"):
            raise_if_broken({"broken": 1, "requested": 1})


def test_reconcile_skips_unreadable_row_and_no_other(services, ada):
    broken, whole = create(services, ada), create(services, ada)
    change = Change(f"SCHEDULE#{broken.id}", "SET #zone = :zone", values={"zone": "Europe/Atlantis"})
    open_table(SAVED_REQUESTS_TABLE).update(change)
    services.clock.now = DECEMBER + timedelta(minutes=10)
    assert reconcile_schedules(services) == {"broken": 1, "requested": 1}
    assert [each["id"] for each in list_schedules(services, ada, {})["schedules"]] == [whole.id]


def test_reconcile_does_not_run_disabled_schedule(services, ada):
    schedule = create(services, ada)
    change_schedule(services, ada, schedule.id, {"enabled": False})
    services.clock.now = DECEMBER + timedelta(hours=1)
    assert reconcile_schedules(services) == {}
    assert firing(services, schedule)["State"] == "DISABLED"


def test_reconcile_continues_past_a_broken_schedule(services, ada, monkeypatch):
    broken = create(services, ada)
    services.clock.move(minutes=1)
    whole = create(services, ada)
    services.clock.now = DECEMBER + timedelta(minutes=10)
    find = services.user_pool.find

    def find_or_break(name):
        if len(exports_of(services, ada)) == 0 and not services.schedules.load(whole.id).open_occurrence:
            raise ConnectionError
        return find(name)

    monkeypatch.setattr(services.user_pool, "find", find_or_break)
    assert reconcile_schedules(services) == {"broken": 1, "requested": 1}
    assert [export.schedule_id for export in exports_of(services, ada)] == [whole.id]
    assert reconcile_schedules(services) == {"requested": 1, "under_way": 1}
    assert {export.schedule_id for export in exports_of(services, ada)} == {broken.id, whole.id}
