"""What operators run: the smoke test of docs/deploy.md, and the restore of docs/operations.md."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from local.stack import users
from local.stack.build import ROOT
from local.stack.service import Service
from local.stack.stack import Stack

from tests.journey.backstage import Backstage, until
from tests.journey.listening import Listener

AT_ONCE = 25
"""The most rows that DynamoDB deletes in one call."""
SMALL = json.dumps({"type": "ct-csv", "filters": {"study_description": "broken: no events"}})


def run_example(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    variables = {"NO_PROXY": "*", "PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def read_rows(backstage: Backstage, table: str) -> dict[tuple[str, str], Any]:
    pages = backstage.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {(row["pk"]["S"], row.get("sk", {}).get("S", "")): row for page in pages for row in page["Items"]}


def test_smoke_test_passes_for_an_account(stack: Stack) -> None:
    user = users.create(stack, "smoke", users.EXPORT)
    login = {"USER_NAME": user.name, "PASSWORD": user.password}
    done = run_example("smoke_test.py", stack.url, REQUEST=SMALL, **login)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    assert done.stdout.count("ok   ") == 11
    assert "requested, started, completed, link_issued" in done.stdout
    assert user.password not in done.stdout + done.stderr


def test_smoke_test_accepts_a_week_without_studies(stack: Stack, people: Any) -> None:
    nothing = json.dumps({"type": "ct-csv", "filters": {"date_from": "2199-01-01"}})
    done = run_example("smoke_test.py", stack.url, REQUEST=nothing, TOKEN=people.physicist.token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no study matches" in done.stdout


def test_smoke_test_checks_the_public_part_without_sign_in(stack: Stack) -> None:
    done = run_example("smoke_test.py", stack.url, "--public")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok   ") == 4


@pytest.mark.parametrize("login", [{"USER_NAME": "smoke", "PASSWORD": "wrong"}, {"TOKEN": "forged"}, {}])
def test_smoke_test_fails_without_rights(stack: Stack, login: dict[str, str]) -> None:
    done = run_example("smoke_test.py", stack.url, **login)
    assert done.returncode != 0
    assert "wrong" not in done.stdout + done.stderr


@pytest.fixture
def restore(stack: Stack) -> Iterator[Callable[[str], str]]:
    """Return a function that makes a new table of what a table holds now, until the test is over."""
    dynamodb = stack.cloud.client("dynamodb")
    made: list[str] = []

    def take(name: str) -> str:
        made.append(f"{name}-restored")
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=stack.resource(name), TargetTableName=made[-1], UseLatestRestorableTime=True
        )
        dynamodb.get_waiter("table_exists").wait(TableName=made[-1], WaiterConfig={"Delay": 1})
        return made[-1]

    yield take
    for table in made:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=table)


def test_restore_brings_back_rows_without_notifying_again(
    stack: Stack, backstage: Backstage, listener: Listener, physicist: Service, restore: Any
) -> None:
    export = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    schedule = physicist.call(
        "POST", "/schedules", {"name": "Monthly", "type": "ct-csv", "expression": "cron(0 7 1 * ? *)"}
    ).json
    heard = ["requested", "started", "completed"]
    until(lambda: listener.list_events(export["id"]) == heard or None)
    trail = physicist.call("GET", f"/exports/{export['id']}/audit-trail").json
    tables = {name: restore(name) for name in ("ExportsTable", "AuditTable", "SavedRequestsTable")}
    before = {name: read_rows(backstage, stack.resource(name)) for name in tables}
    for name in tables:
        wipe(backstage, stack.resource(name))
    assert physicist.call("GET", f"/exports/{export['id']}").status == 404
    for name, restored in tables.items():
        done = run_example("restore.py", restored, stack.resource(name), **stack.environment)
        assert done.returncode == 0, done.stderr
        assert f"{len(before[name])} rows written" in done.stdout
    exports = read_rows(backstage, stack.resource("ExportsTable"))
    own = (f"EXPORT#{export['id']}", "")
    assert exports[own] == before["ExportsTable"][own]
    # The sweep goes on meanwhile, and changes exports of other tests.
    assert exports.keys() == before["ExportsTable"].keys()
    assert physicist.call("GET", f"/exports/{export['id']}/audit-trail").json == trail
    assert physicist.call("POST", f"/exports/{export['id']}/download").status == 200
    (again,) = physicist.call("GET", "/schedules").json["schedules"]
    assert again["id"] == schedule["id"]
    reconcile(backstage)
    assert backstage.schedules.load(schedule["id"]).synced_revision == 1
    # A later event is sent, so the stream has passed the restored entries: none of them was sent again.
    until(lambda: listener.list_events(export["id"]) == [*heard, "link_issued"] or None)
    assert physicist.call("DELETE", f"/schedules/{schedule['id']}").status == 204


def test_restore_with_replace_makes_a_table_what_it_was(
    stack: Stack, backstage: Backstage, physicist: Service, restore: Any
) -> None:
    kept = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    restored, table = restore("ExportsTable"), stack.resource("ExportsTable")
    before = read_rows(backstage, table)
    later = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    assert physicist.call("DELETE", f"/exports/{kept['id']}").status == 204
    done = run_example("restore.py", restored, table, "--replace", **stack.environment)
    assert (done.returncode, done.stdout) == (0, f"1 rows deleted, {len(before)} rows written\n")
    assert forget_cleaning(read_rows(backstage, table)) == forget_cleaning(before)
    assert physicist.call("GET", f"/exports/{later['id']}").status == 404


def forget_cleaning(rows: dict[Any, Any]) -> dict[Any, Any]:
    """Leave out what the sweep, which runs every minute, may have written after the rows were restored."""
    return {key: {name: row[name] for name in row if name != "is_clean"} for key, row in rows.items()}


def test_restore_refuses_to_replace_an_audit_trail(stack: Stack, restore: Any) -> None:
    restored, table = restore("AuditTable"), stack.resource("AuditTable")
    done = run_example("restore.py", restored, table, "--replace", **stack.environment)
    assert done.returncode != 0
    assert "only added to" in done.stderr
    other = run_example("restore.py", restored, stack.resource("ExportsTable"), **stack.environment)
    assert other.returncode != 0
    assert "not a table and its restored copy" in other.stderr


def wipe(backstage: Backstage, table: str) -> None:
    deletions = [
        {"DeleteRequest": {"Key": {"pk": {"S": pk}, **({"sk": {"S": sk}} if sk else {})}}}
        for pk, sk in read_rows(backstage, table)
    ]
    for start in range(0, len(deletions), AT_ONCE):
        some = {table: deletions[start : start + AT_ONCE]}
        assert not backstage.client("dynamodb").batch_write_item(RequestItems=some)["UnprocessedItems"]


def reconcile(backstage: Backstage) -> None:
    name = backstage.stack.resource("ReconcileSchedules")
    reply = backstage.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert "FunctionError" not in reply, reply["Payload"].read().decode()
