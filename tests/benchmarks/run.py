"""Compare the time and memory of Dose Export with other programs on synthetic databases: `make bench`.

Every figure is of a complete process. The programs take turns. The results are medians, and ratios of pairs.
BENCH=full adds 300,000 and 1,000,000 CT studies, which take hours. Results are written to docs/benchmarks.md.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from local import sample
from local.sample.postgres import Postgres

from doseexport import catalogue
from tests.benchmarks import breakdown, c_xlsx, compare, page
from tests.benchmarks.measure import Backends, Run, measure

RIVALS = Path(__file__).resolve().parents[2] / ".state" / "bench"
MODULES = {
    "copy": "bare_copy",
    "cursor": "cursor_csv",
    "plain": "plain_xlsx",
    "c": "c_xlsx",
    "rust": "rust_xlsx",
    "pandas": "pandas_xlsx",
}
PACKAGED = ("pandas", "rust")
"""Programs that need packages of requirements-bench.lock."""
COMMAND = Path(sys.executable).with_name("doseexport")
CT_SIZES = {"": (1_000, 6_500, 50_000), "full": (1_000, 6_500, 50_000, 300_000, 1_000_000)}
OTHERS = {"rf": 500, "mg": 2_000, "dx": 1_000, "nm": 200}
NONE = dict.fromkeys(OTHERS, 1)
PANDAS_UP_TO, PLAIN_UP_TO = 1_000, 50_000


@dataclass(slots=True)
class Comparison:
    """An export of one database: the runs of Dose Export and of other programs, by turns."""

    title: str
    type: str
    others: tuple[str, ...]
    runs: dict[str, list[Run]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    cells: int = 0


def main() -> None:
    """Measure, print each result, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="CT studies of each database")
    parser.add_argument("--page", type=Path, default=page.PATH, help="the file to write")
    options = parser.parse_args()
    sizes = options.sizes or CT_SIZES[os.environ.get("BENCH", "")]
    with Postgres() as server, TemporaryDirectory() as folder:
        comparisons = sorted(measure_all(server, sizes, options.runs, Path(folder)), key=is_other_modality)
        with open_database(server, **breakdown.STUDIES) as url:
            breakdowns = list(breakdown.break_down(url))
        facts = page.gather_facts(server.url())
    page.write(options.page, comparisons, breakdowns, facts)


def is_other_modality(comparison: Comparison) -> bool:
    """Return whether the page shows this last. It is measured first, because it takes minutes, not hours."""
    return not comparison.type.startswith("ct-")


def measure_all(server: Postgres, sizes: list[int], runs: int, folder: Path) -> Iterator[Comparison]:
    """Yield each finished comparison. Each database is dropped before the next is created."""
    with open_database(server, 200, **OTHERS) as url:
        for comparison in list_other_comparisons():
            yield run_comparison(comparison, url, runs, folder)
    with open_database(server, 1, **(NONE | {"rf_exposures": 1_000})) as url:
        yield run_comparison(
            Comparison("one of 1,000 exposures among 2", "rf-xlsx", ("plain",)), url, runs, folder
        )
    for studies in sizes:
        with open_database(server, studies, **NONE) as url:
            for comparison in list_ct_comparisons(studies):
                yield run_comparison(comparison, url, runs, folder)


@contextmanager
def open_database(server: Postgres, studies: int, **others: int) -> Iterator[str]:
    """Yield the URL of a sample database that is dropped afterwards."""
    url = server.create_database("bench")
    try:
        sample.fill(url, studies, **others)
        yield url
    finally:
        server.drop_database("bench")


def list_ct_comparisons(studies: int) -> Iterator[Comparison]:
    """Yield the comparisons on a database with this number of CT studies."""
    title = f"{studies:,} studies"
    if studies > PLAIN_UP_TO:
        yield Comparison(title, "ct-csv", ("copy",))
        yield Comparison(title, "ct-xlsx", ())
        return
    yield Comparison(title, "ct-csv", ("copy", "cursor"))
    slow = ("pandas",) if studies <= PANDAS_UP_TO else ()
    yield Comparison(title, "ct-xlsx", ("plain", "c", "rust", *slow))
    yield Comparison(title, "ct-phe2019", ())


def list_other_comparisons() -> Iterator[Comparison]:
    """Yield the comparisons on the database of other modalities."""
    for name, studies in OTHERS.items():
        yield Comparison(f"{studies:,} studies", f"{name}-csv", ("copy",) if name != "nm" else ())
        yield Comparison(f"{studies:,} studies", f"{name}-xlsx", ("plain",) if name != "nm" else ())
    for export_type in ("rf-phe2019", "dx-phe2019-study", "dx-phe2019-projection"):
        yield Comparison(f"{OTHERS[export_type[:2]]:,} studies", export_type, ())
    for export_type in ("mg-nhsbsp-csv", "mg-nhsbsp-xlsx"):
        yield Comparison(f"{OTHERS['mg']:,} studies", export_type, ())


def run_comparison(comparison: Comparison, url: str, runs: int, folder: Path) -> Comparison:
    """Run all programs in turn, and compare the files of the first turn."""
    backends = Backends(url)
    others = [name for name in comparison.others if is_available(name)]
    commands = {name: list_command(name, comparison.type, url, folder) for name in ("ours", *others)}
    for turn in range(runs):
        for name, (command, environment) in commands.items():
            comparison.runs.setdefault(name, []).append(measure(command, backends, environment))
        if turn == 0:
            compare_files(comparison, {name: command[-1] for name, (command, _) in commands.items()})
    backends.close()
    print(page.describe(comparison), flush=True)
    return comparison


def is_available(name: str) -> bool:
    """Return whether this machine has what a program needs."""
    if name == "c":
        return c_xlsx.build()
    return name not in PACKAGED or RIVALS.exists()


def compare_files(comparison: Comparison, paths: Mapping[str, str]) -> None:
    """Record the sizes of the files. Raise BenchmarkError if their cells differ (without the bare COPY)."""
    comparison.sizes = {name: Path(path).stat().st_size for name, path in paths.items()}
    check = compare.compare_csv if comparison.type.endswith("csv") else compare.compare_xlsx
    for name in paths.keys() - {"ours", "copy"}:
        comparison.cells = check(paths["ours"], paths[name])


def list_command(name: str, export_type: str, url: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the arguments for Python, the last of which is the file's path, and the environment."""
    path = str(folder / f"{name}.{catalogue.find_spec(export_type).format}")
    if name == "ours":
        return [str(COMMAND), export_type, "--database-url", url, "--output", path], {}
    environment = {"PYTHONPATH": str(RIVALS)} if name in PACKAGED else {}
    return ["-m", f"tests.benchmarks.{MODULES[name]}", export_type, url, path], environment


if __name__ == "__main__":
    sys.exit(main())
