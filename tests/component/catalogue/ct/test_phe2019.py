"""ct-phe2019 over the sample, cell by cell against a second computation of the same rules."""

import io
from decimal import Decimal

import openpyxl
import psycopg
import pytest

from doseexport import catalogue
from doseexport.errors import RequestError
from tests.component.exporting import export, parse
from tests.conformance.catalogue.nm.comparison import unescape
from tests.oracles.ct import Archive
from tests.oracles.ct_phe2019 import CONSTANT_ANGLE, HEADINGS, fill_form

SHEET = "PHE CT 2019"

# What the sample's series may lack: a type, kV, a scanning length.
ALTER = """
CREATE TEMP TABLE series AS
    SELECT event.id, row_number() OVER (ORDER BY event.id) AS n FROM remapp_ctirradiationeventdata event
    JOIN remapp_ctradiationdose dose ON dose.id = event.ct_radiation_dose_id
    JOIN remapp_generalstudymoduleattr study ON study.id = dose.general_study_module_attributes_id
    JOIN remapp_contextid code ON code.id = event.ct_acquisition_type_id
    WHERE modality_type = 'CT' AND code_value <> '113805' AND study_description NOT LIKE 'broken%';
UPDATE remapp_ctirradiationeventdata SET ct_acquisition_type_id = NULL, ctdiw_phantom_type_id = NULL
    WHERE id = (SELECT id FROM series WHERE n = 1);
DELETE FROM remapp_ctxraysourceparameters
    WHERE ct_irradiation_event_data_id IN (SELECT id FROM series WHERE n <= 5);
INSERT INTO remapp_ctxraysourceparameters (id, ct_irradiation_event_data_id, kvp)
    SELECT 900000 - given.n, series.id, kvp
    FROM (VALUES (1, 2, 80.5), (2, 2, 140), (3, 3, NULL), (4, 3, 70), (5, 4, 90), (6, 4, 91), (7, 4, 92))
        AS given (n, series, kvp)
    JOIN series ON series.n = given.series;
DELETE FROM remapp_scanninglength WHERE ct_irradiation_event_data_id IN (
    SELECT id FROM series WHERE n IN (6, 7) UNION
    SELECT min(event.id) FROM remapp_ctirradiationeventdata event
    JOIN remapp_contextid code ON code.id = event.ct_acquisition_type_id WHERE code_value = '113805');
"""


@pytest.fixture(scope="module")
def altered_url(postgres):
    from local import sample

    url = postgres.create_database("altered_ct_survey")
    sample.fill(url, 200)
    with psycopg.connect(url) as connection:
        connection.execute(ALTER)
    return url


def read_rows(data):
    return list(openpyxl.load_workbook(io.BytesIO(data))[SHEET].iter_rows(values_only=True))


def is_same(value, wanted):
    """Return whether a cell is of the right type and holds what it has to."""
    if isinstance(wanted, Decimal):
        return isinstance(value, int | float) and value == float(wanted)
    if isinstance(wanted, str):
        return isinstance(value, str) and unescape(value) == wanted
    return value == wanted


@pytest.mark.parametrize("which", ["sample_url", "altered_url"])
def test_ct_phe2019_every_cell_follows_the_rules(which, request):
    url = request.getfixturevalue(which)
    data, report = export(url, type="ct-phe2019")
    header, *rows = read_rows(data)
    expected = list(fill_form(Archive(url)))
    assert list(header[: len(HEADINGS)]) == HEADINGS
    assert not any(header[len(HEADINGS) :])
    assert len(rows) == len(expected) == report.studies
    widest = max(map(len, expected))
    assert widest > len(HEADINGS)
    for row, wanted in zip(rows, expected, strict=True):
        cells = [*wanted, *[None] * (widest - len(wanted))]
        for place, (value, cell) in enumerate(zip(row, cells, strict=True)):
            assert is_same(value, None if cell == "" else cell), (row[0], place, value, cell)


def test_altered_sample_has_the_difficult_cells(altered_url):
    cells = [cell for row in fill_form(Archive(altered_url)) for cell in row]
    assert {"140 | 80.5", Decimal(70), Decimal(92)} < set(cells)
    assert any(isinstance(cell, str) and "unknown type" in cell for cell in cells)


def test_ct_phe2019_warnings_count_what_is_on_the_form(altered_url):
    _, report = export(altered_url, type="ct-phe2019")
    archive = Archive(altered_url)
    series = [
        event["id"]
        for study in archive.studies
        for event in archive.events_of(study)
        if archive.codes.get(event["ct_acquisition_type_id"], {}).get("code_value") != CONSTANT_ANGLE
    ]
    wide = sum(len(row) > len(HEADINGS) for row in fill_form(archive))
    no_length = sum(not archive.lengths[event] for event in series)
    many_tubes = sum(len(archive.tubes[event]) > 2 for event in series)
    for begin in (
        f"More than 4 series in {wide} of the studies",
        f"No scanning length in {no_length} of the series",
        f"More than two X-ray sources in {many_tubes} of the series",
    ):
        assert [warning for warning in report.warnings if warning.startswith(begin)], report.warnings


def test_ct_phe2019_has_no_warning_without_reason(sample_url):
    _, report = export(
        sample_url, type="ct-phe2019", filters={"study_description": "broken: extreme numbers"}
    )
    assert (report.studies, report.warnings) == (1, ())


def test_ct_phe2019_has_filters_and_orders_of_ct():
    form, csv = catalogue.find_spec("ct-phe2019"), catalogue.find_spec("ct-csv")
    assert (form.filters, form.orders) == (csv.filters, csv.orders)


@pytest.mark.parametrize("inclusion", ["include_names", "include_ids"])
def test_ct_phe2019_shows_no_identities(inclusion):
    with pytest.raises(RequestError):
        parse(type="ct-phe2019", **{inclusion: True})
