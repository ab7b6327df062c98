"""Render docs/benchmarks.md, and the lines that `make bench` prints."""

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

from tests.benchmarks import breakdown, cold_start, costs
from tests.benchmarks.measure import Run

if TYPE_CHECKING:
    from tests.benchmarks.run import Comparison

PATH = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
PACKAGES = ("psycopg", "xlsxwriter", "isal", "boto3")
PROGRAMS = {
    "ours": "Dose Export",
    "copy": "bare COPY",
    "cursor": "server-side cursor + csv",
    "plain": "xlsxwriter constant_memory",
    "c": "libxlsxwriter constant_memory",
    "rust": "rustpy-xlsxwriter",
    "pandas": "pandas + xlsxwriter",
}

HEAD = """# Benchmarks

Written by `make bench` (tests/benchmarks). {facts}

Every figure is of a complete process on a synthetic OpenREM database: the median of {runs} runs. The programs
took turns. The files of the first turn were compared cell by cell, except those of the bare COPY, which have
another layout. "PostgreSQL" is the CPU time of its backends. A ratio is Dose Export's figure divided by the
other program's: the median over the pairs of runs.

- **bare COPY**: both COPY statements of the export at once, written unchanged. No csv export can be faster.
- **server-side cursor + csv**: psycopg's named cursors and Python's csv module, with the same wide rows.
- **xlsxwriter constant_memory**: typed writes of the same cells but blank ones, from Dose Export's rows.
- **libxlsxwriter constant_memory**: the C library, called by a program in C that reads the same rows as text.
- **rustpy-xlsxwriter**: a writer in Rust, which takes all records of a sheet at once, from the same rows.
- **pandas + xlsxwriter**: one data frame per sheet, from Dose Export's rows.
"""

TABLE = """
| export | | wall s | CPU s | PostgreSQL s | peak MB | file MB | ratio: wall | CPU | file |
|---|---|---|---|---|---|---|---|---|---|"""

STARTS = """
## Cold start
CPU milliseconds (medians of {runs} new processes, Python {python}) of a function's import, with Powertools'
Logger, boto3 and its clients, and of its first call, which is its sample event with AWS answered on this
machine. The layers and boto3 have bytecode, as the layers have on Lambda. Lambda's initialisation, in which
the import runs, has a whole CPU. A call of a function with 512 MB has 0.29 of one. So the last column adds
the import and 3.5 times the call. run_export has a whole CPU always.

| function | import | first call | both | expected on Lambda |
|---|---|---|---|---|"""

COSTS = """
## What an export costs
US dollars per thousand exports, computed from the figures above at the template's {memory:,} MB, which is one
CPU. tests/benchmarks/costs.py has the assumptions and the prices: Lambda's are published for US East, and the
others are from memory. Storing a file costs {month} per GB and month in addition, and downloading it
{internet} per GB.

| export | GB-seconds each | parts | writes | worker | API | S3 | DynamoDB | SQS | total |
|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Facts:
    """The machine and the versions, as text."""

    text: str


def gather_facts(url: str) -> Facts:
    """Return the facts on which the figures depend."""
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
    path: Path, comparisons: Sequence["Comparison"], breakdowns: Sequence[breakdown.Breakdown], facts: Facts
) -> None:
    """Write the page."""
    runs = max(len(each.runs["ours"]) for each in comparisons)
    parts = [
        HEAD.format(facts=facts.text, runs=runs),
        TABLE,
        *(row for comparison in comparisons for row in list_rows(comparison)),
        *breakdown.describe(breakdowns),
        *_describe_starts(),
        *_describe_costs(comparisons),
        (Path(__file__).parent / "notes.md").read_text(encoding="utf-8"),
    ]
    path.write_text("\n".join(part.rstrip("\n") for part in parts) + "\n", encoding="utf-8")


def list_rows(comparison: "Comparison") -> Iterator[str]:
    """Yield one line per program."""
    for name, runs in comparison.runs.items():
        figures = [f"{_median(runs, key):.2f}" for key in ("wall", "cpu", "server")]
        figures += [f"{_median(runs, 'memory'):.0f}", f"{comparison.sizes[name] / 1e6:.1f}"]
        ratios = ["", "", ""]
        if name != "ours":
            own = comparison.runs["ours"]
            ratios = [_ratio(own, runs, lambda run: run.wall), _ratio(own, runs, lambda run: run.cpu)]
            ratios.append(
                "" if name == "copy" else f"{comparison.sizes['ours'] / comparison.sizes[name]:.2f}"
            )
        title = f"{comparison.type}, {comparison.title}" if name == "ours" else ""
        yield f"| {' | '.join([title, PROGRAMS[name], *figures, *ratios])} |"


def describe(comparison: "Comparison") -> str:
    """Return the lines of a comparison for the terminal."""
    cells = f", {comparison.cells:,} cells compared" if comparison.cells else ""
    return "\n".join([f"{comparison.type}, {comparison.title}{cells}", *list_rows(comparison)])


def _median(runs: Sequence[Run], figure: str) -> float:
    return statistics.median(getattr(run, figure) for run in runs)


def _ratio(ours: Sequence[Run], theirs: Sequence[Run], figure: Callable[[Run], float]) -> str:
    ratio = statistics.median(figure(mine) / figure(other) for mine, other in zip(ours, theirs, strict=True))
    return f"{ratio:.2f}" if ratio >= 0.5 else f"1/{1 / ratio:.1f}"


def _describe_starts() -> Iterator[str]:
    starts, layers = cold_start.measure_starts()
    yield STARTS.format(runs=cold_start.RUNS, python=platform.python_version())
    for each in starts:
        times = each.imports, each.call, each.imports + each.call, cold_start.expect_wait(each)
        yield f"| {each.name} | " + " | ".join(f"{seconds * 1e3:.0f}" for seconds in times) + " |"
    yield ""
    for layer in layers:
        sizes = f"{layer.zipped / 1e6:.1f} MB zipped, {layer.unpacked / 1e6:.1f} MB unpacked"
        yield f"The {layer.name} layer, built for this machine: {sizes}."


def _describe_costs(comparisons: Sequence["Comparison"]) -> Iterator[str]:
    yield COSTS.format(memory=costs.MEMORY_MB, month=costs.GB_MONTH, internet=costs.GB_TO_THE_INTERNET)
    for comparison in comparisons:
        runs = comparison.runs["ours"]
        cost = costs.calculate(_median(runs, "wall"), _median(runs, "cpu"), comparison.sizes["ours"])
        shares = " | ".join(f"{1000 * dollars:.3f}" for dollars in cost.dollars.values())
        yield (
            f"| {comparison.type}, {comparison.title} | {cost.gb_seconds:.1f} | {cost.parts} | {cost.writes}"
            f" | {shares} | {1000 * cost.total:.2f} |"
        )
