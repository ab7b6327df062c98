"""docs/benchmarks.md, and the lines `make bench` prints."""

import os
import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from tests.benchmarks import anatomy, cold_start, costs
from tests.benchmarks.measure import Run

if TYPE_CHECKING:
    from tests.benchmarks.run import Contest

PATH = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
PACKAGES = ("psycopg", "xlsxwriter", "isal", "boto3")
RIVALS = {
    "ours": "ours",
    "copy": "bare COPY",
    "cursor": "server-side cursor + csv",
    "plain": "xlsxwriter constant_memory",
    "pandas": "pandas + xlsxwriter",
}

HEAD = """# Benchmarks

Written by `make bench` (tests/benchmarks). {facts}

Every figure is of a whole process on a synthetic OpenREM database, from its start to its end: medians of
{runs} runs that took turns; the first turn's files were compared cell by cell (but the bare COPY's, which
is no file of ours). "PostgreSQL" is the CPU time of its backends. A ratio is the median of
ours / the rival's, pair by pair.

- **bare COPY**: both COPY statements of the export at once, written to a file as they come: the limit of csv.
- **server-side cursor + csv**: psycopg's named cursors and Python's csv module, the same wide rows.
- **xlsxwriter constant_memory**: typed writes of the same cells but blank ones, rows read by our COPY.
- **pandas + xlsxwriter**: a frame a sheet, rows read by our COPY.
"""

TABLE = """
| export | | wall s | CPU s | PostgreSQL s | peak MB | file MB | ours / rival: wall | CPU | file |
|---|---|---|---|---|---|---|---|---|---|"""

STARTS = """
## Cold start
CPU milliseconds, medians of {runs}, without bytecode (a layer has none): what a function imports before its
first line, and boto3 with the clients that its first call makes. On Lambda a function of 512 MB has 0.3 of
a CPU.

| function | import | clients | heavy packages imported | code, zipped |
|---|---|---|---|---|"""

COSTS = """
## What an export costs
From the figures above at the template's {memory:,} MB, which is one CPU; tests/benchmarks/costs.py holds the
assumptions and the prices, which are from memory. US dollars for a thousand exports. Keeping a file costs
{month} a GB and month, downloading it {internet} a GB.

| export | GB-seconds each | parts | writes | worker | API | S3 | DynamoDB | SQS | all |
|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Facts:
    """The machine and the versions, in words."""

    text: str


def gather_facts(url: str) -> Facts:
    """Return what the figures depend on."""
    with psycopg.connect(url) as connection:
        server = connection.info.parameter_status("server_version")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}"
    machine = f"{_name_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}"
    load = f"load average {os.getloadavg()[2]:.1f} at the end"
    return Facts(
        f"{datetime.now(UTC):%Y-%m-%d}: {machine} ({load}); PostgreSQL {server} on the same machine; "
        f"Python {platform.python_version()}, {versions}."
    )


def _name_processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def write(
    path: Path, contests: Sequence["Contest"], anatomies: Sequence[anatomy.Anatomy], facts: Facts
) -> None:
    """Write the page."""
    runs = max(len(each.runs["ours"]) for each in contests)
    parts = [
        HEAD.format(facts=facts.text, runs=runs),
        TABLE,
        *(row for contest in contests for row in list_rows(contest)),
        *anatomy.describe(anatomies),
        *_describe_starts(),
        *_describe_costs(contests),
        (Path(__file__).parent / "notes.md").read_text(encoding="utf-8"),
    ]
    path.write_text("\n".join(part.rstrip("\n") for part in parts) + "\n", encoding="utf-8")


def list_rows(contest: "Contest") -> Iterator[str]:
    """Yield a line for ours and one for each rival."""
    for name, runs in contest.runs.items():
        figures = [f"{_median(runs, key):.2f}" for key in ("wall", "cpu", "server")]
        figures += [f"{_median(runs, 'memory'):.0f}", f"{contest.sizes[name] / 1e6:.1f}"]
        ratios = ["", "", ""]
        if name != "ours":
            own = contest.runs["ours"]
            ratios = [_ratio(own, runs, lambda run: run.wall), _ratio(own, runs, lambda run: run.cpu)]
            ratios.append("" if name == "copy" else f"{contest.sizes['ours'] / contest.sizes[name]:.2f}")
        title = f"{contest.type}, {contest.title}" if name == "ours" else ""
        yield f"| {' | '.join([title, RIVALS[name], *figures, *ratios])} |"


def describe(contest: "Contest") -> str:
    """Return the contest in lines for a terminal."""
    cells = f", {contest.cells:,} cells compared" if contest.cells else ""
    return "\n".join([f"{contest.type}, {contest.title}{cells}", *list_rows(contest)])


def _median(runs: Sequence[Run], figure: str) -> float:
    return statistics.median(getattr(run, figure) for run in runs)


def _ratio(ours: Sequence[Run], theirs: Sequence[Run], figure: Callable[[Run], float]) -> str:
    ratio = statistics.median(figure(mine) / figure(other) for mine, other in zip(ours, theirs, strict=True))
    return f"{ratio:.2f}" if ratio >= 0.5 else f"1/{1 / ratio:.1f}"


def _describe_starts() -> Iterator[str]:
    starts, layers = cold_start.measure_starts()
    yield STARTS.format(runs=cold_start.RUNS)
    for each in starts:
        heavy = ", ".join(each.heavy) or "none"
        figures = f"{each.imports * 1e3:.0f} | {each.clients * 1e3:.0f}"
        yield f"| {each.name} | {figures} | {heavy} | {each.size / 1e3:.1f} kB |"
    yield ""
    for layer in layers:
        sizes = f"{layer.zipped / 1e6:.1f} MB zipped, {layer.unpacked / 1e6:.1f} MB unpacked"
        yield f"The {layer.name} layer, built for this machine: {sizes}."


def _describe_costs(contests: Sequence["Contest"]) -> Iterator[str]:
    yield COSTS.format(memory=costs.MEMORY_MB, month=costs.GB_MONTH, internet=costs.GB_TO_THE_INTERNET)
    for contest in contests:
        runs = contest.runs["ours"]
        cost = costs.calculate(_median(runs, "wall"), _median(runs, "cpu"), contest.sizes["ours"])
        shares = " | ".join(f"{1000 * dollars:.3f}" for dollars in cost.dollars.values())
        yield (
            f"| {contest.type}, {contest.title} | {cost.gb_seconds:.1f} | {cost.parts} | {cost.writes}"
            f" | {shares} | {1000 * cost.total:.2f} |"
        )
