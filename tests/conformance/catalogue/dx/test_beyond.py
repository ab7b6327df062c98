"""Radiography beyond OpenREM's test files, on changed copies: cases that OpenREM loses or fails on."""

from collections import Counter
from io import BytesIO

import pytest
from openpyxl import load_workbook

from tests.conformance.tables import Table, read_csv
from tests.conformance.workbook_tables import list_protocols

THIGH = "7698466579781854"  # study 25: events 13 to 17
SOURCE = "(SELECT id FROM remapp_irradeventxraysourcedata WHERE irradiation_event_xray_data_id = {})"
REPORT = "(SELECT id FROM remapp_projectionxrayradiationdose WHERE general_study_module_attributes_id = {})"


def find_row(table: Table, accession_number: str) -> dict[str, str]:
    """Return the study's row by headings."""
    row = table.rows[table.column("Accession number").index(accession_number)]
    return dict(zip(table.headings, row, strict=True))


def read_form(path) -> list[list]:
    """Return the rows of a form, headings first."""
    return [list(row) for row in load_workbook(BytesIO(path.read_bytes())).worksheets[0].values]


def test_p01_dx_event_without_source_data_costs_only_its_own_cells(altered, export, openrem_url) -> None:
    url = altered(
        "SET session_replication_role = replica;"
        f"DELETE FROM remapp_irradeventxraysourcedata WHERE id = {SOURCE.format(14)}"
    )
    whole, found = (find_row(read_csv(export("dx-csv", each)), THIGH) for each in (openrem_url, url))
    lost = {heading for heading in whole if whole[heading] != found[heading]}
    assert lost == {"E2 kVp", "E2 mAs", "E2 mA", "E2 Exposure time (ms)"}
    assert {found[heading] for heading in lost} == {""}


def test_p02_dx_study_with_two_dose_reports_keeps_all_its_events(altered, export, openrem_url) -> None:
    url = altered(
        "INSERT INTO remapp_projectionxrayradiationdose (id, general_study_module_attributes_id)"
        " VALUES (1000, 25); UPDATE remapp_irradeventxraydata SET projection_xray_radiation_dose_id = 1000"
        " WHERE id IN (14, 15)"
    )
    tables = [read_csv(export("dx-csv", each)) for each in (openrem_url, url)]
    assert tables[0] == tables[1]


def test_p04_dx_empty_protocol_and_none_at_all_share_the_sheet_unknown(altered, export) -> None:
    url = altered("UPDATE remapp_irradeventxraydata SET acquisition_protocol = '' WHERE id IN (13, 14)")
    book = load_workbook(export("dx-xlsx", url))
    assert book["unknown"].max_row - 1 == 3
    assert book["thigh_right"].max_row - 1 == 3


def test_p05_dx_study_without_events_has_its_row(altered, export) -> None:
    url = altered(
        "SET session_replication_role = replica;"
        f"DELETE FROM remapp_irradeventxraydata WHERE projection_xray_radiation_dose_id IN"
        f" ({REPORT.format(18)}, {REPORT.format(22)}, {REPORT.format(25)})"
    )
    book = load_workbook(export("dx-xlsx", url))
    assert book["All data"].max_row - 1 == 12
    assert sum(sheet.max_row - 1 for sheet in list_protocols(book)) == 23 - 7


def test_dx_filter_without_a_material_has_an_empty_entry_beside_the_others(altered, export) -> None:
    url = altered(
        "INSERT INTO remapp_xrayfilters (id, xray_filter_thickness_maximum,"
        f" irradiation_event_xray_source_data_id) VALUES (5000, 3, {SOURCE.format(9)})"
    )
    row = find_row(read_csv(export("dx-csv", url)), "20200617Chesty")
    assert (row["E1 Filters"], row["E1 Filter thicknesses (mm)"]) == ("Cu | ", "0.2000 | ")


@pytest.mark.parametrize("form", ["projection", "study"])
def test_dx_form_keeps_a_study_without_events(altered, export, form: str, capsys) -> None:
    url = altered(
        "SET session_replication_role = replica;"
        f"DELETE FROM remapp_irradeventxraydata WHERE projection_xray_radiation_dose_id = {REPORT.format(18)}"
    )
    rows = {row[2]: row for row in read_form(export(f"dx-phe2019-{form}", url))}
    assert len(rows) == 13
    assert rows[18][6] == "XR CHEST | XR CHEST | XR CHEST"
    assert set(rows[18][14:]) == {None}
    assert "No event in 1 of the studies" in capsys.readouterr().out


def test_dx_projections_beyond_the_form_go_on_to_the_right(altered, export, capsys) -> None:
    """OpenREM counted five events where there are eight: the form has room for six."""
    url = altered(
        "INSERT INTO remapp_irradeventxraydata (id, acquisition_protocol, dose_area_product,"
        " projection_xray_radiation_dose_id)"
        f" SELECT 9000 + n, 'Later ' || n, 0, {REPORT.format(25)} FROM generate_series(1, 3) AS n"
    )
    headings, *rows = read_form(export("dx-phe2019-study", url))
    row = next(row for row in rows if row[2] == 25)
    first = headings.index("Projection 1 Name")
    assert [row[first + 11 * n] for n in range(8)] == ["Thigh Right"] * 5 + ["Later 1", "Later 2", "Later 3"]
    assert headings[first + 66] == "Additional one"
    assert [row[headings.index(f"Projection {n} DAP")] for n in (5, 6)] == [2.32, 0]
    assert "More than 6 events in 1 of the studies" in capsys.readouterr().out


def test_dx_protocols_sheet_has_all_its_events_whatever_their_study(export, openrem_url: str) -> None:
    book = load_workbook(export("dx-xlsx", openrem_url))
    headings, *rows = book["aec"].values
    place = headings.index("Study date")
    assert Counter(row[place] is None for row in rows) == {True: 1, False: 2}
