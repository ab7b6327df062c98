"""Measure waits on the local stack: for a worker to start, for a small file, and for an export to stop.

`python -m tests.benchmarks.stack_times [--runs N]` prints a table. End times come from the audit trail, with
microseconds. A request starts just before it is sent.
"""

import argparse
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from local import sample
from local.sample.postgres import Postgres
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack

from doseexport.domain.audit import AuditEvent
from tests.journey.backstage import Backstage, in_the_middle, until

STUDIES = {"studies": 50_000, "rf": 1_000, "mg": 1, "dx": 1, "nm": 1}
WEEK = {"date_from": "2020-03-02", "date_to": "2020-03-08"}
SMALL = ("ct-csv", "ct-xlsx")
LARGE = ("ct-xlsx", "rf-xlsx")
TIMEOUT = 300
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Bench:
    """The running stack: the API for a signed-in user, and access behind the API."""

    service: Service
    backstage: Backstage

    def since(self, start: datetime, export_id: str, event: AuditEvent) -> float:
        """Return the seconds from `start` to the first entry with this event in the audit trail."""
        entries = self.backstage.audit.read(export_id)
        return (next(each.at for each in entries if each.event is event) - start).total_seconds()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stack_times", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print("| wait | seconds, median | maximum |", "|---|---|---|", sep="\n")
    with Postgres() as server:
        url = server.create_database("stack")
        sample.fill(url, **STUDIES)
        with Stack(url) as stack:
            token = users.sign_in(stack, users.create(stack, "bench", users.EXPORT))
            bench = Bench(Service(stack.url, token), Backstage(stack, url))
            warm_up(bench)
            for title, seconds in measure(bench, runs):
                print(f"| {title} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |", flush=True)
            print(
                f"\nA worker that wrote ct-xlsx of every study, boto3 included: {measure_memory(bench)} MB."
            )


def warm_up(bench: Bench) -> None:
    """Start the API's functions, so that only the worker's start is measured."""
    export = bench.service.request_export(type="ct-csv", filters=WEEK).json
    bench.service.call("POST", f"/exports/{export['id']}/abort")
    bench.service.wait(export["id"], TIMEOUT)


def measure(bench: Bench, runs: int) -> Iterator[tuple[str, list[float]]]:
    """Yield the name of each wait, and its seconds in each run."""
    for export_type in SMALL:
        for worker, prepare in (("new", renew_worker), ("warm", lambda _: None)):
            waits = [wait_for_file(bench, export_type, prepare) for _ in range(runs)]
            title = f"{export_type} of a week, {worker} worker"
            yield f"{title}: request to start", [start for start, _ in waits]
            yield f"{title}: request to file", [done for _, done in waits]
    sorting = [wait_for_abort(bench, "ct-csv", wait_until_running) for _ in range(runs)]
    yield "ct-csv of every study, PostgreSQL sorts: abort to aborted", sorting
    for export_type in LARGE:
        writing = [wait_for_abort(bench, export_type, in_the_middle) for _ in range(runs)]
        yield f"{export_type} of every study, rows are written: abort to aborted", writing


def wait_for_file(bench: Bench, export_type: str, prepare: Callable[[Bench], None]) -> tuple[float, float]:
    """Return the seconds until a worker has started, and until the file is ready."""
    prepare(bench)
    start = datetime.now(UTC)
    export = bench.service.request_export(type=export_type, filters=WEEK).json
    bench.service.wait(export["id"], TIMEOUT)
    events = AuditEvent.STARTED, AuditEvent.COMPLETED
    return tuple(bench.since(start, export["id"], event) for event in events)


def wait_for_abort(bench: Bench, export_type: str, wait: Callable[[Service, str], object]) -> float:
    """Return the seconds from an abort until the export has stopped. `wait` delays the abort."""
    export = bench.service.request_export(type=export_type).json
    wait(bench.service, export["id"])
    start = datetime.now(UTC)
    bench.service.call("POST", f"/exports/{export['id']}/abort")
    bench.service.wait(export["id"], TIMEOUT)
    return bench.since(start, export["id"], AuditEvent.ABORTED)


def wait_until_running(service: Service, export_id: str) -> None:
    """Wait until an export is running."""
    until(lambda: service.get(export_id)["state"] == "RUNNING")


def measure_memory(bench: Bench) -> int:
    """Return the peak memory of a new worker in MB after a large export (Linux only)."""
    renew_worker(bench)
    bench.service.wait(bench.service.request_export(type="ct-xlsx").json["id"], TIMEOUT)
    pids = bench.backstage.stack.workers("RunExport")
    states = [path.read_text() for pid in pids if (path := Path("/proc", str(pid), "status")).exists()]
    return max(int(PEAK.findall(state)[0]) for state in states) // 1024


_TURNS = count()


def renew_worker(bench: Bench) -> None:
    """Change the function's settings, so that the next export starts a new worker."""
    stack = bench.backstage.stack
    client, name = stack.cloud.client("lambda"), stack.resource("RunExport")
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["BENCH_TURN"] = str(next(_TURNS))
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


if __name__ == "__main__":
    main()
