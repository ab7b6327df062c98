"""Compare a zip of tables with the COPYs of the same tables, whose rows are thrown away.

`python -m tests.benchmarks.tables URL` measures each type of tables and its bare COPYs on a database, in
turn, RUNS times, and prints medians: wall time, CPU of the client and of PostgreSQL, and the client's peak
memory.
docs/adr/0021-tables.md has the figures.
"""

import statistics
import sys
from collections.abc import Iterator

from doseexport import catalogue
from doseexport.catalogue import Inclusions, Tables
from doseexport.domain.request import ExportRequest
from doseexport.engine.copy_text import CSV
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from tests.benchmarks.measure import Backends, Run, measure

RUNS = 3
_READ = "import sys; from tests.benchmarks.tables import read_tables; read_tables(*sys.argv[1:])"


def read_tables(export_type: str, url: str) -> None:
    """Read the COPY of each table, one after the other on one connection."""
    queries = build_queries(ExportRequest(export_type), Inclusions())
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.begin()
        for rows in snapshot.stream_tables(queries, CSV):
            for _ in rows:
                pass


def main(url: str) -> None:
    """Measure every type and its COPYs, and print the medians."""
    print(f"{'way':<22}{'wall s':>9}{'client s':>10}{'server s':>10}{'MB':>7}")
    backends = Backends(url)
    for spec in catalogue.load_specs().values():
        if not isinstance(spec.layout, Tables):
            continue
        runs: dict[str, list[Run]] = {}
        for _ in range(RUNS):
            for way, command in _list_ways(spec.type, url):
                runs.setdefault(way, []).append(measure(command, backends))
        for way, each in runs.items():
            figures = (
                statistics.median(getattr(run, name) for run in each)
                for name in ("wall", "cpu", "server", "memory")
            )
            print(f"{way:<22}", *(f"{figure:>9.1f}" for figure in figures), flush=True)
    backends.close()


def _list_ways(export_type: str, url: str) -> Iterator[tuple[str, list[str]]]:
    yield f"{export_type} COPYs", ["-c", _READ, export_type, url]
    options = ["--database-url", url, "--output", "/dev/null"]
    yield export_type, ["-m", "doseexport.cli", export_type, *options]


if __name__ == "__main__":
    main(sys.argv[1])
