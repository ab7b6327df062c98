"""Measure the cost per cell of each export type, for layers/core/doseexport/engine/estimates.py.

`python -m tests.benchmarks.estimates [TYPE …]` prints bytes and microseconds per cell, as counted by
`count_cells`, on the synthetic database. It also compares the estimates with the measurements.
"""

import io
import statistics
import sys
import time
from datetime import UTC, datetime

from local import sample
from local.sample.postgres import Postgres

from doseexport import catalogue
from doseexport.actions.previews import fetch_preview
from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.estimates import START_SECONDS, count_cells, estimate_file
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.engine.query import Counts

STUDIES = {"studies": 15_000, "rf": 3_000, "mg": 10_000, "dx": 15_000, "nm": 3_000}
RUNS = 3


class NoMonitor:
    """A monitor that never stops an export."""

    def guard(self, blocking: object) -> None:
        """Do nothing."""

    def note_schema(self, schema: object) -> None:
        """Do nothing."""

    def expect(self, studies: int) -> None:
        """Do nothing."""

    def advance(self) -> None:
        """Do nothing."""


def main(types: list[str]) -> None:
    """Measure. Print one line per type, and then the medians per format."""
    costs: dict[str, list[tuple[float, float]]] = {}
    with Postgres() as server:
        database = Database({"conninfo": server.create_database("estimates")})
        sample.fill(database.parameters["conninfo"], **STUDIES)
        print(f"{'type':<18}{'cells':>12}{'bytes/cell':>12}{'µs/cell':>9}{'estimate/size':>16}")
        for spec in catalogue.load_specs().values():
            if not spec.needs and spec.type in (types or [spec.type]):
                costs.setdefault(spec.format, []).append(measure(database, spec.type))
    for form, pairs in costs.items():
        size, seconds = (statistics.median(each) for each in zip(*pairs, strict=True))
        print(f"{form}: {size:.2f} bytes and {seconds:.2f} µs per cell")


def measure(database: Database, export_type: str) -> tuple[float, float]:
    """Make exports of a type and return bytes and microseconds per cell."""
    request = ExportRequest(export_type)
    row = fetch_preview(database, request, lambda _schema: None)
    survey = Counts(row.studies, row.events, row.most_events)
    cells, blank = count_cells(request.spec, Inclusions(), survey)
    runs = [_export(database, request) for _ in range(RUNS)]
    size, seconds = runs[0][0], statistics.median(each for _, each in runs)
    estimate = estimate_file(request.spec, Inclusions(), survey)
    padding = blank if request.spec.format == "csv" else 0
    per_cell = (size - padding) / cells, seconds / cells * 1e6
    print(
        f"{export_type:<18}{cells:>12,}{per_cell[0]:>12.2f}{per_cell[1]:>9.2f}{estimate[0] / size:>16.2f}"
        f"   {estimate[1] - START_SECONDS:.1f} s estimated, {seconds:.1f} s measured",
        flush=True,
    )
    return per_cell


def _export(database: Database, request: ExportRequest) -> tuple[int, float]:
    file, start = io.BytesIO(), time.monotonic()
    write_export(RequestContext(request, "bench", datetime.now(UTC)), database, file, NoMonitor())
    return len(file.getvalue()), time.monotonic() - start


if __name__ == "__main__":
    main(sys.argv[1:])
