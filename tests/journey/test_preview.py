"""A preview shows what an export would hold, or that it cannot be counted in time."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
from local.stack.service import Service
from local.stack.stack import Stack

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold, UserPool


def preview(service: Service, **request: object) -> object:
    reply = service.call("POST", "/exports/preview", request)
    assert reply.status == 200, reply.body
    return reply.json


def test_preview_equals_its_export_and_leaves_nothing(physicist: Service, backstage: Backstage) -> None:
    request = {"type": "ct-xlsx", "filters": {"date_from": "2022-01-01", "station_name": "CT"}}
    before = backstage.states()
    shown = preview(physicist, **request)
    assert backstage.states() == before
    export = physicist.wait(physicist.request_export(**request).json["id"])
    assert export["state"] == "COMPLETED", export["error"]
    assert (shown["studies"], shown["events"]) == (export["studies"], export["events"])
    assert shown["protocols"][0]["count"] >= shown["protocols"][-1]["count"] > 0


def test_preview_by_name_needs_the_right_to_names(people: UserPool, stack: Stack) -> None:
    request = {"type": "ct-csv", "filters": {"patient_name": "Journey-Secret"}}
    refused = people.physicist.call("POST", "/exports/preview", request)
    assert (refused.status, refused.json["field"]) == (403, "filters.patient_name")
    assert preview(people.privileged, **request)["studies"] == 0
    log = (stack.logs / f"{stack.resource('PreviewExport')}.log").read_text()
    assert "POST /exports/preview" in log
    assert "Journey-Secret" not in log


def test_preview_out_of_time_is_marked_and_concurrent_ones_are_refused(
    physicist: Service, database_held: Hold, sample_url: str
) -> None:
    with database_held(), ThreadPoolExecutor(3) as pool:
        start = time.monotonic()
        requested = [
            pool.submit(physicist.call, "POST", "/exports/preview", {"type": "ct-csv"}) for _ in range(3)
        ]
        replies = sorted((each.result() for each in requested), key=lambda reply: reply.status)
        assert time.monotonic() - start < 30  # the API waits no longer
    assert [reply.status for reply in replies[:2]] == [200, 200]
    assert [(reply.json["timed_out"], reply.json["studies"]) for reply in replies[:2]] == [(True, None)] * 2
    assert replies[2].status in {429, 503}  # as the emulator says it, and as AWS does
    # A transaction would see the sessions of its beginning, and a session ends some milliseconds late.
    with psycopg.connect(sample_url, autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doseexport:preview'"
        until(lambda: connection.execute(query).fetchone() == (0,))
    assert preview(physicist, type="ct-csv")["timed_out"] is False
