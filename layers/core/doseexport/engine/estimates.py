"""How large a file will be and how long it will take, from what is known before its first row. Pure.

Both go with the cells read, at a cost a cell that was measured for every export type on the synthetic
database by `python -m tests.benchmarks.estimates` (docs/adr/web.md says how far they can be off).
"""

from __future__ import annotations

from collections.abc import Mapping

from doseexport.catalogue import CustomRows, Inclusions, Long, ModalityWorkbook, Spec, Wide
from doseexport.engine.survey import Counts

MEASURED: Mapping[str, tuple[float, float]] = {
    "ct-csv": (7.6, 1.0),
    "ct-phe2019": (6.3, 3.2),
    "ct-xlsx": (6.8, 0.6),
    "dx-csv": (7.2, 2.5),
    "dx-phe2019-projection": (4.2, 4.9),
    "dx-phe2019-study": (19.0, 8.5),
    "dx-xlsx": (7.2, 1.6),
    "mg-csv": (8.7, 1.4),
    "mg-nhsbsp-csv": (3.2, 4.3),
    "mg-nhsbsp-xlsx": (5.5, 7.5),
    "mg-xlsx": (7.2, 1.6),
    "nm-csv": (39.0, 6.3),
    "nm-xlsx": (61.0, 10.8),
    "rf-csv": (7.9, 4.7),
    "rf-phe2019": (1.2, 3.4),
    "rf-xlsx": (6.6, 1.2),
}
"""Bytes and microseconds a cell (15,000 CT studies and their like; two cores with PostgreSQL beside)."""
UNMEASURED: Mapping[str, tuple[float, float]] = {"csv": (7.7, 3.4), "xlsx": (6.7, 3.3)}
"""The medians of those by format, for a type that nobody has measured yet."""
START_SECONDS = 5.0
"""From asking to the first row: a message, a cold start in a VPC, a connection. Not measured in AWS."""


def estimate_file(spec: Spec, inclusions: Inclusions, survey: Counts) -> tuple[int, int]:
    """Return bytes, and seconds from asking to the finished file, both to two digits."""
    a_cell = MEASURED.get(spec.type, UNMEASURED[spec.format])
    cells, blank = count_cells(spec, inclusions, survey)
    size = cells * a_cell[0] + (blank if spec.format == "csv" else 0)
    return _round(size), _round(START_SECONDS + cells * a_cell[1] / 1e6)


def count_cells(spec: Spec, inclusions: Inclusions, survey: Counts) -> tuple[int, int]:
    """Return how many cells are written, and how many blank ones pad events that lie side by side.

    Of rows that a function makes only what it reads is known: its own cost a cell makes up for that.
    """
    of_study = len(spec.studies.wanted(inclusions))
    of_event = len(spec.events.wanted(inclusions)) if spec.events else 0
    side_by_side = survey.studies * of_study + survey.events * of_event
    one_a_row = survey.events * (of_study + of_event)
    match spec.layout:
        case Wide():
            return side_by_side, (survey.studies * survey.widest - survey.events) * of_event
        case Long():
            return one_a_row, 0
        case ModalityWorkbook():
            return side_by_side + one_a_row, 0
        case CustomRows(summary=summary):
            return side_by_side * (2 if summary else 1), 0


def _round(value: float) -> int:
    """Round to two digits: more would promise what is not known."""
    return round(float(f"{value:.1e}"))
