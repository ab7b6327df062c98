"""Estimates of a file's size and of the time until it is ready, from the counts before its first row.

Both are proportional to the cells that are read. `python -m tests.benchmarks.estimates` measured the cost per
cell of every export type but rf-openskin on the synthetic database. docs/adr/0007-web.md gives the error of
the estimates.
"""

from __future__ import annotations

from collections.abc import Mapping

from doseexport.catalogue import (
    AuditWorkbook,
    CustomRows,
    Inclusions,
    Long,
    ModalityWorkbook,
    Spec,
    Tables,
    Wide,
)
from doseexport.catalogue.layouts import PARQUET
from doseexport.engine.query import Counts

CELL_COSTS: Mapping[str, tuple[float, float]] = {
    "ct-audit": (2.4, 9.6),
    "ct-csv": (7.6, 1.0),
    "ct-parquet": (2.0, 0.8),
    "ct-phe2019": (6.3, 3.2),
    "ct-tables": (2.2, 1.0),
    "ct-xlsx": (6.8, 0.6),
    "dx-audit": (1.6, 12.0),
    "dx-csv": (7.2, 2.5),
    "dx-parquet": (4.2, 2.0),
    "dx-phe2019-projection": (4.2, 4.9),
    "dx-phe2019-study": (19.0, 8.5),
    "dx-tables": (4.3, 2.3),
    "dx-xlsx": (7.2, 1.6),
    "mg-audit": (2.5, 16.0),
    "mg-csv": (8.7, 1.4),
    "mg-nhsbsp-csv": (3.2, 4.3),
    "mg-nhsbsp-xlsx": (5.5, 7.5),
    "mg-parquet": (4.6, 2.6),
    "mg-tables": (5.7, 3.5),
    "mg-xlsx": (7.2, 1.6),
    "nm-audit": (4.0, 24.0),
    "nm-csv": (39.0, 6.3),
    "nm-parquet": (4.8, 2.4),
    "nm-tables": (5.7, 3.3),
    "nm-xlsx": (61.0, 10.8),
    "rf-audit": (5.1, 23.0),
    "rf-csv": (7.9, 4.7),
    "rf-parquet": (5.9, 4.4),
    "rf-phe2019": (1.2, 3.4),
    "rf-tables": (6.4, 4.0),
    "rf-xlsx": (6.6, 1.2),
}
"""Bytes and microseconds per cell, by type (15,000 CT studies; two cores shared with PostgreSQL).

Tables were measured on a busy machine, and their times are scaled by those of ct-csv and dx-csv beside them.
"""
DEFAULT_CELL_COSTS: Mapping[str, tuple[float, float]] = {
    "csv": (7.7, 3.4),
    "xlsx": (6.7, 3.3),
    "zip": (5.2, 2.5),
}
"""The medians of CELL_COSTS by format, for a type that has not been measured."""
AUDIT_BYTES = 30_000
"""The size of the charts and the sheets of an audit before its first value."""
PARQUET_BYTES = 50_000
"""The size of a package of Parquet before its first row: names and types of its columns, not compressed."""
START_SECONDS = 5.0
"""Time from the request to the first row: queue, cold start in a VPC, connection. Not measured in AWS."""


def estimate_file(spec: Spec, inclusions: Inclusions, counts: Counts) -> tuple[int, int]:
    """Return bytes, and seconds from the request to the finished file, both with two significant digits."""
    cost = CELL_COSTS.get(spec.type, DEFAULT_CELL_COSTS[spec.format])
    cells, blank = count_cells(spec, inclusions, counts)
    size = cells * cost[0] + (blank if spec.format == "csv" else 0)
    size += _find_fixed_size(spec)
    return _round(size), _round(START_SECONDS + cells * cost[1] / 1e6)


def _find_fixed_size(spec: Spec) -> int:
    match spec.layout:
        case AuditWorkbook():
            return AUDIT_BYTES
        case Tables(form=form) if form == PARQUET:
            return PARQUET_BYTES
    return 0


def count_cells(spec: Spec, inclusions: Inclusions, counts: Counts) -> tuple[int, int]:
    """Return the number of cells to write, and of blank cells that pad rows of adjacent events.

    For rows that a function makes, only the cells that it reads are known. The measured cost per cell of
    such a type accounts for the difference. The same holds for tables beside studies and events.
    """
    of_study = len(spec.studies.included(inclusions))
    of_event = len(spec.events.included(inclusions)) if spec.events else 0
    per_study = counts.studies * of_study + counts.events * of_event
    per_event = counts.events * (of_study + of_event)
    match spec.layout:
        case Tables():
            return per_study, 0
        case Wide():
            return per_study, max(0, counts.studies * counts.widest - counts.events) * of_event
        case Long():
            return per_event, 0
        case ModalityWorkbook():
            return per_study + per_event, 0
        case CustomRows(summary=summary):
            return per_study * (2 if summary else 1), 0


def _round(value: float) -> int:
    """Round to two significant digits, which is the accuracy of an estimate."""
    return round(float(f"{value:.1e}"))
