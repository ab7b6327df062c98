"""An aborted export stops in the API, in the worker, in PostgreSQL and in S3."""

import time
from typing import Any

import psycopg
from local.stack.service import Service

from tests.journey.backstage import Backstage, in_the_middle, until
from tests.journey.conftest import Hold, PointWorker, UserPool


def abort(service: Service, export_id: str) -> Any:
    reply = service.call("POST", f"/exports/{export_id}/abort")
    assert reply.status == 202, reply.body
    return reply.json


def no_file_is_left(service: Service, backstage: Backstage, export_id: str) -> None:
    refused = service.call("POST", f"/exports/{export_id}/download")
    assert (refused.status, refused.json["code"]) == (409, "NOT_READY")
    until(lambda: not backstage.objects(export_id))


SOON = 10
"""Seconds: two on an idle machine, from the request to the end of the query."""


def test_abort_reaches_a_query_that_has_not_answered_yet(
    physicist: Service, backstage: Backstage, database_held: Hold
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-xlsx").json
        until(lambda: backstage.queries(requested["id"]))
        start = time.monotonic()
        assert abort(physicist, requested["id"])["state"] in {"ABORTING", "ABORTED"}
        until(lambda: not backstage.queries(requested["id"]))
        export = physicist.wait(requested["id"])
        assert time.monotonic() - start < SOON
    assert export["state"] == "ABORTED"
    no_file_is_left(physicist, backstage, requested["id"])


def test_abort_stops_running_export_and_leaves_nothing(
    physicist: Service, backstage: Backstage, large_url: str, worker_reads: PointWorker
) -> None:
    worker_reads(large_url)
    requested = physicist.request_export(type="ct-xlsx").json
    seen = in_the_middle(physicist, requested["id"])
    assert 0 < seen["studies_done"] < seen["studies_total"]
    assert backstage.temporary_files() != []
    start = time.monotonic()
    abort(physicist, requested["id"])
    export = physicist.wait(requested["id"])
    assert time.monotonic() - start < SOON
    assert export["state"] == "ABORTED"
    assert backstage.queries(requested["id"]) == 0
    assert sessions(large_url, requested["id"]) == 0
    assert backstage.temporary_files() == []
    no_file_is_left(physicist, backstage, requested["id"])


def sessions(url: str, export_id: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [f"doseexport:{export_id}"]
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_abort_of_queued_export_is_immediate_and_it_never_runs(
    physicist: Service, backstage: Backstage, database_held: Hold
) -> None:
    with database_held():
        running = [physicist.request_export(type="ct-csv").json["id"] for _ in range(2)]
        until(lambda: all(physicist.get(one)["state"] == "RUNNING" for one in running))
        waiting = physicist.request_export(type="ct-csv").json["id"]
        assert abort(physicist, waiting)["state"] == "ABORTED"
    for one in running:
        assert physicist.wait(one)["state"] == "COMPLETED"
    until(lambda: backstage.waiting() == 0)
    ended = physicist.get(waiting)
    assert (ended["state"], ended["started_at"]) == ("ABORTED", None)


def test_abort_is_for_owner_and_admins(people: UserPool, database_held: Hold) -> None:
    with database_held():
        requested = people.physicist.request_export(type="ct-csv").json["id"]
        refused = people.colleague.call("POST", f"/exports/{requested}/abort")
        assert refused.status == 403
        assert people.physicist.get(requested)["state"] in {"QUEUED", "RUNNING"}
        abort(people.admin, requested)
        assert people.physicist.wait(requested)["state"] == "ABORTED"


def test_abort_makes_room_for_the_next_export(people: UserPool, database_held: Hold) -> None:
    with database_held():
        requested = [people.colleague.request_export(type="ct-csv").json["id"] for _ in range(5)]
        assert people.colleague.request_export(type="ct-csv").status == 429
        for one in requested:
            abort(people.colleague, one)
        for one in requested:
            people.colleague.wait(one)
    after = people.colleague.request_export(type="ct-csv")
    assert after.status == 202
    assert people.colleague.wait(after.json["id"])["state"] == "COMPLETED"
