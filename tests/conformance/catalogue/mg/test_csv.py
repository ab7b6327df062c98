"""mg-csv equals OpenREM's own csv in every cell but for the listed deviations."""

from collections import Counter
from decimal import Decimal

import psycopg
import pytest

from tests.conformance.catalogue.mg.comparison import NUMBERS, name_deviation, pair_rows
from tests.conformance.tables import Table, read_csv

F14 = "mg_csv__F14_upto2022.csv"
RUNS = {
    "by OpenREM's parameters": ("--order=-time_date", "--filter=study_date__lt=2022-12-31"),
    "by clear names": ("--filter=date_to=2022-12-31",),
}

# Cells that are identical, other texts of the same number, commas that OpenREM replaced: 13 rows x 38.
COUNTS = {"": 355, "D17": 129, "D01": 10}

EXPOSURES = """
SELECT event.id, study.id FROM remapp_irradeventxraydata event
JOIN remapp_projectionxrayradiationdose report ON report.id = event.projection_xray_radiation_dose_id
JOIN remapp_generalstudymoduleattr study ON study.id = report.general_study_module_attributes_id
WHERE study.modality_type = 'MG' """
NEWEST = "ORDER BY study_date DESC, study_time DESC, study.id, event.id"

# What OpenREM's test files lack, on copies.
NAME_EVENTS = "UPDATE remapp_irradeventxraydata SET comment = 'event ' || id;"
NO_MECHANICAL = (
    "DELETE FROM remapp_doserelateddistancemeasurements WHERE irradiation_event_xray_mechanical_data_id IN"
    " (SELECT id FROM remapp_irradeventxraymechanicaldata WHERE irradiation_event_xray_data_id = 40);"
    " DELETE FROM remapp_irradeventxraymechanicaldata WHERE irradiation_event_xray_data_id = 40"
)
TWO_MECHANICAL = (
    "INSERT INTO remapp_irradeventxraymechanicaldata"
    " (id, irradiation_event_xray_data_id, compression_thickness) VALUES (900001, 40, 77)"
)
TWO_REPORTS = (
    "INSERT INTO remapp_projectionxrayradiationdose (id, general_study_module_attributes_id, comment)"
    " VALUES (900001, 34, 'a second report'); UPDATE remapp_irradeventxraydata"
    " SET projection_xray_radiation_dose_id = 900001 WHERE id = 41"
)
NO_EXPOSURES = (
    "UPDATE remapp_irradeventxraydata SET projection_xray_radiation_dose_id ="
    " (SELECT id FROM remapp_projectionxrayradiationdose WHERE general_study_module_attributes_id = 35)"
    " WHERE id IN (40, 41)"
)
MODIFIERS = (
    "INSERT INTO remapp_contextid (id, code_value, code_meaning, cid_table) VALUES"
    " (900001, 'R-102D6', 'Magnification', '4015'), (900002, 'R-102D7', 'Spot Compression', '4015');"
    " INSERT INTO remapp_imageviewmodifier (id, image_view_modifier_id, irradiation_event_xray_data_id)"
    " VALUES (900001, 900001, 40), (900002, NULL, 40), (900003, 900002, 40)"
)


@pytest.fixture(scope="module")
def ours(openrem_url: str, export) -> Table:
    return read_csv(export("mg-csv", openrem_url))


@pytest.fixture(scope="module", params=RUNS.values(), ids=RUNS.keys())
def cells(request, export, openrem_url, reference):
    run = read_csv(export("mg-csv", openrem_url, *request.param))
    return [cell for row in pair_rows(run, read_csv(reference(F14))) for cell in row]


def rows_of(table: Table, accession_number: str) -> list[dict[str, str]]:
    """Return the rows of a study."""
    rows = (dict(zip(table.headings, row, strict=True)) for row in table.rows)
    return [row for row in rows if row["Accession number"] == accession_number]


def test_mg_csv_every_cell_equals_openrems_but_for_listed_deviations(cells) -> None:
    assert [cell for cell in cells if name_deviation(cell) == "not listed"] == []


def test_mg_csv_number_of_compared_and_deviating_cells_is_as_known(cells) -> None:
    assert Counter(map(name_deviation, cells)) == COUNTS


def test_d01_mg_writes_the_stored_comma_where_openrem_writes_a_semicolon(cells) -> None:
    found = [cell for cell in cells if name_deviation(cell) == "D01"]
    expected = {(cell.heading, cell.ours, cell.theirs) for cell in found}
    assert ("Manufacturer", "HOLOGIC, Inc.", "HOLOGIC; Inc.") in expected
    assert all("," in ours and "," not in theirs for _, ours, theirs in expected)


def test_d17_mg_writes_numbers_plainly_where_openrem_writes_zeros_or_an_exponent(cells) -> None:
    found = [cell for cell in cells if name_deviation(cell) == "D17"]
    assert ("0", "0E-8") in {(cell.ours, cell.theirs) for cell in found}
    for cell in found:
        assert Decimal(cell.ours) == Decimal(cell.theirs)
        assert "E" not in cell.ours
        assert "." not in cell.ours or cell.ours[-1] not in "0."


def test_d06_mg_comes_newest_first_then_by_id_where_openrem_has_no_default_order(altered, export) -> None:
    url = altered(NAME_EVENTS)
    with psycopg.connect(url) as connection:
        wanted = [f"event {event}" for event, _ in connection.execute(EXPOSURES + NEWEST)]
    for order in ((), ("--order=newest_first",), ("--order=-time_date",)):
        assert read_csv(export("mg-csv", url, *order)).column("Exposure mode description") == wanted


def test_d18_mg_has_every_exposure_where_openrem_ends_at_the_first_tomosynthesis(
    openrem_url: str, ours: Table
) -> None:
    with psycopg.connect(openrem_url) as connection:
        exposures = Counter(study for _, study in connection.execute(EXPOSURES))
    assert len(ours.rows) == exposures.total() == 26
    assert ours.column("No. events").count("8") == exposures[31] == 8
    pristina = [row for row in ours.rows if row[ours.headings.index("Station name")] == "Pristina"]
    assert len(pristina) == exposures[32] == 1
    assert len(rows_of(ours, "giottotomo")) == exposures[33] == 4


def test_mg_csv_pulses_of_pristina_and_giotto_become_one_value(ours: Table) -> None:
    pristina = dict(zip(ours.headings, ours.rows[4], strict=True))
    assert (pristina["kVp"], pristina["uAs"], pristina["Filter"]) == ("34.045", "17112.5488", "Ag | Ag")
    assert pristina["Filter thickness"] == " | "
    giotto = rows_of(ours, "giottotomo")
    assert [row["uAs"] for row in giotto] == ["139890", "152040", "119850", "135680"]
    assert {row["Filter"] for row in giotto} == {" | ".join(["Ag"] * 11)}


def test_p30_exposure_without_mechanical_data_costs_its_own_cells_only(altered, export, capsys) -> None:
    table = read_csv(export("mg-csv", altered(NO_MECHANICAL)))
    assert "No mechanical data in 1 of the events: its cells are blank." in capsys.readouterr().out
    first, second = rows_of(table, "AJSKDL1234")
    assert (first["Thickness"], first["kVp"], second["Thickness"]) == ("", "28", "43")


def test_p31_repeated_records_repeat_no_row(altered, export, ours: Table, capsys) -> None:
    table = read_csv(export("mg-csv", altered(TWO_MECHANICAL)))
    assert "Several mechanical data in 1 of the events: the first was used." in capsys.readouterr().out
    assert table == ours


def test_p32_study_with_two_reports_has_the_exposures_of_both(altered, export, ours: Table, capsys) -> None:
    table = read_csv(export("mg-csv", altered(TWO_REPORTS)))
    assert "Several X-ray dose reports in 1 of the studies" in capsys.readouterr().out
    assert table == ours


def test_p33_study_without_exposures_has_its_own_row(altered, export) -> None:
    (row,) = rows_of(read_csv(export("mg-csv", altered(NO_EXPOSURES))), "AJSKDL1234")
    assert row["No. events"] == "0"
    assert {heading: row[heading] for heading in ("View", "AGD", "kVp")} == {"View": "", "AGD": "", "kVp": ""}


def test_mg_csv_view_modifiers_have_one_space_behind_each_and_nameless_ones_are_left_out(
    altered, export
) -> None:
    rows = rows_of(read_csv(export("mg-csv", altered(MODIFIERS))), "AJSKDL1234")
    assert [row["View Modifier"] for row in rows] == ["Magnification Spot Compression ", ""]


def test_d19_mg_refuses_a_bad_filter_by_name(openrem_url: str, tmp_path, capsys) -> None:
    from doseexport.cli import main

    file = tmp_path / "mg.csv"
    for condition, name in (("study_date__lt=not a date", "study_date__lt"), ("weight_min=50", "weight_min")):
        arguments = ["mg-csv", "--database-url", openrem_url, f"--filter={condition}", f"--output={file}"]
        assert main(arguments) != 0
        assert name in capsys.readouterr().err
    assert not file.exists()


def test_mg_csv_every_number_is_among_those_compared_as_numbers(ours: Table) -> None:
    texts = set(ours.headings) - NUMBERS
    assert texts == {
        "Institution", "Manufacturer", "Model name", "Station name", "Display name", "Accession number",
        "Operator", "Study date", "Study time", "Sex", "Test patient?", "Study description",
        "Requested procedure", "Study Comments", "View", "View Modifier", "Laterality", "Acquisition",
        "Mode", "Target", "Filter", "Filter thickness", "Exposure mode description",
    }  # fmt: skip
