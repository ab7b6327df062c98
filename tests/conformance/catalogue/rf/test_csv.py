"""rf-csv equals OpenREM's own csv in every cell but for the listed deviations."""

from collections import Counter
from decimal import Decimal

import pytest

from tests.conformance.catalogue.rf.comparison import NEWEST_FIRST, STUDIES, is_number
from tests.conformance.tables import Table, pair_cells, read_csv, same_number

PLANE_B = """
UPDATE remapp_accumxraydose SET acquisition_plane_id =
    (SELECT id FROM remapp_contextid WHERE code_value = '113621') WHERE id = 22;
INSERT INTO remapp_accumxraydose (id, acquisition_plane_id, projection_xray_radiation_dose_id)
SELECT 901, id, 22 FROM remapp_contextid WHERE code_value = '113620';
INSERT INTO remapp_accumprojxraydose (id, total_fluoro_time, accumulated_xray_dose_id) VALUES (901, 5.5, 901);
UPDATE remapp_irradeventxraydata event SET acquisition_plane_id = (SELECT id FROM remapp_contextid
    WHERE code_value = CASE event.id % 4 WHEN 0 THEN '113620' ELSE '113621' END)
WHERE projection_xray_radiation_dose_id = 22;"""
CODES = """
INSERT INTO remapp_contextid (code_value, code_meaning, cid_table)
SELECT value, meaning, '5'
FROM (VALUES ('113620', 'Plane A'), ('113621', 'Plane B')) AS given (value, meaning)
WHERE NOT EXISTS (SELECT FROM remapp_contextid WHERE code_value = value);"""


@pytest.fixture(scope="module")
def ours(export, openrem_url: str) -> Table:
    return read_csv(export("rf-csv", openrem_url))


@pytest.fixture(scope="module")
def theirs(reference) -> Table:
    return read_csv(reference("rf_csv__nofilter.csv"))


@pytest.fixture(scope="module")
def cells(ours: Table, theirs: Table) -> list[tuple[str, str, str]]:
    """Heading, our cell and OpenREM's of every cell, study by study."""
    return [(cell.heading, cell.ours, cell.theirs) for cell in pair_cells(ours, theirs)]


def deviation(heading: str, own: str, other: str) -> str:
    """Return "" for equal texts, the name of a listed deviation, or "not listed"."""
    if own == other:
        return ""
    if is_number(heading):
        return "D17" if same_number(own, other) else "not listed"
    return "D01" if own.replace(",", ";") == other else "not listed"


def name_studies(table: Table) -> list[int]:
    """Return the ids of a table's studies, row by row."""
    days, times = table.column("Study date"), table.column("Study time")
    return [STUDIES[f"{day} {at[:8]}"] for day, at in zip(days, times, strict=True)]


def test_rf_csv_headings_equal_openrems(ours: Table, theirs: Table) -> None:
    assert ours.headings == theirs.headings


def test_rf_csv_studies_are_openrems(ours: Table, theirs: Table) -> None:
    assert Counter(ours.keys()) == Counter(theirs.keys())


def test_rf_csv_every_cell_equals_openrems_but_for_listed_deviations(cells) -> None:
    assert [cell for cell in cells if deviation(*cell) == "not listed"] == []


def test_rf_csv_number_of_compared_and_deviating_cells_is_as_known(cells) -> None:
    assert Counter(deviation(*cell) for cell in cells) == {"": 358, "D17": 85, "D01": 1}


def test_d01_rf_comma_stays_a_comma_in_a_manufacturers_name(cells) -> None:
    found = [cell for cell in cells if deviation(*cell) == "D01"]
    assert found == [
        ("Manufacturer", "GE Hualun Medical Systems, Co. Ltd", "GE Hualun Medical Systems; Co. Ltd")
    ]


def test_d02_rf_every_row_is_as_wide_as_the_header(ours: Table, theirs: Table) -> None:
    assert {len(row) for row in ours.rows} == {37}
    assert {len(row) for row in theirs.rows} == {28}


def test_d06_rf_studies_are_newest_first_where_openrem_has_no_order(ours: Table, theirs: Table) -> None:
    assert name_studies(ours) == NEWEST_FIRST
    assert name_studies(theirs) not in (NEWEST_FIRST, sorted(NEWEST_FIRST))


def test_d17_rf_number_has_neither_trailing_zeros_nor_an_exponent(cells) -> None:
    found = [(own, other) for heading, own, other in cells if is_number(heading) and own != other]
    for own, other in found:
        assert Decimal(own) == Decimal(other)
        assert "E" in other or other.rstrip("0").rstrip(".") == own
    assert ("0", "0E-12") in found


def test_rf_csv_comment_of_several_lines_is_the_same(ours: Table) -> None:
    comments = ours.column("Study Comments")
    assert max(comment.count("\r\n") for comment in comments) > 0


def test_rf_csv_two_planes_stand_in_their_blocks_whatever_their_rows_order(altered, export) -> None:
    table = read_csv(export("rf-csv", altered(CODES + PLANE_B)))
    row = dict(zip(table.headings, table.rows[NEWEST_FIRST.index(44)], strict=True))
    assert (row["A Fluoro duration total (s)"], row["B Fluoro duration total (s)"]) == ("5.5", "19.4")
    assert (row["A DAP total (Gy.m^2)"], row["B DAP total (Gy.m^2)"]) == ("", "0.000029541786")
    assert (row["A Number of events"], row["B Number of events"]) == ("5", "15")


def test_rf_csv_plane_b_alone_stands_in_block_b(altered, export) -> None:
    sql = CODES + PLANE_B.partition(";")[0]
    table = read_csv(export("rf-csv", altered(sql)))
    row = dict(zip(table.headings, table.rows[NEWEST_FIRST.index(44)], strict=True))
    assert (row["A DAP total (Gy.m^2)"], row["B DAP total (Gy.m^2)"]) == ("", "0.000029541786")
    assert (row["A Number of events"], row["B Number of events"]) == ("", "0")
