"""rf-phe2019 over the sample, cell by cell against a second computation of the same rules."""

import io
from datetime import datetime

import psycopg
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape

from tests.component.exporting import export
from tests.oracles.rf import RfArchive
from tests.oracles.rf_forms import survey_cells
from tests.workbooks import load_exactly

NUMBERS = set("CEFGHIJKMOQV")
RATES = set("TU")


@pytest.fixture(scope="module")
def archive(sample_url):
    return RfArchive(sample_url)


@pytest.fixture(scope="module")
def exported(sample_url):
    return export(sample_url, type="rf-phe2019")


@pytest.fixture(scope="module")
def book(exported):
    return load_exactly(io.BytesIO(exported[0]))


@pytest.fixture(scope="module")
def form(book):
    return book["PHE IR-Fluoro"]


def convert(letter, text):
    """A cell worked out by hand as the form has to hold it."""
    if not text:
        return None
    if letter == "D":
        return datetime.fromisoformat(text)
    if letter in NUMBERS or (letter in RATES and text[0].isdigit()):
        return float(text)
    return text


def read_row(form, number):
    cells = {cell.column_letter: cell.value for cell in form[number] if cell.value is not None}
    return {letter: unescape(cell) if isinstance(cell, str) else cell for letter, cell in cells.items()}


def test_rf_phe2019_every_cell_follows_the_rules(form, archive):
    assert form.max_row == 6 + len(archive.studies)
    assert form.max_column <= 43
    for number, study in enumerate(archive.studies, start=1):
        wanted = {letter: convert(letter, text) for letter, text in survey_cells(archive, study).items()}
        wanted["B"] = number
        found = read_row(form, 6 + number)
        assert found == {letter: cell for letter, cell in wanted.items() if cell is not None}, number


def test_rf_phe2019_rows_above_hold_units_only(form, book):
    above = {cell.coordinate: cell.value for row in form["A1:AQ6"] for cell in row if cell.value is not None}
    assert above == {"F4": "Gy·m²", "H4": "seconds", "I4": "Gy"}
    assert book.sheetnames == ["PHE IR-Fluoro", "Warnings", "Columns", "About"]


def test_rf_phe2019_dates_are_date_cells(form, archive):
    dates = [form.cell(6 + n, 4) for n, study in enumerate(archive.studies, start=1) if study["study_date"]]
    assert all(cell.is_date for cell in dates)


def test_rf_phe2019_position_leaves_out_an_empty_meaning_like_a_missing_one(make_database, sample_url):
    cells = []
    for meaning in ("", None):
        url = make_database(sample_url)
        with psycopg.connect(url) as connection:
            connection.execute(
                "UPDATE remapp_contextid SET code_meaning = %s WHERE id IN"
                " (SELECT patient_orientation_cid_id FROM remapp_irradeventxraydata)",
                [meaning],
            )
        form = load_exactly(io.BytesIO(export(url, type="rf-phe2019")[0]))["PHE IR-Fluoro"]
        cells.append([form.cell(row, 25).value for row in range(7, form.max_row + 1)])
    assert cells[0] == cells[1]
    assert any(cells[0])


def test_sample_has_the_difficult_texts(archive):
    """Otherwise the test above would say little."""
    cells = [survey_cells(archive, study) for study in archive.studies]
    found = {
        letter: " ".join(row.get(letter, "") for row in cells)
        for letter in map(get_column_letter, range(1, 44))
    }
    for letter, words in {
        "L": [" | "], "R": [" | "], "S": [" | "], "T": ["Multiple rates"], "W": [" | "], "AC": [", 110,  mm"],
        "U": ["Single shot", "Multiple rates"], "Y": [", "], "AB": ["Area", "Width", "Height", " to "],
        "AE": [" - ", " mm"], "AF": [" mm"],
        "AQ": ["Fluoro: ", "Acquisition: ", "Acquisition: Single shot | ", "0.0", " fps. Acquisition"],
    }.items():  # fmt: skip
        assert all(word in found[letter] for word in words), letter
    assert any(not row["AB"] for row in cells)
    assert {"", "0"} <= {row["V"] for row in cells} | {row["I"] for row in cells}


def test_rf_phe2019_has_study_once_though_several_exposures_meet_a_filter(sample_url, archive):
    data, report = export(sample_url, type="rf-phe2019", filters={"acquisition_protocol": "fluoro low"})
    meant = [
        study["id"]
        for study in archive.studies
        if any(
            "fluoro low" in (event["acquisition_protocol"] or "").lower()
            for event in archive.events_of(study)
        )
    ]
    form = load_exactly(io.BytesIO(data))["PHE IR-Fluoro"]
    assert [form.cell(row, 3).value for row in range(7, form.max_row + 1)] == meant
    assert [form.cell(row, 2).value for row in range(7, form.max_row + 1)] == list(range(1, len(meant) + 1))
    assert report.studies == len(meant) > 1
