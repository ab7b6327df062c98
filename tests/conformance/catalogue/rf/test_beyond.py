"""Fluoroscopy beyond OpenREM's test files, on changed copies."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from doseexport.cli import main
from tests.conformance.catalogue.rf.comparison import (
    EVENT_COLUMNS,
    GROUP_COLUMNS,
    NEWEST_FIRST,
    STUDY_COLUMNS,
)
from tests.conformance.tables import read_csv
from tests.conformance.workbook_tables import OTHER_SHEETS
from tests.workbooks import Sheets

REPORT_44 = "projection_xray_radiation_dose_id = 22"
SOURCES_44 = f"""(SELECT src.id FROM remapp_irradeventxraysourcedata src JOIN remapp_irradeventxraydata event
    ON event.id = irradiation_event_xray_data_id WHERE {REPORT_44})"""
ALL_EXPOSURES = 545


def read_groups(path: Path, study: int) -> list[dict[str, Any]]:
    """Return the groups of a study, each as heading → cell."""
    headings, *rows = Sheets(path.read_bytes())["All data"]
    row = rows[NEWEST_FIRST.index(study)]
    starts = range(STUDY_COLUMNS, len(row), GROUP_COLUMNS)
    blocks = [
        {headings[n].partition(" ")[2]: row[n] for n in range(start, start + GROUP_COLUMNS)}
        for start in starts
    ]
    return [block for block in blocks if block["No. exposures"]]


def count_exposures(path: Path) -> dict[str, int]:
    """Return how many exposures each protocol's sheet has."""
    sheets = Sheets(path.read_bytes())
    return {name: len(rows) - 1 for name, rows in sheets.items() if name not in OTHER_SHEETS}


@pytest.mark.parametrize("uid", ["NULL", "'2.25.1'"])
def test_rf_exposures_without_a_uid_or_with_the_same_are_each_in_one_group(uid: str, altered, export) -> None:
    path = export("rf-xlsx", altered(f"UPDATE remapp_irradeventxraydata SET irradiation_event_uid = {uid}"))
    assert [group["No. exposures"] for group in read_groups(path, 44)] == [20]
    assert [group["No. exposures"] for group in read_groups(path, 46)] == [31, 17, 1]
    assert sum(count_exposures(path).values()) == ALL_EXPOSURES


def test_rf_exposures_without_type_and_plane_remain(altered, export) -> None:
    url = altered(f"""UPDATE remapp_irradeventxraydata SET irradiation_event_type_id = NULL,
        acquisition_plane_id = NULL WHERE {REPORT_44} AND id % 2 = 0""")
    path = export("rf-xlsx", url)
    groups = read_groups(path, 44)
    assert sum(group["No. exposures"] for group in groups) == 20
    assert count_exposures(path)["skelet"] == 20
    row = dict(zip(*list(read_csv_rows(export("rf-csv", url))), strict=True))
    assert (row["No. events"], row["A Number of events"]) == ("20", "10")


def read_csv_rows(path: Path) -> tuple[list[str], list[str]]:
    """Return the headings and the row of study 44."""
    table = read_csv(path)
    return table.headings, table.rows[NEWEST_FIRST.index(44)]


def test_rf_exposure_is_on_the_sheet_of_its_own_protocol_whatever_opens_its_group(altered, export) -> None:
    path = export(
        "rf-xlsx",
        altered(f"""UPDATE remapp_irradeventxraydata SET acquisition_protocol = NULL
        WHERE id = (SELECT min(id) FROM remapp_irradeventxraydata WHERE {REPORT_44})"""),
    )
    assert [group["No. exposures"] for group in read_groups(path, 44)] == [20]
    counts = count_exposures(path)
    assert (counts["skelet"], counts["unknown"]) == (19, 340)


def test_p04_rf_empty_protocol_and_none_at_all_share_the_sheet_unknown(altered, export) -> None:
    path = export(
        "rf-xlsx",
        altered(f"UPDATE remapp_irradeventxraydata SET acquisition_protocol = '' WHERE {REPORT_44}"),
    )
    counts = count_exposures(path)
    assert "skelet" not in counts
    assert counts["unknown"] == 339 + 20
    assert sum(counts.values()) == ALL_EXPOSURES


def test_rf_group_leaves_out_pulses_of_0_and_counts_every_row_once(altered, export) -> None:
    url = altered(f"""
        INSERT INTO remapp_kvp (kvp, irradiation_event_xray_source_data_id)
        SELECT kvp, (SELECT min(id) FROM {SOURCES_44} src) FROM (VALUES (0), (70), (NULL), (71), (71))
            AS given (kvp)""")
    (group,) = read_groups(export("rf-xlsx", url), 44)
    assert (group["kVp min"], group["kVp max"]) == (70, 71)
    assert group["kVp mean"] == pytest.approx(212 / 3, rel=1e-12)


def test_p01_rf_exposure_without_source_data_keeps_its_other_cells(altered, export, capsys) -> None:
    url = altered(f"""
        SET session_replication_role = replica; -- no foreign keys
        DELETE FROM remapp_irradeventxraysourcedata WHERE id = (SELECT min(id) FROM {SOURCES_44} src)""")
    path = export("rf-xlsx", url)
    assert "warning: No X-ray source data in 1 of the events" in capsys.readouterr().out
    headings, first, *_ = Sheets(path.read_bytes())["skelet"]
    row = dict(zip(headings, first, strict=True))
    assert (row["Ref point dose (Gy)"], row["Filter material"]) == ("", "")
    assert row["DAP (cGy.cm^2)"] == 1.9129


def test_rf_repeated_children_of_an_exposure_repeat_nothing(altered, export, capsys) -> None:
    url = altered(f"""
        INSERT INTO remapp_irradeventxraysourcedata (irradiation_event_xray_data_id, dose_rp)
        SELECT id, 99 FROM remapp_irradeventxraydata WHERE {REPORT_44};
        INSERT INTO remapp_irradeventxraymechanicaldata
            (irradiation_event_xray_data_id, positioner_primary_angle)
        SELECT id, 99 FROM remapp_irradeventxraydata WHERE {REPORT_44}""")
    path = export("rf-xlsx", url)
    said = capsys.readouterr().out
    assert "warning: Several X-ray source data in 20 of the events: the first was used." in said
    assert "warning: Several mechanical data in 20 of the events: the first was used." in said
    assert count_exposures(path)["skelet"] == 20
    (group,) = read_groups(path, 44)
    assert (group["No. exposures"], group["Primary angle max"]) == (20, "")
    assert group["Ref point dose max (Gy)"] < 99


def test_p02_rf_study_with_two_dose_reports_keeps_all_its_exposures(altered, export, capsys) -> None:
    url = altered(f"""
        INSERT INTO remapp_projectionxrayradiationdose (id, comment, general_study_module_attributes_id)
            VALUES (901, 'second', 44);
        UPDATE remapp_irradeventxraydata SET projection_xray_radiation_dose_id = 901
            WHERE {REPORT_44} AND id % 2 = 0""")
    path = export("rf-xlsx", url)
    assert "warning: Several X-ray dose reports in 1 of the studies" in capsys.readouterr().out
    assert [group["No. exposures"] for group in read_groups(path, 44)] == [20]
    assert len(Sheets(path.read_bytes())["All data"]) == 13


def test_p05_rf_study_without_exposures_has_its_row(export, openrem_url: str) -> None:
    for kind in ("rf-xlsx", "rf-phe2019"):
        sheets = list(Sheets(export(kind, openrem_url).read_bytes()).values())
        rows = sheets[1][1:] if kind == "rf-xlsx" else sheets[0][6:]
        assert len(rows) == 12


def test_rf_highest_dap_of_0_is_a_value(altered, export) -> None:
    url = altered("UPDATE remapp_generalstudymoduleattr SET total_dap = 0 WHERE id = 43")
    table = read_csv(export("rf-csv", url, "--filter=study_dap_max=0"))
    assert table.column("Accession number") == ["RPY03000088241"]


@pytest.mark.parametrize("kind", ["rf-csv", "rf-xlsx", "rf-phe2019", "rf-openskin"])
@pytest.mark.parametrize("condition", ["study_dap_min=much", "num_events=1", "study_date__gt=not a date"])
def test_d19_rf_bad_filter_is_refused_and_leaves_no_file(
    kind, condition, openrem_url, tmp_path, capsys
) -> None:
    file = tmp_path / "file"
    options = (
        [f"--filter={condition}", "--filter=study_id=44"]
        if kind == "rf-openskin"
        else [f"--filter={condition}"]
    )
    assert main([kind, "--database-url", openrem_url, *options, f"--output={file}"]) != 0
    assert f"filters.{condition.partition('=')[0]}" in capsys.readouterr().err
    assert not file.exists()


def test_rf_every_row_of_a_protocols_sheet_is_as_wide_as_its_header(export, openrem_url: str) -> None:
    for sheet in load_workbook(export("rf-xlsx", openrem_url)):
        if sheet.title not in OTHER_SHEETS:
            assert sheet.max_column == STUDY_COLUMNS + EVENT_COLUMNS
            assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions)
