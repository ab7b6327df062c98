"""Workers that are killed, or freeze and come back when another has the export."""

import csv
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from local.stack.service import Service, fetch

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import MANY_STUDIES, Hold, PointWorker
from tests.journey.faults import Call, FaultyWay, HeldUp


@pytest.fixture
def queue_left_empty(backstage: Backstage) -> Iterator[None]:
    """Take away afterwards what a killed worker never acknowledged."""
    until(lambda: backstage.waiting() == 0)
    yield
    backstage.client("sqs").purge_queue(QueueUrl=backstage.queue)


def attempts_of(keys: list[str]) -> set[str]:
    return {key.split("/")[2] for key in keys}


def assert_whole(service: Service, export_id: str) -> None:
    """The file can be had, and holds every study."""
    export = service.get(export_id)
    assert (export["state"], export["studies"]) == ("COMPLETED", MANY_STUDIES)
    link = service.call("POST", f"/exports/{export_id}/download").json["url"]
    rows = csv.reader(io.StringIO(fetch(link).body.decode("utf-8-sig"), newline=""))
    assert sum(1 for _ in rows) == MANY_STUDIES + 1


@pytest.fixture
def among_rows(faulty_way: FaultyWay, worker_reads: PointWorker, large_url: str) -> Callable[[int], HeldUp]:
    """Let workers stop among their rows, this often."""
    worker_reads(large_url)
    return lambda attempts: HeldUp(faulty_way, attempts)


@pytest.mark.usefixtures("queue_left_empty")
def test_worker_killed_among_its_rows_is_replaced(
    physicist: Service, backstage: Backstage, among_rows: Callable[[int], HeldUp]
) -> None:
    held = among_rows(1)
    requested = physicist.request_export(type="ct-csv").json["id"]
    held.wait()
    backstage.kill_workers()
    backstage.take_over(requested)
    physicist.wait(requested)
    assert_whole(physicist, requested)
    assert attempts_of(backstage.objects(requested)) == {"2"}


@pytest.mark.usefixtures("queue_left_empty")
def test_worker_killed_twice_among_its_rows_fails_the_export(
    physicist: Service, backstage: Backstage, among_rows: Callable[[int], HeldUp]
) -> None:
    held = among_rows(2)
    requested = physicist.request_export(type="ct-csv").json["id"]
    for attempt in (1, 2):
        held.wait()
        assert physicist.get(requested)["attempt"] == attempt
        backstage.kill_workers()
        backstage.take_over(requested)
    failed = physicist.wait(requested)
    assert (failed["state"], failed["error"]["code"]) == ("FAILED", "WORKER_LOST")
    assert physicist.call("POST", f"/exports/{requested}/download").status == 409
    assert backstage.objects(requested) == []


@pytest.mark.usefixtures("queue_left_empty")
def test_frozen_worker_that_comes_back_changes_nothing(
    physicist: Service, backstage: Backstage, among_rows: Callable[[int], HeldUp]
) -> None:
    backstage.kill_workers()
    held = among_rows(1)
    requested = physicist.request_export(type="ct-csv").json["id"]
    held.wait()
    (frozen,) = backstage.workers()
    os.kill(frozen, signal.SIGSTOP)
    try:
        held.release()
        backstage.take_over(requested)
        export = physicist.wait(requested)
        assert (export["state"], export["attempt"]) == ("COMPLETED", 2)
    finally:
        os.kill(frozen, signal.SIGCONT)
    until(lambda: backstage.waiting() == 0)
    assert physicist.get(requested) == export
    assert attempts_of(backstage.objects(requested)) == {"2"}
    assert_whole(physicist, requested)


@pytest.mark.usefixtures("queue_left_empty")
def test_file_completed_by_a_lost_attempt_is_never_visible_and_removed(
    physicist: Service, backstage: Backstage, faulty_way: FaultyWay, database_held: Hold
) -> None:
    """S3 has made the object of the first attempt, but says so only when the second has published its own."""
    may_answer, is_made = threading.Event(), threading.Event()

    def hold_up(call: Call) -> None:
        if call.name == "CompleteMultipartUpload" and "/1/" in call.key:
            is_made.set()
            may_answer.wait(60)

    faulty_way.before_answer = hold_up
    requested = physicist.request_export(type="ct-csv").json["id"]
    assert is_made.wait(30)
    assert attempts_of(backstage.objects(requested)) == {"1"}
    assert physicist.call("POST", f"/exports/{requested}/download").status == 409
    with database_held():
        backstage.take_over(requested)
        until(lambda: backstage.queries(requested))
        may_answer.set()
    export = physicist.wait(requested)
    assert (export["state"], export["attempt"]) == ("COMPLETED", 2)
    until(lambda: attempts_of(backstage.objects(requested)) == {"2"})
    until(lambda: backstage.waiting() == 0)
    assert physicist.get(requested) == export
