"""A due schedule: once, twice, late, during its last run, and after its owner has left."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from doseexport.actions.schedules import delete_schedule
from doseexport.domain.audit import AuditEvent
from doseexport.domain.export import State
from doseexport.domain.schedule import Outcome, Pause
from doseexport.jobs import occurrences
from doseexport.jobs.occurrences import follow_occurrence, run_occurrence
from doseexport.jobs.reconcile_schedules import reconcile_schedules
from tests.component.answers import change_schedule
from tests.component.schedules import (
    DECEMBER,
    FEBRUARY,
    JANUARY,
    create,
    exports_of,
    fail,
    join,
    leave,
)
from tests.fakes import add, aws_client, finish, take_messages


@pytest.fixture
def ada(services):
    return join(services, "ada", "exportgroup")


def fire(services, schedule, at):
    services.clock.now = at
    return run_occurrence(services, schedule.id, at)


def days(export):
    return export.request.filters["date_from"], export.request.filters["date_to"]


def take_every_place(services, owner):
    return [add(services, owner) for _ in range(services.settings.max_active_exports)]


def test_occurrence_makes_one_export_with_real_dates(services, ada):
    schedule = create(services, ada)
    assert [fire(services, schedule, DECEMBER) for _ in range(3)] == ["requested", "under_way", "under_way"]
    (export,) = exports_of(services, ada)
    assert (export.state, export.schedule_id) == (State.QUEUED, schedule.id)
    assert days(export) == ("2026-11-01", "2026-11-30")
    assert take_messages(services)


def test_occurrence_called_again_after_its_end_requests_nothing(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    assert fire(services, schedule, DECEMBER) == "ignored"
    services.clock.move(days=20)
    assert run_occurrence(services, schedule.id, DECEMBER) == "ignored"
    assert len(exports_of(services, ada)) == 1


def test_occurrence_called_late_exports_the_days_of_its_own_time(services, ada):
    schedule = create(services, ada)
    services.clock.now = JANUARY - timedelta(minutes=1)
    assert run_occurrence(services, schedule.id, DECEMBER) == "requested"
    assert days(*exports_of(services, ada)) == ("2026-11-01", "2026-11-30")


def test_occurrence_waits_for_the_end_of_the_last_run(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    assert fire(services, schedule, JANUARY) == "under_way"
    finish(services, *exports_of(services, ada))
    services.clock.move(minutes=11)
    reconcile_schedules(services)
    reconcile_schedules(services)
    december, november = exports_of(services, ada)
    assert (days(november), days(december)) == (("2026-11-01", "2026-11-30"), ("2026-12-01", "2026-12-31"))


def test_occurrence_includes_days_of_a_failed_run(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    fail(services, *exports_of(services, ada))
    reconcile_schedules(services)
    assert services.schedules.load(schedule.id).last.outcome is Outcome.FAILED
    fire(services, schedule, JANUARY)
    assert days(exports_of(services, ada)[0]) == ("2026-11-01", "2026-12-31")


def test_occurrence_without_studies_completes_its_month(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    fail(services, *exports_of(services, ada), code="NO_STUDIES")
    reconcile_schedules(services)
    assert services.schedules.load(schedule.id).last.outcome is Outcome.NO_STUDIES
    fire(services, schedule, JANUARY)
    assert days(exports_of(services, ada)[0]) == ("2026-12-01", "2026-12-31")


def test_occurrence_does_not_export_days_again(services, ada):
    schedule = create(services, ada, expression="cron(0 7 * * ? *)")
    fire(services, schedule, DECEMBER)
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    assert fire(services, schedule, DECEMBER + timedelta(days=1)) == "nothing_new"
    assert services.schedules.load(schedule.id).last.outcome is Outcome.NOTHING_NEW
    assert len(exports_of(services, ada)) == 1


def test_occurrence_ignores_change_after_its_decision(services, ada, monkeypatch):
    schedule = create(services, ada)
    with monkeypatch.context() as patch:
        patch.setattr(occurrences, "enqueue_export", _break)
        with pytest.raises(ConnectionError):
            fire(services, schedule, DECEMBER)
    change_schedule(services, ada, schedule.id, {"type": "ct-xlsx", "filters": {"station": "CT2"}})
    reconcile_schedules(services)
    (export,) = exports_of(services, ada)
    assert export.request.type == "ct-csv"
    assert export.request.filters == {"date_from": "2026-11-01", "date_to": "2026-11-30"}


def _break(*_):
    raise ConnectionError


@pytest.mark.parametrize("group", ["exportgroup", "admingroup"])
def test_occurrence_of_owner_who_left_the_group_is_paused(services, group):
    owner = join(services, "gus", group)
    schedule = create(services, owner)
    leave(services, owner, group)
    assert fire(services, schedule, DECEMBER) == "paused"
    paused = services.schedules.load(schedule.id)
    assert paused.paused is Pause.GROUP_LOST
    assert exports_of(services, owner) == []
    (entry,) = services.audit.read(paused.last.export_id)
    assert (entry.event, entry.code) == (AuditEvent.SKIPPED, "GROUP_LOST")
    assert fire(services, schedule, JANUARY) == "ignored"


def test_occurrence_with_patients_needs_owner_in_pidgroup_still(services):
    pia = join(services, "pia", "exportgroup", "pidgroup")
    with_names, plain = create(services, pia, include_names=True), create(services, pia)
    fire(services, with_names, DECEMBER)
    leave(services, pia, "pidgroup")
    finish(services, *exports_of(services, pia))
    reconcile_schedules(services)
    assert fire(services, with_names, JANUARY) == "paused"
    assert services.schedules.load(with_names.id).paused is Pause.PIDGROUP_LOST
    assert fire(services, plain, JANUARY) == "requested"
    assert [export.request.include_names for export in exports_of(services, pia)] == [False, True]


@pytest.mark.parametrize(
    ("fate", "pause"),
    [("gone", Pause.OWNER_DELETED), ("reborn", Pause.OWNER_DELETED), ("disabled", Pause.OWNER_DISABLED)],
)
def test_occurrence_of_deleted_disabled_or_replaced_account_is_paused(services, ada, fate, pause):
    account = {"UserPoolId": services.settings.user_pool_id, "Username": "ada"}
    schedule = create(services, ada)
    if fate == "disabled":
        aws_client("cognito-idp").admin_disable_user(**account)
    else:
        aws_client("cognito-idp").admin_delete_user(**account)
    if fate == "reborn":  # another person of the same name
        join(services, "ada", "exportgroup")
    assert fire(services, schedule, DECEMBER) == "paused"
    assert services.schedules.load(schedule.id).paused is pause
    assert exports_of(services, ada) == []


def test_occurrence_of_inactive_owner_is_paused(services, ada):
    schedule = create(services, ada)
    services.users.record_activity(ada.id, DECEMBER)
    assert fire(services, schedule, JANUARY) == "requested"
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    assert fire(services, schedule, datetime(2027, 4, 1, 6, tzinfo=UTC)) == "paused"
    assert services.schedules.load(schedule.id).paused is Pause.OWNER_INACTIVE


def test_occurrence_after_enabling_continues_where_it_ended(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    leave(services, ada, "exportgroup")
    fire(services, schedule, JANUARY)
    join_again = aws_client("cognito-idp").admin_add_user_to_group
    join_again(UserPoolId=services.settings.user_pool_id, Username="ada", GroupName="exportgroup")
    services.clock.move(days=3)
    change_schedule(services, ada, schedule.id, {"enabled": True})
    assert services.schedules.load(schedule.id).paused is None
    services.clock.move(minutes=20)
    reconcile_schedules(services)
    assert len(exports_of(services, ada)) == 1  # what was due while it was paused is not made up for
    fire(services, schedule, FEBRUARY)
    assert days(exports_of(services, ada)[0]) == ("2026-12-01", "2027-01-31")


def test_occurrence_beyond_the_limit_waits_for_a_place(services, ada):
    schedule = create(services, ada)
    others = take_every_place(services, ada)
    assert fire(services, schedule, DECEMBER) == "waits"
    assert len(exports_of(services, ada)) == len(others)
    finish(services, others[0])
    assert reconcile_schedules(services)["requested"] == 1
    assert {export.schedule_id for export in exports_of(services, ada)} == {None, schedule.id}


def test_occurrence_with_terms_no_longer_understood_is_paused(services, ada, caplog):
    schedule = create(services, ada)
    requested = {**schedule.terms.request, "type": "ct-of-before"}
    services.schedules.change(schedule, replace(schedule.terms, request=requested), services.clock())
    assert fire(services, schedule, DECEMBER) == "paused"
    assert services.schedules.load(schedule.id).paused is Pause.REQUEST_REFUSED
    assert "schedule_refused" in caplog.text


@pytest.mark.parametrize("end", ["deleted", "disabled"])
def test_occurrence_of_deleted_or_disabled_schedule_does_not_run(services, ada, end):
    schedule = create(services, ada)
    if end == "deleted":
        delete_schedule(services, ada, schedule.id)
    else:
        change_schedule(services, ada, schedule.id, {"enabled": False})
    assert fire(services, schedule, DECEMBER) == "ignored"
    assert exports_of(services, ada) == []


@pytest.mark.parametrize("group", ["exportgroup", None])
def test_occurrence_called_twice_finds_its_export(services, ada, group):
    """Its export has completed and was deleted, or its owner has left since: it ended well all the same."""
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    export = finish(services, *exports_of(services, ada))
    if group:
        leave(services, ada, group)
    else:
        assert services.exports.delete(export.id, ada, services.clock())
    assert fire(services, schedule, DECEMBER) == "closed"
    after = services.schedules.load(schedule.id)
    assert (after.paused, after.last.outcome, after.next_day) == (None, Outcome.COMPLETED, date(2026, 12, 1))


def test_occurrence_of_a_schedule_changed_meanwhile_is_ignored(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    finish(services, *exports_of(services, ada))
    read = services.schedules.load(schedule.id)
    change_schedule(services, ada, schedule.id, {"name": "New name"})
    assert follow_occurrence(services, read, read.open_occurrence) == "ignored"
    assert services.schedules.load(schedule.id).open_occurrence is not None


def test_occurrence_of_an_old_time_is_ignored(services, ada):
    schedule = create(services, ada, window="rolling_7_days")
    assert fire(services, schedule, DECEMBER + timedelta(hours=3)) == "ignored"
    assert exports_of(services, ada) == []


def test_occurrence_waiting_under_an_old_name_is_made_up_for(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    assert fire(services, schedule, JANUARY) == "under_way"
    change_schedule(services, ada, schedule.id, {"name": "New name"})
    finish(services, *exports_of(services, ada))
    services.clock.move(minutes=11)
    reconcile_schedules(services)
    reconcile_schedules(services)
    assert days(exports_of(services, ada)[0]) == ("2026-12-01", "2026-12-31")


def test_occurrence_with_other_data_starts_afresh(services, ada):
    schedule = create(services, ada)
    fire(services, schedule, DECEMBER)
    change_schedule(services, ada, schedule.id, {"type": "mg-csv"})
    finish(services, *exports_of(services, ada))
    reconcile_schedules(services)
    assert services.schedules.load(schedule.id).next_day is None
    fire(services, schedule, FEBRUARY)
    assert days(exports_of(services, ada)[0]) == ("2027-01-01", "2027-01-31")


def test_occurrence_disabled_before_its_request_is_skipped(services, ada):
    schedule = create(services, ada)
    others = take_every_place(services, ada)
    assert fire(services, schedule, DECEMBER) == "waits"
    change_schedule(services, ada, schedule.id, {"enabled": False})
    finish(services, others[0])
    assert reconcile_schedules(services)["closed"] == 1
    assert {export.schedule_id for export in exports_of(services, ada)} == {None}
    assert services.schedules.load(schedule.id).open_occurrence is None


def test_occurrence_runs_again_once_its_inactive_owner_enables_it(services, ada):
    schedule = create(services, ada)
    april, may = (datetime(2027, month, 1, 6, tzinfo=UTC) for month in (4, 5))
    assert fire(services, schedule, april) == "paused"
    change_schedule(services, ada, schedule.id, {"enabled": True})
    assert fire(services, schedule, may) == "requested"


def test_occurrence_of_unknown_schedule_is_ignored(services):
    assert run_occurrence(services, "x" * 32, DECEMBER) == "ignored"
