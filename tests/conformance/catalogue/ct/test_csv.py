"""ct-csv equals OpenREM's own csv in every cell but for the listed deviations."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.conformance.tables import (
    EVENT_COLUMNS,
    STUDY_COLUMNS,
    Cell,
    Table,
    is_number,
    pair_cells,
    read_csv,
)

NAMES_AND_IDS = ("--include-names", "--include-ids")
F1 = "ct_csv__F1_date.csv"

# How both files were requested: OpenREM's file, and our options.
RUNS = {
    "every study": ("ct_csv__nofilter.csv", ()),
    "with names and IDs": ("ct_csv__nofilter_pid.csv", NAMES_AND_IDS),
    "by OpenREM's parameters": (
        F1,
        (
            "--order=-time_date",
            "--filter=study_date__gt=2016-01-01",
            "--filter=study_date__lt=2018-12-31",
        ),
    ),
    "by OpenREM's new parameters": (
        F1,
        ("--filter=date_after=2016-01-01", "--filter=date_before=2018-12-31"),
    ),
    "by clear names": (
        F1,
        ("--order=newest_first", "--filter=date_from=2016-01-01", "--filter=date_to=2018-12-31"),
    ),
}

# Cells of each file (a ragged row's missing ones are blank): identical, other texts of the same
# number, commas that OpenREM replaced. They add up to rows x columns.
COUNTS = {
    "ct_csv__nofilter.csv": {"": 9253, "D17": 730, "D01": 22},
    "ct_csv__nofilter_pid.csv": {"": 9298, "D17": 730, "D01": 22},
    F1: {"": 633, "D17": 165, "D01": 7},
}


@dataclass(frozen=True)
class Run:
    """One export as OpenREM and we wrote it."""

    name: str
    ours: Table
    theirs: Table

    def cells(self) -> list[Cell]:
        """Return every cell of both."""
        return list(pair_cells(self.ours, self.theirs))


@pytest.fixture(scope="module", params=RUNS.values(), ids=RUNS.keys())
def run(request, export, openrem_url, reference) -> Run:
    name, options = request.param
    return Run(name, read_csv(export("ct-csv", openrem_url, *options)), read_csv(reference(name)))


def test_ct_csv_studies_are_openrems_in_the_same_order(run: Run) -> None:
    assert run.ours.keys() == run.theirs.keys()


def test_ct_csv_headings_equal_openrems(run: Run) -> None:
    assert run.ours.headings == run.theirs.headings


def test_ct_csv_every_cell_equals_openrems_but_for_listed_deviations(run: Run) -> None:
    assert [cell for cell in run.cells() if cell.deviation == "not listed"] == []


def test_ct_csv_number_of_compared_and_deviating_cells_is_as_known(run: Run) -> None:
    assert Counter(cell.deviation for cell in run.cells()) == COUNTS[run.name]


def test_d01_comma_stays_a_comma_where_openrem_writes_a_semicolon(run: Run) -> None:
    found = [cell for cell in run.cells() if cell.deviation == "D01"]
    assert found
    for cell in found:
        assert cell.heading.endswith(" Comments")
        assert "," in cell.ours
        assert "," not in cell.theirs


def test_d17_number_is_plain_where_openrem_writes_zeros_or_an_exponent(run: Run) -> None:
    found = [cell for cell in run.cells() if cell.deviation == "D17"]
    assert found
    for cell in found:
        assert Decimal(cell.ours) == Decimal(cell.theirs)
        assert "E" in cell.theirs or cell.theirs.rstrip("0").rstrip(".") == cell.ours
    assert ("0", "0E-8") in {(cell.ours, cell.theirs) for cell in found}


def test_ct_csv_numbers_have_no_exponent_or_trailing_zeros(run: Run) -> None:
    for cell in run.cells():
        if is_number(cell.heading) and cell.ours:
            assert "E" not in cell.ours.upper(), cell
            assert "." not in cell.ours or cell.ours[-1] not in "0.", cell


def test_d02_every_row_is_as_wide_as_the_header_where_openrems_end_with_their_last_event(run: Run) -> None:
    assert {len(row) for row in run.ours.rows} == {len(run.ours.headings)}
    assert {len(row) for row in run.theirs.rows} > {len(run.theirs.headings)}


def test_d02_there_is_a_block_for_every_real_event(openrem_url: str, our_csv: Table) -> None:
    assert len(our_csv.headings) == STUDY_COLUMNS + EVENT_COLUMNS * count_most_events(openrem_url)


def test_d02_device_that_declares_too_few_events_loses_none(altered, export) -> None:
    url = altered("UPDATE remapp_ctaccumulateddosedata SET total_number_of_irradiation_events = 1")
    table = read_csv(export("ct-csv", url))
    assert set(table.column("No. events")) == {"1"}
    assert len(table.headings) == STUDY_COLUMNS + EVENT_COLUMNS * count_most_events(url)
    assert {len(row) for row in table.rows} == {len(table.headings)}


def test_ct_csv_accession_numbers_and_ids_keep_their_leading_zeros(openrem_url: str, export) -> None:
    table = read_csv(export("ct-csv", openrem_url, *NAMES_AND_IDS))
    assert {"0012345.12345678", "001234512345678"} < set(table.column("Accession number"))
    assert "00001234" in table.column("Patient ID")


def test_ct_csv_rows_end_with_cr_lf_as_openrems(openrem_url: str, export, reference) -> None:
    for path in (export("ct-csv", openrem_url), reference("ct_csv__nofilter.csv")):
        assert count_row_ends(path) == len(read_csv(path).rows) + 1


def count_row_ends(path: Path) -> int:
    """Return how many CR LF stand outside of quotes, which stand in pairs."""
    return sum(part.count(b"\r\n") for part in path.read_bytes().split(b'"')[::2])


def count_most_events(url: str) -> int:
    """Return the events of the study that has most of them."""
    sql = (
        "SELECT count(*) FROM remapp_ctirradiationeventdata event"
        " JOIN remapp_ctradiationdose dose ON dose.id = event.ct_radiation_dose_id"
        " GROUP BY dose.general_study_module_attributes_id ORDER BY 1 DESC LIMIT 1"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchone()[0]
