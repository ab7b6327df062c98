"""How long people wait on the local stack: for a worker to start, for a small file, for an export to stop.

`python -m tests.benchmarks.stack_times [--runs N]` prints a table. The service writes down to the microsecond
when it does what; a request counts from before it is sent.
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
from tests.journey.backstage import Backstage, in_the_middle, until

from doseexport.domain.audit import AuditEvent

STUDIES = {"studies": 50_000, "rf": 1_000, "mg": 1, "dx": 1, "nm": 1}
WEEK = {"date_from": "2020-03-02", "date_to": "2020-03-08"}
SMALL = ("ct-csv", "ct-xlsx")
LARGE = ("ct-xlsx", "rf-xlsx")
PATIENCE = 300
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Bench:
    """The running stack, someone signed in, and what callers never see."""

    service: Service
    backstage: Backstage

    def since(self, start: datetime, export_id: str, kind: AuditEvent) -> float:
        """Return the seconds from `start` to the first entry of a kind in the export's trail."""
        entries = self.backstage.trail.read(export_id)
        return (next(each.at for each in entries if each.event is kind) - start).total_seconds()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stack_times", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print("| what | seconds, median | most |", "|---|---|---|", sep="\n")
    with Postgres() as server:
        url = server.create_database("stack")
        sample.fill(url, **STUDIES)
        with Stack(url) as stack:
            token = users.sign_in(stack, users.create(stack, "bench", users.EXPORT))
            bench = Bench(Service(stack.url, token), Backstage(stack, url))
            warm_up(bench)
            for what, seconds in measure(bench, runs):
                print(f"| {what} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |", flush=True)
            print(f"\nA worker that wrote ct-xlsx of every study, boto3 included: {weigh_worker(bench)} MB.")


def warm_up(bench: Bench) -> None:
    """Let the API's functions start, so that only the worker's start counts."""
    asked = bench.service.ask(type="ct-csv", filters=WEEK).json
    bench.service.call("POST", f"/exports/{asked['id']}/abort")
    bench.service.wait(asked["id"], PATIENCE)


def measure(bench: Bench, runs: int) -> Iterator[tuple[str, list[float]]]:
    """Yield what was waited for, and how long in each run."""
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
    """Return the seconds until a worker has started and until the file is there."""
    prepare(bench)
    start = datetime.now(UTC)
    asked = bench.service.ask(type=export_type, filters=WEEK).json
    bench.service.wait(asked["id"], PATIENCE)
    return tuple(bench.since(start, asked["id"], kind) for kind in (AuditEvent.STARTED, AuditEvent.COMPLETED))


def wait_for_abort(bench: Bench, export_type: str, see: Callable[[Service, str], object]) -> float:
    """Return the seconds from asking to stop an export that `see` has waited for until it is settled."""
    asked = bench.service.ask(type=export_type).json
    see(bench.service, asked["id"])
    start = datetime.now(UTC)
    bench.service.call("POST", f"/exports/{asked['id']}/abort")
    bench.service.wait(asked["id"], PATIENCE)
    return bench.since(start, asked["id"], AuditEvent.ABORTED)


def wait_until_running(service: Service, export_id: str) -> None:
    """Return as soon as an export is running."""
    until(lambda: service.get(export_id)["state"] == "RUNNING")


def weigh_worker(bench: Bench) -> int:
    """Return the most MB that a new worker has held in memory after a large export (Linux)."""
    renew_worker(bench)
    bench.service.wait(bench.service.ask(type="ct-xlsx").json["id"], PATIENCE)
    pids = bench.backstage.stack.workers("RunExport")
    states = [path.read_text() for pid in pids if (path := Path("/proc", str(pid), "status")).exists()]
    return max(int(PEAK.findall(state)[0]) for state in states) // 1024


_TURNS = count()


def renew_worker(bench: Bench) -> None:
    """Let the next export start a worker, as after a change of the function's settings."""
    stack = bench.backstage.stack
    client, name = stack.cloud.client("lambda"), stack.resource("RunExport")
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["BENCH_TURN"] = str(next(_TURNS))
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


if __name__ == "__main__":
    main()
