"""NHSBSP's csv and workbook over the sample, cell by cell against a second computation of the same rules."""

import io
import re
from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from doseexport.errors import RequestError
from tests.component.exporting import export, parse, read_csv
from tests.oracles.ct import guard
from tests.oracles.mg import MgArchive
from tests.oracles.mg_nhsbsp import Surveys, to_digits
from tests.workbooks import load_exactly

# A character that XML lacks, and an underscore that looks like the beginning of one.
ESCAPED = re.compile("_x([0-9A-F]{4})_")
TIME = re.compile(r"^(\d\d:\d\d:)(\d\d(?:\.\d{6})?)$")
SURVEYS = ("2D", "DBT", "CEM")
OPTIONS = {
    "none": {},
    "everything left out": dict.fromkeys(
        ("exclude_test_patients", "exclude_zero_agd", "exclude_magnification"), "yes"
    ),
    "test patients": {"exclude_test_patients": "yes"},
    "survey 7, whole years": {"survey_number": "7", "whole_years": "yes"},
    "own words": {"words": "routine, stereo"},
}
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
IDENTITIES = {"Patient name", "Patient ID", "Date of birth", "Accession number"}


@pytest.fixture(scope="module")
def archive(sample_url):
    return MgArchive(sample_url)


def read_workbook(data):
    """Sheet name → rows as texts."""
    book = load_exactly(io.BytesIO(data))
    return {sheet.title: [list(map(to_text, row)) for row in sheet.values] for sheet in book}


def to_text(value):
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, time):
        return value.isoformat("milliseconds")
    return "" if value is None else to_digits(ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)))


def digits(rows):
    """The rows at the digits that matter: openpyxl reads times to the millisecond."""
    return [[TIME.sub(round_time, to_digits(cell)) for cell in row] for row in rows]


def round_time(found):
    return f"{found[1]}{Decimal(found[2]):06.3f}"


@every_option
def test_nhsbsp_csv_every_cell_follows_the_rules(sample_url, archive, options):
    data, _ = export(sample_url, type="mg-nhsbsp-csv", options=options)
    _, *rows = read_csv(data)
    wanted = [[guard(cell) for cell in row] for row in Surveys(archive, options).sheets["csv"]]
    assert digits(rows) == digits(wanted)


@every_option
def test_nhsbsp_xlsx_every_cell_follows_the_rules(sample_url, archive, options):
    data, _ = export(sample_url, type="mg-nhsbsp-xlsx", options=options)
    sheets = read_workbook(data)
    surveys = Surveys(archive, options)
    for name in (*SURVEYS, "Excluded"):
        assert sheets[name][1:] == digits(surveys.sheets[name]), name
    assert [row[:-1] for row in sheets["Review"][1:]] == digits(surveys.sheets["Review"])
    assert all(row[-1] for row in sheets["Review"][1:])
    assert sheets["Summary"][1:] == digits(surveys.summary())


def test_sample_has_every_survey_reason_and_doubt(archive):
    """Otherwise the tests above would say little."""
    surveys = Surveys(archive, OPTIONS["everything left out"]).sheets
    assert min(len(surveys[name]) for name in (*SURVEYS, "Review")) > 2
    reasons = {row[-1].partition(" contains")[0] for row in surveys["Excluded"]}
    assert reasons == {
        "test patient", "no laterality", "no view", "view of a specimen", "protocol", "no anode material",
        "no filter material", "AGD is 0", "magnification view",
    }  # fmt: skip
    only_review = [row for row in surveys["Review"] if not row[0]]
    assert 0 < len(only_review) < len(surveys["Review"])


def test_nhsbsp_every_exposure_is_in_one_survey_or_left_out_with_reason(sample_url, archive):
    data, report = export(sample_url, type="mg-nhsbsp-xlsx")
    sheets = read_workbook(data)
    homeless = [row for row in sheets["Review"][1:] if not row[0]]
    synced_revision = sum(len(sheets[name]) - 1 for name in (*SURVEYS, "Excluded")) + len(homeless)
    assert synced_revision == report.events == sum(len(archive.events_of(study)) for study in archive.studies)


def test_nhsbsp_patient_has_one_number_in_every_survey_and_the_csv(sample_url):
    sheets = read_workbook(export(sample_url, type="mg-nhsbsp-xlsx")[0])
    _, *rows = read_csv(export(sample_url, type="mg-nhsbsp-csv")[0])
    homeless = [row for row in sheets["Review"][1:] if not row[0]]
    of_workbook = Counter(row[1] for name in SURVEYS for row in sheets[name][1:])
    of_workbook.update(row[1] for row in homeless)
    assert of_workbook == Counter(to_digits(row[1]) for row in rows)
    numbers = list(dict.fromkeys(int(row[1]) for row in rows))
    assert numbers == list(range(1, len(numbers) + 1))


def count(exposures):
    return "1 exposure" if exposures == 1 else f"{exposures} exposures"


def test_nhsbsp_warnings_count_what_was_left_out(sample_url, archive):
    _, report = export(sample_url, type="mg-nhsbsp-xlsx")
    surveys = Surveys(archive, {}).sheets
    for reason, times in Counter(row[-1] for row in surveys["Excluded"]).items():
        assert f"{count(times)} excluded: {reason}." in report.warnings
    homeless = sum(not row[0] for row in surveys["Review"])
    doubtful = len(surveys["Review"]) - homeless
    assert f"{count(homeless)} in no survey: see the sheet Review." in report.warnings
    assert f"{count(doubtful)} of the surveys to review: see the sheet Review." in report.warnings


@pytest.mark.parametrize("kind", ["mg-nhsbsp-csv", "mg-nhsbsp-xlsx"])
@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Several patient records in {} of the studies", "patients"),
        ("Several patient study records in {} of the studies", "patient_studies"),
        ("Several X-ray dose reports in {} of the studies", "reports"),
    ],
)
def test_nhsbsp_repeated_records_are_a_warning(sample_url, archive, kind, message, name):
    _, report = export(sample_url, type=kind)
    repeated = sum(len(getattr(archive, name)[study["id"]]) > 1 for study in archive.studies)
    assert repeated
    assert [each for each in report.warnings if each.startswith(message.format(repeated))]


@pytest.mark.parametrize("kind", ["mg-nhsbsp-csv", "mg-nhsbsp-xlsx"])
def test_nhsbsp_xlsx_identifies_no_patient(sample_url, kind):
    data, _ = export(sample_url, type=kind)
    sheets = {"": read_csv(data)} if kind.endswith("csv") else read_workbook(data)
    others = ("Warnings", "Columns", "About")
    headings = {cell for name, rows in sheets.items() if name not in others for cell in rows[0]}
    assert headings
    assert not headings & IDENTITIES
    for inclusion in ("include_names", "include_ids"):
        with pytest.raises(RequestError, match="never hold names"):
            parse(type=kind, **{inclusion: True})
