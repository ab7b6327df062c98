"""The audit of a database of which another implementation computed the figures of a group."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from local.sample.postgres import Postgres

from tests.component.exporting import export
from tests.conformance.workbook_tables import read_cells

FIGURES = {
    "n": 87,
    "P25": 1329.00,
    "Median": 1562.92,
    "P75": 1887.57,
    "P95": 2283.69,
    "Median CI low": 1423.61,
    "Median CI high": 1734.91,
}
ROUNDING = 0.00501
"""The figures are known to two decimals."""


@pytest.fixture(scope="module")
def scale_url(postgres: Postgres, reference_dir: Path) -> Iterator[str]:
    """The database of many CT studies."""
    url = postgres.create_database("scale")
    postgres.load("scale", reference_dir / "scale.sql.gz")
    yield url
    postgres.drop_database("scale")


def test_audit_of_many_studies_has_the_known_figures(scale_url):
    made, _ = export(scale_url, type="ct-audit", options={"exam_by": "study_description"})
    headings, *rows = read_cells(made)["Examinations"]
    groups = [dict(zip(headings, row, strict=False)) for row in rows]
    (found,) = [
        each
        for each in groups
        if (each["Exam"], each["Room"], each["Population"], each["Quantity"])
        == ("CT Abdomen", "A VCT Hospital VCTScanner", "adult", "DLP")
    ]
    assert {name: float(found[name]) for name in FIGURES} == pytest.approx(FIGURES, rel=0, abs=ROUNDING)
