"""dx-csv equals OpenREM's own csv in every cell but for the listed deviations."""

from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.conformance.tables import Cell, Table, is_number, pair_cells, read_csv

THEIRS = "dx_csv__nofilter.csv"
STUDY_COLUMNS = 19
EVENT_COLUMNS = 21
PULSED = "vascular-knee-scopy-dose_level_normal"
WITHOUT_A_DATE = ("", "10:48:05", "", "1")

# Cells of the file (a ragged row's missing ones are blank): identical, other texts of the same number,
# commas that OpenREM replaced, the formula guard's apostrophe, mAs worked out, events counted. They add up to
# rows x columns.
COUNTS = {"": 1308, "D17": 170, "D01": 1, "D03": 1, "D04": 4, "D32": 4}


@pytest.fixture(scope="module")
def ours(export, openrem_url: str) -> Table:
    return read_csv(export("dx-csv", openrem_url))


@pytest.fixture(scope="module")
def theirs(reference) -> Table:
    return read_csv(reference(THEIRS))


@pytest.fixture(scope="module")
def cells(ours: Table, theirs: Table) -> list[Cell]:
    return list(pair_cells(ours, theirs))


def deviation_of(cell: Cell) -> str:
    """Return "" for equal texts, the name of a listed deviation, or "not listed"."""
    if cell.heading.endswith(" mAs") and cell.ours and not cell.theirs:
        return "D04"
    if cell.heading == "Study description" and cell.ours == f"'{cell.theirs}":
        return "D03"
    if cell.heading == "No. events" and cell.ours and not cell.theirs:
        return "D32"
    return cell.deviation


def test_dx_csv_headings_equal_openrems(ours: Table, theirs: Table) -> None:
    assert ours.headings == theirs.headings


def test_dx_csv_every_cell_equals_openrems_but_for_listed_deviations(cells: list[Cell]) -> None:
    assert [cell for cell in cells if deviation_of(cell) == "not listed"] == []


def test_dx_csv_number_of_compared_and_deviating_cells_is_as_known(cells: list[Cell], ours: Table) -> None:
    counts = Counter(deviation_of(cell) for cell in cells)
    assert counts == COUNTS
    assert counts.total() == len(ours.rows) * len(ours.headings)


def test_d01_dx_comma_stays_a_comma_in_a_protocols_name(cells: list[Cell]) -> None:
    found = [(cell.ours, cell.theirs) for cell in cells if deviation_of(cell) == "D01"]
    assert found == [("THORAX AP 90kv-0,9mAs", "THORAX AP 90kv-0;9mAs")]


def test_d02_dx_every_row_is_as_wide_as_the_header(ours: Table, theirs: Table) -> None:
    assert {len(row) for row in ours.rows} == {len(ours.headings)}
    assert len({len(row) for row in theirs.rows}) > 1


def test_d02_dx_events_that_the_device_did_not_declare_have_their_headings(export, openrem_url: str) -> None:
    option = f"--filter=acquisition_protocol={PULSED}"
    table = read_csv(export("dx-csv", openrem_url, option))
    assert table.column("No. events") == ["4"]
    assert len(table.headings) == STUDY_COLUMNS + 4 * EVENT_COLUMNS
    assert table.column("E4 Protocol") == [PULSED]


def test_d03_dx_description_that_would_run_is_harmless(cells: list[Cell]) -> None:
    found = [(cell.ours, cell.theirs) for cell in cells if deviation_of(cell) == "D03"]
    assert found == [("'- - - - -", "- - - - -")]


def test_d04_dx_mas_are_computed_where_no_exposure_is_stored(cells: list[Cell]) -> None:
    found = [(cell.heading, cell.ours, cell.theirs) for cell in cells if deviation_of(cell) == "D04"]
    values = ("8.4", "8", "13.6", "14")
    assert found == [(f"E{n} mAs", value, "") for n, value in enumerate(values, start=1)]


def test_d05_dx_study_without_a_date_is_last_where_openrem_has_it_first(ours: Table, theirs: Table) -> None:
    (first, *rest) = theirs.keys()
    assert first == WITHOUT_A_DATE
    assert ours.keys() == [*rest, first]


def test_d32_dx_events_are_counted_where_no_number_is_declared(
    cells: list[Cell], export, openrem_url, capsys
) -> None:
    found = [cell.ours for cell in cells if deviation_of(cell) == "D32"]
    assert sorted(found) == ["1", "1", "2", "4"]
    capsys.readouterr()
    export("dx-csv", openrem_url)
    assert "No number of frames is stored for 4 of the studies: No. events is" in capsys.readouterr().out


def test_d17_dx_number_has_neither_trailing_zeros_nor_an_exponent(cells: list[Cell]) -> None:
    assert Counter(deviation_of(cell) for cell in cells)["D17"] > 0
    for cell in cells:
        if is_number(cell.heading) and cell.ours:
            assert "E" not in cell.ours.upper(), cell
            assert "." not in cell.ours or cell.ours[-1] not in "0.", cell


def test_dx_csv_comment_of_several_lines_is_the_same(cells: list[Cell]) -> None:
    (comment,) = {cell.ours for cell in cells if cell.heading == "Study Comments" and cell.ours}
    assert comment.count("\r\n") == 2


def test_dx_csv_unrecorded_value_is_blank_and_a_recorded_0_is_0(altered, export) -> None:
    """Study 24 has a stored total_dap of 0 that was not measured. Study 18 gets a measured one."""
    url = altered("UPDATE remapp_accumintegratedprojradiogdose SET dose_area_product_total = 0 WHERE id = 2")
    table = read_csv(export("dx-csv", url))
    totals = dict(zip(table.column("Study date"), table.column("DAP total (cGy.cm^2)"), strict=True))
    assert totals["2022-10-24"] == ""
    assert totals["2017-05-22"] == "0"


def test_dx_csv_totals_of_two_planes_are_added(altered, export) -> None:
    url = altered(
        "INSERT INTO remapp_accumxraydose (id, projection_xray_radiation_dose_id)"
        " SELECT 1000, projection_xray_radiation_dose_id FROM remapp_accumxraydose WHERE id = 2;"
        "INSERT INTO remapp_accumintegratedprojradiogdose"
        " (id, dose_area_product_total, total_number_of_radiographic_frames, accumulated_xray_dose_id)"
        " VALUES (1000, 0.00000067, 2, 1000)"
    )
    table = read_csv(export("dx-csv", url))
    row = table.column("Study date").index("2017-05-22")
    assert table.column("DAP total (cGy.cm^2)")[row] == "7"
    assert table.column("No. events")[row] == "3"


def test_dx_csv_names_and_ids_are_the_databases(export, openrem_url: str) -> None:
    table = read_csv(export("dx-csv", openrem_url, "--include-names", "--include-ids"))
    columns = [table.column(heading) for heading in ("Patient name", "Patient ID", "Date of birth")]
    sql = (
        "SELECT coalesce(patient_name, ''), coalesce(patient_id, ''), coalesce(patient_birth_date::text, '')"
        " FROM remapp_patientmoduleattr patient JOIN remapp_generalstudymoduleattr study"
        " ON study.id = patient.general_study_module_attributes_id"
        " WHERE modality_type IN ('DX', 'CR', 'PX')"
    )
    with psycopg.connect(openrem_url) as connection:
        wanted = connection.execute(sql).fetchall()
    assert sorted(zip(*columns, strict=True)) == sorted(wanted)


def test_dx_csv_rows_end_with_cr_lf_as_openrems(export, openrem_url: str, reference) -> None:
    for path in (export("dx-csv", openrem_url), reference(THEIRS)):
        assert count_row_ends(path) == len(read_csv(path).rows) + 1


def count_row_ends(path: Path) -> int:
    """Return how many CR LF stand outside of quotes, which stand in pairs."""
    return sum(part.count(b"\r\n") for part in path.read_bytes().split(b'"')[::2])
