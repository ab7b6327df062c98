"""rf-phe2019 and rf-openskin equal OpenREM's own files in every cell but for the listed deviations."""

import csv
import io
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook

from tests.conformance.catalogue.rf.comparison import NEWEST_FIRST
from tests.conformance.tables import same_number
from tests.oracles.rf import RfArchive
from tests.oracles.rf_forms import openskin_row

FORM = "PHE IR-Fluoro"
FIRST_ROW, WIDTH = 7, 43
DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001  as workbooks count
CODED = (5, 7, 18, 19, 22, 38)
"""Columns of openSkin that OpenREM writes as objects (D16)."""
TEXTS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 19, 22, 38, 39}
STUDY_44 = "--filter=study_id=44"

Cell = tuple[int, str, Any, Any]


def read_form(path: Path) -> dict[int, dict[str, Any]]:
    """Return the form's rows by the studies' ids, each as letter → cell."""
    sheet = load_workbook(path)[FORM]
    rows = sheet.iter_rows(min_row=FIRST_ROW, max_col=WIDTH)
    return {row[2].value: {cell.column_letter: cell.value for cell in row} for row in rows}


@pytest.fixture(scope="module")
def our_path(export, openrem_url: str) -> Path:
    return export("rf-phe2019", openrem_url)


@pytest.fixture(scope="module")
def their_path(reference) -> Path:
    return reference("rf_phe2019__nofilter.xlsx")


@pytest.fixture(scope="module")
def cells(our_path: Path, their_path: Path) -> list[Cell]:
    """Study, letter, our cell and OpenREM's of every cell below the units."""
    ours, theirs = read_form(our_path), read_form(their_path)
    assert set(ours) == set(theirs)
    return [
        (study, letter, cell, theirs[study][letter])
        for study, row in ours.items()
        for letter, cell in row.items()
    ]


def deviation(study: int, letter: str, own: Any, other: Any) -> str:
    """Return "" for equal cells, the name of a listed deviation, or "not listed"."""
    if letter == "B":
        return "D06" if own != other else ""
    if letter == "D":
        return "D09" if own == DAY_0 + timedelta(days=other) else "not listed"
    if letter == "L":
        words = [word for word in other.split(" | ") if word != "None"]
        return ("D08" if own != other else "") if (own or "") == " | ".join(words) else "not listed"
    is_in_mm = letter == "AB" and own != other and own == str(other).replace(" m,", " mm,")
    if is_in_mm or (study, letter, own, other) == (43, "I", None, 0):
        return "D30" if is_in_mm else "D14"
    if isinstance(own, int | float) and isinstance(other, int | float):
        return "" if same_number(repr(own), repr(other)) else "not listed"
    return "" if own == other else "not listed"


def test_rf_phe2019_every_cell_equals_openrems_but_for_listed_deviations(cells) -> None:
    assert [cell for cell in cells if deviation(*cell) == "not listed"] == []


def test_rf_phe2019_number_of_compared_and_deviating_cells_is_as_known(cells) -> None:
    counts = Counter(deviation(*cell) for cell in cells)
    assert counts == {"": 476, "D06": 12, "D08": 12, "D09": 12, "D14": 1, "D30": 3}
    assert counts.total() == 12 * WIDTH


def test_rf_phe2019_rows_above_are_openrems(our_path: Path, their_path: Path) -> None:
    def above(path: Path) -> dict[str, str]:
        sheet = load_workbook(path)[FORM]
        return {cell.coordinate: cell.value for row in sheet["A1:AQ6"] for cell in row if cell.value}

    assert above(our_path) == above(their_path) == {"F4": "Gy·m²", "H4": "seconds", "I4": "Gy"}


def test_d06_rf_form_numbers_the_newest_study_1(our_path: Path) -> None:
    rows = read_form(our_path)
    assert list(rows) == NEWEST_FIRST
    assert [row["B"] for row in rows.values()] == list(range(1, 13))


def test_d07_rf_study_is_in_the_form_once_though_two_exposures_meet_the_filter(export, openrem_url) -> None:
    rows = load_workbook(export("rf-phe2019", openrem_url, "--filter=acquisition_protocol=CP_"))[
        FORM
    ].iter_rows(min_row=FIRST_ROW, min_col=2, max_col=3, values_only=True)
    assert list(rows) == [(1, 27)]


def test_d08_rf_missing_examination_name_is_left_out(cells) -> None:
    found = {study: (own, other) for study, letter, own, other in cells if letter == "L"}
    assert all("None" in other for _, other in found.values())
    assert found[46] == (
        "Gastrostomy Insertion | Gastrostomy Insertion",
        "Gastrostomy Insertion | Gastrostomy Insertion | None",
    )
    assert [study for study, (own, _) in found.items() if own is None] == [47, 50, 53, 54]


def test_d09_rf_forms_dates_are_date_cells(our_path: Path, their_path: Path) -> None:
    for path, is_date in ((our_path, True), (their_path, False)):
        sheet = load_workbook(path)[FORM]
        assert {sheet.cell(row, 4).is_date for row in range(FIRST_ROW, FIRST_ROW + 12)} == {is_date}


def test_d14_rf_dose_that_is_not_recorded_is_blank_in_the_form(cells) -> None:
    found = [cell[:2] for cell in cells if deviation(*cell) == "D14"]
    assert found == [(43, "I")]


def test_rf_phe2019_totals_of_two_planes_are_added_though_one_lacks_them(altered, export) -> None:
    url = altered("""
        INSERT INTO remapp_accumxraydose (id, projection_xray_radiation_dose_id) VALUES (901, 22), (902, 21);
        INSERT INTO remapp_accumprojxraydose (id, total_fluoro_time, accumulated_xray_dose_id)
            VALUES (901, 0.6, 901), (902, NULL, 902);
        UPDATE remapp_generalstudymoduleattr SET total_rp_dose_b = 0.5 WHERE id IN (43, 47);""")
    rows = read_form(export("rf-phe2019", url))
    assert [rows[44][letter] for letter in "FGH"] == [2.9541786e-05, 0, 20]
    assert [rows[43][letter] for letter in "FGHI"] == [None, None, 34.43, 0.5]
    assert rows[47]["I"] == 0.530573


def test_d30_rf_width_and_height_of_the_field_are_in_mm_where_openrem_says_m(cells) -> None:
    texts = [(own, other) for _, letter, own, other in cells if letter == "AB" and "Width" in (own or "")]
    assert len(texts) == 3
    assert all(
        re.fullmatch(r"(Area [\d.]+ to [\d.]+ m², )?Width .* mm, Height .* mm, ", own) for own, _ in texts
    )
    assert all(" mm, " not in other for _, other in texts)


def read_lines(path: Path) -> list[list[str]]:
    """Return the lines of a csv without header; it has to start with a BOM."""
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def skin(export, openrem_url: str, reference) -> list[tuple[int, str, str]]:
    """Column, our cell and OpenREM's of every cell of study 44, exposure by exposure."""
    ours = read_lines(export("rf-openskin", openrem_url, STUDY_44))
    theirs = {row[9]: row for row in read_lines(reference("rf_openskin_csv__study44.csv"))}
    assert len(ours) == len(theirs) == 20
    return [
        (n, *pair) for row in ours for n, pair in enumerate(zip(row, theirs[row[9]], strict=True), start=1)
    ]


def skin_deviation(column: int, own: str, other: str) -> str:
    """Return "" for equal texts, the name of a listed deviation, or "not listed"."""
    if own == other:
        return ""
    if column in CODED and other.startswith("ContextID object ("):
        return "D16"
    return "D17" if column not in TEXTS and same_number(own, other) else "not listed"


def test_openskin_every_cell_equals_openrems_but_for_listed_deviations(skin) -> None:
    assert [cell for cell in skin if skin_deviation(*cell) == "not listed"] == []


def test_openskin_number_of_compared_and_deviating_cells_is_as_known(skin) -> None:
    assert Counter(skin_deviation(*cell) for cell in skin) == {"": 609, "D16": 100, "D17": 71}


def test_d16_coded_columns_hold_their_meanings(skin, openrem_url: str) -> None:
    with psycopg.connect(openrem_url) as connection:
        meanings = dict(connection.execute("SELECT id, code_meaning FROM remapp_contextid").fetchall())
    found = {
        (column, own, other) for column, own, other in skin if skin_deviation(column, own, other) == "D16"
    }
    for _, own, other in found:
        assert meanings[int(other.removeprefix("ContextID object (").removesuffix(")"))] == own
    assert {column for column, _, _ in found} == {5, 7, 18, 19, 38}


def test_d17_rf_openskin_writes_plain_numbers(skin) -> None:
    found = [(own, other) for column, own, other in skin if skin_deviation(column, own, other) == "D17"]
    assert ("0.1", "0.10000000") in found


def test_openskin_of_every_study_equals_a_second_computation(export, openrem_url: str) -> None:
    archive = RfArchive(openrem_url)
    for study in archive.studies:
        rows = read_lines(export("rf-openskin", openrem_url, f"--filter=study_id={study['id']}"))
        assert rows == [openskin_row(archive, study, event) for event in archive.events_of(study)]


def test_openskin_of_study_without_exposures_is_a_bom(export, openrem_url: str) -> None:
    assert export("rf-openskin", openrem_url, "--filter=study_id=43").read_bytes() == b"\xef\xbb\xbf"


def test_openskin_finds_study_by_its_uid(export, openrem_url: str, skin) -> None:
    uid = next(own for column, own, _ in skin if column == 3)
    found = export("rf-openskin", openrem_url, f"--filter=study_uid={uid}")
    assert found.read_bytes() == export("rf-openskin", openrem_url, STUDY_44).read_bytes()


def test_openskin_writes_study_with_several_kvp_and_current_rows(altered, export) -> None:
    url = altered("""
        INSERT INTO remapp_kvp (kvp, irradiation_event_xray_source_data_id)
        SELECT kvp, (SELECT min(src.id) FROM remapp_irradeventxraysourcedata src
            JOIN remapp_irradeventxraydata event ON event.id = irradiation_event_xray_data_id
            WHERE projection_xray_radiation_dose_id = 22) FROM (VALUES (0), (70), (71)) AS given (kvp)""")
    rows = read_lines(export("rf-openskin", url, STUDY_44))
    assert len(rows) == 20
    assert rows[0][24] == "70.5"
