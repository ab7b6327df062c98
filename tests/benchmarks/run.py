"""`make bench`: our speed and memory as ratios within one run, on synthetic databases.

Every figure is of a whole process: wall and CPU seconds, and peak memory. Rivals take turns with
ours, and the median of RUNS is told. PostgreSQL's own CPU time is in nobody's figures.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from local import sample
from local.postgres import Postgres

SIZES = (6_500, 100_000)


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: wall and CPU in seconds, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with Postgres() as server, TemporaryDirectory() as folder:
        urls = {}
        for studies in SIZES:
            urls[studies] = server.create_database(f"bench_{studies}")
            sample.fill(urls[studies], studies)
        out = Path(folder)
        for studies, url in urls.items():
            compare(f"csv, {studies:,} studies", runs, ours(url, "csv", out), bare(url, out))
        for studies, url in urls.items():
            compare(f"xlsx, {studies:,} studies", runs, ours(url, "xlsx", out))
        small = urls[SIZES[0]]
        compare(f"xlsx, {SIZES[0]:,} studies", runs, ours(small, "xlsx", out), plain(small, out))


def ours(url: str, form: str, out: Path) -> list[str]:
    """Return our command line."""
    command = [sys.executable, "-m", "doseexport.cli", f"ct-{form}"]
    return [*command, "--database-url", url, "--output", str(out / f"ours.{form}")]


def bare(url: str, out: Path) -> list[str]:
    """Return the limit of csv."""
    return [sys.executable, "-m", "tests.benchmarks.bare_copy", url, str(out / "bare.csv")]


def plain(url: str, out: Path) -> list[str]:
    """Return the rival of xlsx."""
    return [sys.executable, "-m", "tests.benchmarks.plain_xlsx", url, str(out / "plain.xlsx")]


def compare(title: str, runs: int, mine: list[str], rival: list[str] | None = None) -> None:
    """Run the commands in turn and print medians, and ratios where there is a rival."""
    commands = [mine, *([rival] if rival else [])]
    for command in commands:
        measure(command)
    found = [[measure(command) for command in commands] for _ in range(runs)]
    own = [pair[0] for pair in found]
    print(f"{title}: ours {describe(own)}", flush=True)
    if rival:
        other = [pair[1] for pair in found]
        wall = ratio(found, lambda run: run.wall)
        cpu = ratio(found, lambda run: run.cpu)
        print(f"{'':8}rival {describe(other)}; ours / rival: wall {wall:.2f}, CPU {cpu:.3f}", flush=True)


def measure(command: list[str]) -> Run:
    """Run a command to its end."""
    start = time.monotonic()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=SILENT)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{command[1:4]} failed")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(time.monotonic() - start, cpu, usage.ru_maxrss / 1024)


SILENT = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]


def describe(runs: list[Run]) -> str:
    """Return the medians in words."""
    wall, cpu, memory = (
        statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu", "memory")
    )
    return f"{wall:.2f} s wall, {cpu:.2f} s CPU, {memory:.0f} MB"


def ratio(pairs: list[list[Run]], figure: Callable[[Run], float]) -> float:
    """Return the median of ours by the rival's, pair by pair."""
    return statistics.median(figure(mine) / figure(other) for mine, other in pairs)


if __name__ == "__main__":
    main()
