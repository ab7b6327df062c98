"""rf-csv over the sample, cell by cell against a second computation of the same rules."""

import psycopg
import pytest
from local import sample

from doseexport import catalogue
from tests.component.exporting import export, read_csv
from tests.oracles.ct import guard
from tests.oracles.rf import RfArchive

TEXTS = {
    column.heading for column in catalogue.find_spec("rf-csv").studies.columns if column.kind.name == "text"
}
NAMES_OF_STUDY = {"Standard study name (study)", "Standard study name (request)"}
BLOCKS = ("A ", "B ")


@pytest.fixture(scope="module")
def archive(sample_url):
    return RfArchive(sample_url)


@pytest.fixture(scope="module")
def plain(sample_url):
    """The csv's rows and the report, of every study, without identities."""
    data, report = export(sample_url, type="rf-csv")
    return read_csv(data), report


def expect(archive, hidden):
    """Every row of the csv but for these columns."""
    for study in archive.studies:
        cells = archive.study_cells(study)
        row = {heading: cell for heading, cell in cells.items() if heading not in hidden}
        yield {heading: guard(cell) if heading in TEXTS else cell for heading, cell in row.items()}


@pytest.mark.parametrize(
    ("include_names", "include_ids", "hidden"),
    [
        (False, False, {"Patient name", "Patient ID", "Date of birth"}),
        (True, False, {"Patient ID"}),
        (False, True, {"Patient name"}),
        (True, True, set()),
    ],
)
def test_rf_csv_every_cell_follows_the_rules(sample_url, archive, include_names, include_ids, hidden):
    headings, *rows = read_csv(
        export(sample_url, type="rf-csv", include_names=include_names, include_ids=include_ids)[0]
    )
    expected = list(expect(archive, hidden | NAMES_OF_STUDY))
    assert headings == list(expected[0])
    assert len(rows) == len(expected) == len(archive.studies)
    for row, wanted in zip(rows, expected, strict=True):
        assert dict(zip(headings, row, strict=True)) == wanted


def test_rf_csv_every_cell_with_standard_names_follows_the_rules(standard_url):
    archive = RfArchive(standard_url)
    headings, *rows = read_csv(export(standard_url, type="rf-csv", include_names=True, include_ids=True)[0])
    expected = list(expect(archive, set()))
    assert headings == list(expected[0])
    assert [dict(zip(headings, row, strict=True)) for row in rows] == expected
    for heading in NAMES_OF_STUDY:
        assert any(cells[heading] for cells in expected)


def study_called(plain, description):
    (headings, *rows), _ = plain
    place = headings.index("Study description")
    (row,) = [row for row in rows if row[place] == f"broken: RF {description}"]
    return dict(zip(headings, row, strict=True))


def blocks_of(row):
    """Which of the blocks A and B have anything."""
    return "".join(block[0] for block in BLOCKS if any(v for k, v in row.items() if k.startswith(block)))


@pytest.mark.parametrize(
    ("description", "blocks", "events"),
    [
        ("biplane", "AB", ["4", "2"]),
        ("biplane and a single plane", "AB", ["2", "1"]),
        ("plane B alone", "B", ["", "3"]),
        ("plane B before A", "AB", ["1", "3"]),
        ("planes of another scheme", "AB", ["3", "1"]),
        ("no accumulated row", "", ["", ""]),
        ("no dose row", "", ["", ""]),
        ("no events", "A", ["0", ""]),
    ],
)
def test_rf_csv_each_plane_is_in_its_block_with_its_events(plain, description, blocks, events):
    row = study_called(plain, description)
    assert blocks_of(row) == blocks
    assert [row[f"{block}Number of events"] for block in BLOCKS] == events


SENTENCES = (
    ("No patient record in {} of the studies", ["no patient row", "bare rows"]),
    ("No patient study record in {} of the studies", ["no patient study row", "bare rows"]),
    ("No equipment record in {} of the studies", ["no equipment row", "bare rows"]),
    ("Several patient records in {} of the studies", ["two patient rows"]),
    ("Several patient study records in {} of the studies", ["two patient study rows"]),
    ("Several equipment records in {} of the studies", ["two equipment rows"]),
    ("No X-ray dose report in {} of the studies", ["no dose row"]),
    ("Several X-ray dose reports in {} of the studies", ["two dose rows"]),
    ("No accumulated dose in {} of the studies", ["no dose row", "no accumulated row"]),
    ("More than two planes in {} of the studies", ["biplane and a single plane"]),
    (
        "Several accumulated doses of one plane in {} of the studies",
        ["two accumulated rows", "two totals", "two dose rows"],
    ),
)


@pytest.mark.parametrize(("message", "descriptions"), SENTENCES)
def test_rf_csv_every_irregularity_is_reported_with_count(plain, message, descriptions):
    _, report = plain
    (expected,) = [each for each in report.warnings if each.startswith(message.split("{")[0])]
    assert expected.startswith(message.format(len(descriptions)))
    assert all(study_called(plain, description) for description in descriptions)


def test_rf_csv_reports_nothing_else(plain):
    _, report = plain
    assert len(report.warnings) == len(SENTENCES)


PLANES = """
DELETE FROM remapp_accumintegratedprojradiogdose; DELETE FROM remapp_accumprojxraydose;
DELETE FROM remapp_accummammographyxraydose; DELETE FROM remapp_accumxraydose;
INSERT INTO remapp_accumxraydose (id, acquisition_plane_id, projection_xray_radiation_dose_id)
SELECT place, code.id, (SELECT max(report.id) FROM remapp_projectionxrayradiationdose report
    JOIN remapp_generalstudymoduleattr study ON study.id = general_study_module_attributes_id
    WHERE modality_type = 'RF')
FROM unnest(%s::text[]) WITH ORDINALITY AS given (plane, place)
LEFT JOIN remapp_contextid code ON code.code_value = plane;
INSERT INTO remapp_accumprojxraydose (id, total_fluoro_time, accumulated_xray_dose_id)
SELECT id, id, id FROM remapp_accumxraydose;
INSERT INTO remapp_accumprojxraydose (id, total_fluoro_time, accumulated_xray_dose_id)
SELECT 9, 0.5, id FROM remapp_accumxraydose WHERE id = 1;
"""
A, B, SINGLE = "113620", "113621", "113622"


@pytest.fixture(scope="module")
def make_planes(postgres):
    """`make_planes(codes)`: a study with an accumulated dose per code, of fluoroscopy times 1.5, 2, 3… s."""
    url = postgres.create_database("rf_planes")
    sample.fill(url, 1)

    def make(codes):
        with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute(PLANES, [codes])
        return url

    return make


@pytest.mark.parametrize(
    ("codes", "times", "messages"),
    [
        ([SINGLE], ["1.5", ""], ["Several accumulated doses of one plane in 1"]),
        ([B], ["", "1.5"], ["Several"]),
        ([B, A], ["2", "1.5"], ["Several"]),
        ([A, SINGLE], ["1.5", "2"], ["Several"]),
        ([SINGLE, B], ["1.5", "2"], ["Several"]),
        ([B, None], ["2", "1.5"], ["Several"]),
        ([None], ["1.5", ""], ["Several"]),
        ([SINGLE, None], ["1.5", "2"], ["Several"]),
        ([A, B, A], ["4.5", "2"], ["Several"]),
        ([SINGLE, SINGLE, None], ["3.5", "3"], ["Several"]),
        ([SINGLE, B, A], ["3", "2"], ["More than two planes in 1", "Several"]),
        ([SINGLE, None, A], ["3", "1.5"], ["More than two planes in 1", "Several"]),
        ([], ["", ""], ["No accumulated dose in 1"]),
    ],
)
def test_rf_csv_planes_are_by_code_with_b_always_in_block_b(make_planes, codes, times, messages):
    data, report = export(make_planes(codes), type="rf-csv")
    headings, row = read_csv(data)
    assert [row[headings.index(f"{block}Fluoro duration total (s)")] for block in BLOCKS] == times
    expected = [each for each in report.warnings if "plane" in each or "accumulated" in each]
    assert len(expected) == len(messages)
    assert all(each.startswith(start) for each, start in zip(expected, messages, strict=True))
