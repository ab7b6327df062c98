"""`make bench`: our time and memory against others' within one run, on synthetic databases.

Every figure is of a whole process. Rivals take turns with ours; medians and ratios of pairs are told.
BENCH=full adds 300,000 and 1,000,000 CT studies, which take hours. Results go to docs/benchmarks.md.
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
from tests.benchmarks import anatomy, compare, page
from tests.benchmarks.measure import Backends, Run, measure

from doseexport import catalogue

PANDAS = Path(__file__).resolve().parents[2] / ".state" / "bench"
COMMAND = Path(sys.executable).with_name("doseexport")
CT_SIZES = {"": (1_000, 6_500, 50_000), "full": (1_000, 6_500, 50_000, 300_000, 1_000_000)}
OTHERS = {"rf": 500, "mg": 2_000, "dx": 1_000, "nm": 200}
NONE = dict.fromkeys(OTHERS, 1)
PANDAS_UP_TO, PLAIN_UP_TO = 1_000, 50_000


@dataclass(slots=True)
class Contest:
    """One export of one database and its rivals: the runs of each, in the order they took turns."""

    title: str
    type: str
    rivals: tuple[str, ...]
    runs: dict[str, list[Run]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    cells: int = 0


def main() -> None:
    """Measure, print as it comes, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="CT studies of each database")
    parser.add_argument("--page", type=Path, default=page.PATH, help="where the results go")
    options = parser.parse_args()
    sizes = options.sizes or CT_SIZES[os.environ.get("BENCH", "")]
    with Postgres() as server, TemporaryDirectory() as folder:
        contests = sorted(measure_all(server, sizes, options.runs, Path(folder)), key=is_not_ct)
        with make_database(server, **anatomy.STUDIES) as url:
            anatomies = list(anatomy.dissect(url))
        facts = page.gather_facts(server.url())
    page.write(options.page, contests, anatomies, facts)


def is_not_ct(contest: Contest) -> bool:
    """Tell what the page shows last, and is measured first: it takes minutes, not hours."""
    return not contest.type.startswith("ct-")


def measure_all(server: Postgres, sizes: list[int], runs: int, folder: Path) -> Iterator[Contest]:
    """Yield every contest when it is over; each database is gone before the next is made."""
    with make_database(server, 200, **OTHERS) as url:
        for contest in list_other_contests():
            yield compete(contest, url, runs, folder)
    with make_database(server, 1, **(NONE | {"rf_exposures": 1_000})) as url:
        yield compete(Contest("one of 1,000 exposures among 2", "rf-xlsx", ("plain",)), url, runs, folder)
    for studies in sizes:
        with make_database(server, studies, **NONE) as url:
            for contest in list_ct_contests(studies):
                yield compete(contest, url, runs, folder)


@contextmanager
def make_database(server: Postgres, studies: int, **others: int) -> Iterator[str]:
    """Yield the URL of a sample database that is dropped afterwards."""
    url = server.create_database("bench")
    try:
        sample.fill(url, studies, **others)
        yield url
    finally:
        server.drop_database("bench")


def list_ct_contests(studies: int) -> Iterator[Contest]:
    """Yield what is measured on a database of so many CT studies."""
    title = f"{studies:,} studies"
    if studies > PLAIN_UP_TO:
        yield Contest(title, "ct-csv", ("copy",))
        yield Contest(title, "ct-xlsx", ())
        return
    yield Contest(title, "ct-csv", ("copy", "cursor"))
    yield Contest(title, "ct-xlsx", ("plain", "pandas") if studies <= PANDAS_UP_TO else ("plain",))
    yield Contest(title, "ct-phe2019", ())


def list_other_contests() -> Iterator[Contest]:
    """Yield what is measured on the database of other modalities."""
    for name, studies in OTHERS.items():
        yield Contest(f"{studies:,} studies", f"{name}-csv", ("copy",) if name != "nm" else ())
        yield Contest(f"{studies:,} studies", f"{name}-xlsx", ("plain",) if name != "nm" else ())
    for export_type in ("rf-phe2019", "dx-phe2019-study", "dx-phe2019-projection"):
        yield Contest(f"{OTHERS[export_type[:2]]:,} studies", export_type, ())
    for export_type in ("mg-nhsbsp-csv", "mg-nhsbsp-xlsx"):
        yield Contest(f"{OTHERS['mg']:,} studies", export_type, ())


def compete(contest: Contest, url: str, runs: int, folder: Path) -> Contest:
    """Run ours and its rivals in turn, and compare the files of the first turn."""
    backends = Backends(url)
    rivals = [name for name in contest.rivals if name != "pandas" or PANDAS.exists()]
    commands = {name: list_command(name, contest.type, url, folder) for name in ("ours", *rivals)}
    for turn in range(runs):
        for name, (command, environment) in commands.items():
            contest.runs.setdefault(name, []).append(measure(command, backends, environment))
        if turn == 0:
            compare_files(contest, {name: command[-1] for name, (command, _) in commands.items()})
    backends.close()
    print(page.describe(contest), flush=True)
    return contest


def compare_files(contest: Contest, paths: Mapping[str, str]) -> None:
    """Note how large the files are; BenchmarkError unless all but the bare COPY's hold the same cells."""
    contest.sizes = {name: Path(path).stat().st_size for name, path in paths.items()}
    check = compare.compare_csv if contest.type.endswith("csv") else compare.compare_xlsx
    for name in paths.keys() - {"ours", "copy"}:
        contest.cells = check(paths["ours"], paths[name])


def list_command(name: str, export_type: str, url: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the arguments for Python that make a file, whose path is the last, and what is set for it."""
    path = str(folder / f"{name}.{catalogue.find_spec(export_type).format}")
    if name == "ours":
        return [str(COMMAND), export_type, "--database-url", url, "--output", path], {}
    module = {"copy": "bare_copy", "cursor": "cursor_csv", "plain": "plain_xlsx", "pandas": "pandas_xlsx"}[
        name
    ]
    environment = {"PYTHONPATH": str(PANDAS)} if name == "pandas" else {}
    return ["-m", f"tests.benchmarks.{module}", export_type, url, path], environment


if __name__ == "__main__":
    sys.exit(main())
