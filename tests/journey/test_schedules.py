"""A schedule runs automatically and leaves a file, a notification and an audit trail."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from local.stack import users
from local.stack.service import Service, fetch
from local.stack.stack import Stack

from doseexport.domain.window import parse_window
from doseexport.engine.verify import verify_file
from tests.journey.backstage import Backstage, until
from tests.journey.listening import Listener

WINDOW = "rolling_120_months"
LONDON = ZoneInfo("Europe/London")
PATIENCE = 150
"""Seconds: a minute until it is due, and what an export takes."""


def soon(now: datetime) -> tuple[datetime, str]:
    """The next minute that is far enough away to be met, and a cron expression in London's time for it."""
    due = (now + timedelta(seconds=75)).replace(second=0, microsecond=0)
    clock = due.astimezone(LONDON)
    return due, f"cron({clock.minute} {clock.hour} * * ? *)"


def make(service: Service, expression: str, **more: Any) -> Any:
    terms = {"name": "Audit", "type": "ct-csv", "expression": expression, "time_zone": LONDON.key}
    made = service.call("POST", "/schedules", terms | {"window": WINDOW} | more)
    assert made.status == 201, made.body
    return made.json


def tend(backstage: Backstage) -> None:
    """Reconcile the schedules now, not within five minutes."""
    function = backstage.stack.resource("ReconcileSchedules")
    reply = backstage.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert "FunctionError" not in reply, reply["Payload"].read().decode()


def exports_by(service: Service, schedule_id: str) -> list[Any]:
    listed = service.call("GET", "/exports?limit=100").json["exports"]
    return [export for export in listed if export["schedule_id"] == schedule_id]


@pytest.fixture(scope="module")
def leaver(stack: Stack, backstage: Backstage) -> tuple[Service, str]:
    """Someone who has left the group, and their schedule, which is due as soon as one made next."""
    user = users.create(stack, "leaver", users.EXPORT)
    service = Service(stack.url, users.sign_in(stack, user))
    schedule = make(service, soon(datetime.now(UTC))[1])
    backstage.client("cognito-idp").admin_remove_user_from_group(
        UserPoolId=stack.resource("UserPool"), Username=user.name, GroupName=users.EXPORT
    )
    return service, schedule["id"]


@pytest.mark.usefixtures("leaver")  # so that both tests wait for the same minute
def test_schedule_runs_automatically(
    backstage: Backstage, listener: Listener, physicist: Service, sample_url: str, tmp_path: Path
) -> None:
    due, expression = soon(datetime.now(UTC))
    schedule = make(physicist, expression)
    assert schedule["next_run"] == f"{due:%Y-%m-%dT%H:%M:%SZ}"
    (started,) = until(lambda: exports_by(physicist, schedule["id"]), PATIENCE)
    period = parse_window(WINDOW).resolve(due, LONDON, None)
    assert period is not None
    assert started["filters"] == period.filters

    export = physicist.wait(started["id"])
    assert export["state"] == "COMPLETED", export["error"]
    assert export["studies"] == count_studies(sample_url, period.filters)
    links = physicist.call("POST", f"/exports/{export['id']}/download").json
    file, manifest = tmp_path / links["file_name"], tmp_path / links["manifest"]["file_name"]
    file.write_bytes(fetch(links["url"]).body)
    manifest.write_bytes(fetch(links["manifest"]["url"]).body)
    assert verify_file(file, manifest)

    until(lambda: "completed" in listener.list_events(export["id"]))
    until(lambda: [mail for mail in listener.hear(listener.topic) if export["id"] in mail["Message"]])
    entries = physicist.call("GET", f"/exports/{export['id']}/audit-trail").json["entries"]
    assert entries[0]["request"]["schedule_id"] == schedule["id"]
    tend(backstage)
    shown = physicist.call("GET", f"/schedules/{schedule['id']}").json
    last_run = {
        "scheduled_at": f"{due:%Y-%m-%dT%H:%M:%SZ}",
        "export_id": export["id"],
        "outcome": "COMPLETED",
        "dates": period.filters,
        "manual": False,
    }
    assert shown["last_run"] == last_run
    assert len(exports_by(physicist, schedule["id"])) == 1
    assert physicist.call("DELETE", f"/schedules/{schedule['id']}").status == 204


def count_studies(url: str, period: dict[str, str]) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM remapp_generalstudymoduleattr"
            " WHERE modality_type = 'CT' AND study_date BETWEEN %s AND %s",
            [period["date_from"], period["date_to"]],
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_schedule_of_owner_who_left_the_group_is_paused(leaver: tuple[Service, str]) -> None:
    service, schedule_id = leaver

    def look() -> Any:
        return service.call("GET", f"/schedules/{schedule_id}").json["paused"]

    assert until(look, PATIENCE)["code"] == "GROUP_LOST"
    assert exports_by(service, schedule_id) == []


@pytest.mark.parametrize("lost", ["the call", "the message"])
def test_schedule_lost_by_scheduler_is_restored(backstage: Backstage, physicist: Service, lost: str) -> None:
    """Due twenty minutes ago: it was not invoked, or its export was never created."""
    due = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=20)
    schedule = make(physicist, "rate(1 hour)")
    turn_back(backstage, schedule["id"], due)
    if lost == "the message":
        found = backstage.schedules.load(schedule["id"])
        assert found is not None
        occurrence = found.plan_occurrence(due)
        assert occurrence is not None
        assert backstage.schedules.open_occurrence(found, occurrence)
    tend(backstage)
    (export,) = exports_by(physicist, schedule["id"])
    assert physicist.wait(export["id"])["state"] == "COMPLETED"
    assert physicist.call("DELETE", f"/schedules/{schedule['id']}").status == 204


def turn_back(backstage: Backstage, schedule_id: str, due: datetime) -> None:
    """Let a schedule of every hour have been made an hour before it was due."""
    made = (due - timedelta(hours=1)).isoformat(timespec="microseconds")
    backstage.client("dynamodb").update_item(
        TableName=backstage.saved_requests_table,
        Key={"pk": {"S": f"SCHEDULE#{schedule_id}"}},
        UpdateExpression="SET created_at = :made, handled_until = :made",
        ExpressionAttributeValues={":made": {"S": made}},
    )
