"""An export survives or reports faults of the storage, the table, the database, the disk and the time."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from local.stack.service import Service
from local.stack.stack import Stack

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import MANY_STUDIES, Hold, PointWorker
from tests.journey.faults import Call, FaultyWay, HeldUp, Refusal

SLOW_DOWN = Refusal(503, "SlowDown")
ACCESS_DENIED = Refusal(403, "AccessDenied")
THROTTLED = Refusal(400, "ProvisionedThroughputExceededException")


def reason(export: dict[str, dict[str, str]]) -> tuple[object, object]:
    return export["state"], (export["error"] or {}).get("code")


@pytest.fixture
def long_way(faulty_way: FaultyWay, worker_reads: PointWorker, large_url: str) -> FaultyWay:
    """The same, for files of several parts."""
    worker_reads(large_url)
    return faulty_way


def test_s3_refusing_a_part_for_a_while_costs_one_attempt(
    physicist: Service, backstage: Backstage, long_way: FaultyWay
) -> None:
    long_way.fault = lambda call: SLOW_DOWN if call.part == 2 and "/1/" in call.key else None
    requested = physicist.request_export(type="ct-csv").json["id"]
    export = backstage.sweep_until_settled(physicist, requested)
    assert (*reason(export), export["attempt"]) == ("COMPLETED", None, 2)
    assert export["studies"] == MANY_STUDIES
    assert {key.split("/")[2] for key in backstage.objects(requested)} == {"2"}
    assert sum(call.part == 2 for call in long_way.calls) > 2


def test_s3_refusing_a_part_for_good_is_reported_at_once(
    physicist: Service, backstage: Backstage, long_way: FaultyWay
) -> None:
    long_way.fault = lambda call: ACCESS_DENIED if call.part == 2 else None
    requested = physicist.request_export(type="ct-csv").json["id"]
    export = physicist.wait(requested)
    assert (*reason(export), export["attempt"]) == ("FAILED", "STORAGE_REFUSED", 1)
    assert backstage.objects(requested) == []


def test_table_throttling_for_seconds_costs_nothing(
    physicist: Service, backstage: Backstage, faulty_way: FaultyWay, database_held: Hold
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-csv").json["id"]
        until(lambda: backstage.queries(requested))
        faulty_way.fault = lambda call: THROTTLED if call.name in {"UpdateItem", "GetItem"} else None
        time.sleep(1)  # what was under way has arrived
        lease = backstage.row(requested)["lease_until"]
        time.sleep(3)
        assert backstage.row(requested)["lease_until"] == lease
        faulty_way.fault = throttle_twice("TransactWriteItems")
    export = physicist.wait(requested)
    assert (*reason(export), export["attempt"]) == ("COMPLETED", None, 1)
    # The claim, the completion, and its two refusals.
    assert sum(call.name == "TransactWriteItems" for call in faulty_way.calls) == 4


def throttle_twice(name: str) -> Callable[[Call], Refusal | None]:
    left = [THROTTLED, THROTTLED]
    return lambda call: left.pop() if call.name == name and left else None


def end_sessions(url: str, export_id: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [f"doseexport:{export_id}"],
        ).fetchall()
    assert len(ended) == 2


def crash_server(url: str, export_id: str) -> None:
    """Kill one session's process: PostgreSQL ends all sessions, recovers, and starts again."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s", [f"doseexport:{export_id}"]
        ).fetchone()
        assert found is not None
        os.kill(found[0], signal.SIGKILL)
        # Until ours has ended too, the server has not noticed, and still answers.
        with suppress(psycopg.OperationalError):
            while True:
                connection.execute("SELECT pg_sleep(0.01)")


def answers(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


@pytest.mark.parametrize("cut", [end_sessions, crash_server])
def test_database_lost_among_the_rows_costs_one_attempt(
    physicist: Service,
    backstage: Backstage,
    long_way: FaultyWay,
    large_url: str,
    cut: Callable[[str, str], None],
) -> None:
    held = HeldUp(long_way, 1)
    requested = physicist.request_export(type="ct-csv").json["id"]
    held.wait()
    cut(large_url, requested)
    held.release()
    until(lambda: answers(large_url))
    export = backstage.sweep_until_settled(physicist, requested)
    assert (*reason(export), export["attempt"]) == ("COMPLETED", None, 2)
    assert export["studies"] == MANY_STUDIES
    assert {key.split("/")[2] for key in backstage.objects(requested)} == {"2"}


@pytest.fixture
def little_disk(backstage: Backstage) -> Iterator[Callable[[], None]]:
    """Limit the files of the running workers to 64 KB."""
    limited = {}

    def limit() -> None:
        for process in backstage.workers():
            limited[process] = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (1 << 16, limited[process][1]))
        assert limited

    yield limit
    for process, limits in limited.items():
        resource.prlimit(process, resource.RLIMIT_FSIZE, limits)


def test_full_disk_is_reported(
    physicist: Service, backstage: Backstage, database_held: Hold, little_disk: Callable[[], None]
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-xlsx").json["id"]
        until(lambda: backstage.queries(requested))
        little_disk()
    export = physicist.wait(requested)
    assert reason(export) == ("FAILED", "NO_SPACE")
    assert "space" in export["error"]["message"]
    assert backstage.objects(requested) == backstage.temporary_files() == []


@pytest.fixture
def little_time(stack: Stack) -> Iterator[None]:
    """Use workers that run three seconds longer than an orderly end takes."""
    client, function = stack.cloud.client("lambda"), stack.resource("RunExport")
    before = client.get_function_configuration(FunctionName=function)["Timeout"]
    client.update_function_configuration(FunctionName=function, Timeout=33)
    yield
    client.update_function_configuration(FunctionName=function, Timeout=before)


@pytest.mark.usefixtures("little_time")
def test_worker_out_of_time_reports_it_in_time(
    physicist: Service, backstage: Backstage, database_held: Hold
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-csv").json["id"]
        export = physicist.wait(requested, seconds=20)
        until(lambda: not backstage.queries(requested))
    assert (*reason(export), export["attempt"]) == ("FAILED", "OUT_OF_TIME", 1)
    assert "fewer" in export["error"]["message"]
    assert backstage.objects(requested) == []


def test_worker_has_the_memory_of_the_template(
    stack: Stack, physicist: Service, backstage: Backstage
) -> None:
    assert physicist.wait(physicist.request_export(type="ct-xlsx").json["id"])["state"] == "COMPLETED"
    client, function = stack.cloud.client("lambda"), stack.resource("RunExport")
    size = client.get_function_configuration(FunctionName=function)["MemorySize"]
    for process in backstage.workers():
        limits = Path(f"/proc/{process}/limits").read_text().splitlines()
        (data,) = [line.split() for line in limits if line.startswith("Max data size")]
        assert int(data[3]) == size << 20
