"""The handlers of schedules, called with the sample events of the folder events."""

import json
from dataclasses import replace

import pytest

from tests.component.answers import create_schedule
from tests.component.api.test_handlers import ID, call, read_event, sign_in
from tests.component.schedules import DECEMBER, MONTHLY, create, exports_of, join
from tests.fakes import ADA
from tests.invocation import CONTEXT


@pytest.fixture
def schedule(services):
    """Ada's, who has an account, under the id that the sample events speak of."""
    ada = join(services, "ada", "exportgroup")
    made = create(services, ada)
    known = replace(made, id=ID, revision=1, synced_revision=0)
    assert services.schedules.create(known, limit=5)
    return known


def by_owner(name, schedule):
    return sign_in(read_event(name), replace(ADA, id=schedule.owner))


def test_manage_schedules_handler_creates(services, load_handler):
    status, body, headers = call(load_handler("manage_schedules"), read_event("manage_schedules"))
    assert (status, headers["Location"]) == (201, f"/schedules/{body['id']}")
    assert services.schedules.load(body["id"]).terms.request["filters"] == {"station": "CT1"}


def test_manage_schedules_handler_changes(services, load_handler, schedule):
    status, body, _ = call(load_handler("manage_schedules"), by_owner("change_schedule", schedule))
    assert (status, body["enabled"], body["next_run"]) == (200, False, None)
    assert not services.schedules.load(ID).terms.enabled


def test_manage_schedules_handler_deletes(services, load_handler, schedule):
    event = by_owner("change_schedule", schedule)
    event["routeKey"] = "DELETE /schedules/{id}"
    assert call(load_handler("manage_schedules"), event)[0] == 204
    assert services.schedules.load(ID).is_deleted


def test_list_schedules_handler_shows_all_or_one(load_handler, schedule):
    handler = load_handler("list_schedules")
    status, body, _ = call(handler, by_owner("list_schedules", schedule))
    assert (status, len(body["schedules"])) == (200, 2)
    one = by_owner("list_schedules", schedule)
    one |= {"routeKey": "GET /schedules/{id}", "pathParameters": {"id": ID}}
    assert call(handler, one)[1]["id"] == ID


def test_list_schedules_handler_previews_and_lists_runs(load_handler, schedule):
    def ask(route, body=None):
        event = by_owner("list_schedules", schedule)
        event |= {"routeKey": route, "body": json.dumps(body), "pathParameters": {"id": ID}}
        return call(load_handler("list_schedules"), event)[:2]

    status, shown = ask("POST /schedules/preview", MONTHLY)
    assert (status, len(shown["next_runs"])) == (200, 3)
    assert ask("POST /schedules/{id}/preview", {"window": "last_week"})[0] == 200
    assert ask("GET /schedules/{id}/runs") == (200, {"runs": [], "complete": True})


def test_request_export_handler_runs_schedule_now(services, load_handler, schedule):
    status, body, headers = call(load_handler("request_export"), by_owner("run_schedule_now", schedule))
    assert (status, headers["Location"]) == (202, f"/exports/{body['id']}")
    assert services.exports.load(body["id"]).schedule_id == ID


def test_run_schedule_handler(services, load_handler, schedule, clock):
    clock.now = DECEMBER
    handler = load_handler("run_schedule")
    assert handler(read_event("run_schedule"), CONTEXT) == {"done": "requested"}
    (export,) = exports_of(services, replace(ADA, id=schedule.owner))
    assert export.schedule_id == ID


def test_reconcile_schedules_handler(services, load_handler, schedule):
    handler = load_handler("reconcile_schedules")
    assert handler(read_event("reconcile_schedules"), CONTEXT) == {"synced": 1}
    create_schedule(services, ADA, MONTHLY)
    assert handler(read_event("reconcile_schedules"), CONTEXT) == {}
