"""dx-csv over the sample and over awkward studies, cell by cell against a second computation of the rules."""

import re

import pytest
from local import sample

from doseexport import catalogue
from tests.component.exporting import export, read_csv
from tests.databases import awkward_dx
from tests.oracles.ct import guard
from tests.oracles.dx import EVENT_HEADINGS, STUDY_HEADINGS, DxArchive, is_same_mean

IDENTITY = ("Patient name", "Patient ID", "Date of birth")
SPEC = catalogue.find_spec("dx-csv")
TEXTS = {
    column.heading
    for column in (*SPEC.studies.columns, *SPEC.events.columns)
    if column.kind.name == "text"
}  # fmt: skip
BLANK_CELLS = "its cells are blank."
FIRST_USED = "the first was used."
NO_TOTALS = [
    "No accumulated dose in 1 of the studies: DAP total is blank.",
    "No number of frames is stored for 1 of the studies: No. events is the number of their events.",
]
ALL_EVENTS = "the events of all are included, the comment is that of the first."
# Ordinary studies of the sample have such values too.
DERIVED = re.compile("averaged|computed|number of frames|negative")
COMPUTED = "mAs of 1 exposures computed from tube current and pulse width."
SUMS = "Several accumulated doses in 1 of the studies: DAP total and No. events are their sums."

# What the report says of a study with an oddity; nothing of those that are not here.
WARNINGS = {
    "two patients": [f"Several patient records in 1 of the studies: {FIRST_USED}"],
    "two patient studies": [f"Several patient study records in 1 of the studies: {FIRST_USED}"],
    "two equipments": [f"Several equipment records in 1 of the studies: {FIRST_USED}"],
    "no patient": [f"No patient record in 1 of the studies: {BLANK_CELLS}"],
    "no patient study": [f"No patient study record in 1 of the studies: {BLANK_CELLS}"],
    "no equipment": [f"No equipment record in 1 of the studies: {BLANK_CELLS}"],
    "two reports": [
        SUMS,
        f"Several X-ray dose reports in 1 of the studies: {ALL_EVENTS}",
    ],
    "two planes": [SUMS],
    "no report": [f"No X-ray dose report in 1 of the studies: {BLANK_CELLS}", *NO_TOTALS],
    "no totals": NO_TOTALS,
    "two sources": [f"Several X-ray source data in 1 of the events: {FIRST_USED}"],
    "no source": [f"No X-ray source data in 1 of the events: {BLANK_CELLS}"],
    "two mechanicals": [f"Several mechanical data in 1 of the events: {FIRST_USED}"],
    "no mechanical": [
        f"No mechanical data in 1 of the events: {BLANK_CELLS}",
        "No distances in 1 of the events: their cells are blank.",
    ],
    "two detectors": [f"Several detector data in 1 of the events: {FIRST_USED}"],
    "no detector": [f"No detector data in 1 of the events: {BLANK_CELLS}"],
    "two distances": [f"Several distances in 1 of the events: {FIRST_USED}"],
    "no distances": ["No distances in 1 of the events: their cells are blank."],
    "pulses": ["kVp of 1 exposures averaged: several values are stored."],
    "pulses without exposures": [COMPUTED],
    "two of everything": [
        f"Several patient records in 1 of the studies: {FIRST_USED}",
        f"Several X-ray source data in 2 of the events: {FIRST_USED}",
        f"Several mechanical data in 1 of the events: {FIRST_USED}",
        f"Several detector data in 1 of the events: {FIRST_USED}",
    ],
}


@pytest.fixture(scope="module")
def awkward_url(postgres):
    """Studies with one oddity each. Read it only."""
    url = postgres.create_database("awkward_dx")
    awkward_dx.make(url)
    return url


@pytest.fixture(scope="module")
def named_url(postgres):
    """A small sample with standard names switched on. Read it only."""
    url = postgres.create_database("named_dx")
    sample.fill(url, 1, dx=60)
    sample.enable_standard_names(url)
    return url


@pytest.fixture(params=["sample_url", "awkward_url"])
def url(request):
    return request.getfixturevalue(request.param)


def expect(archive, *, hidden, named):
    """Every row that the csv has to have."""
    headings = [heading for heading in STUDY_HEADINGS if heading not in hidden]
    events = [archive.events_of(study) for study in archive.studies]
    blocks = max(map(len, events))
    block = EVENT_HEADINGS[:1] + ["Standard acquisition name"] * named + EVENT_HEADINGS[1:]
    yield add_standard(headings, named) + [f"E{n} {name}" for n in range(1, blocks + 1) for name in block]
    for study, own in zip(archive.studies, events, strict=True):
        cells = archive.study_cells(study)
        if named:
            cells |= zip(STANDARD, archive.standard_study_names(study), strict=True)
        row = [show(heading, cells[heading]) for heading in add_standard(headings, named)]
        for event in own:
            cells = archive.event_cells(event)
            if named:
                cells["Standard acquisition name"] = archive.standard_event_names(event)
            row += [show(heading, cells[heading]) for heading in block]
        yield row + [""] * ((blocks - len(own)) * len(block))


STANDARD = ("Standard study name (study)", "Standard study name (request)")


def add_standard(headings, named):
    """The study headings with those of the standard names where they belong."""
    following = dict(zip(("Study description", "Requested procedure"), STANDARD, strict=True))
    names = [[heading, following[heading]] if heading in following else [heading] for heading in headings]
    return [each for found in names for each in found] if named else headings


def show(heading, cell):
    return guard(cell) if heading in TEXTS else cell


def assert_rows_as_expected(read, expected):
    """The rows are the expected ones. A mean may have more or fewer digits."""
    (headings, *rows), (expected_headings, *expected_rows) = read, expected
    assert headings == expected_headings
    assert len(rows) == len(expected_rows)
    means = [n for n, heading in enumerate(headings) if heading.endswith(" kVp")]
    for number, (row, wanted) in enumerate(zip(rows, expected_rows, strict=True), start=1):
        for n in means:
            assert is_same_mean(row[n], wanted[n]), f"row {number}, {headings[n]}"
            wanted[n] = row[n]
        assert row == wanted, f"row {number}"


@pytest.mark.parametrize(
    ("include_names", "include_ids", "hidden"),
    [
        (False, False, set(IDENTITY)),
        (True, False, {"Patient ID"}),
        (False, True, {"Patient name"}),
        (True, True, set()),
    ],
)
def test_dx_csv_every_cell_follows_the_rules(url, include_names, include_ids, hidden):
    data, _ = export(url, type="dx-csv", include_names=include_names, include_ids=include_ids)
    assert_rows_as_expected(read_csv(data), list(expect(DxArchive(url), hidden=hidden, named=False)))


def test_dx_csv_every_standard_name_is_in_its_place(named_url):
    data, _ = export(named_url, type="dx-csv")
    expected = list(expect(DxArchive(named_url), hidden=IDENTITY, named=True))
    for heading in (*STANDARD, "E1 Standard acquisition name"):
        assert {row[expected[0].index(heading)] for row in expected[1:]} > {""}
    assert_rows_as_expected(read_csv(data), expected)


def test_dx_csv_report_counts_its_content(url):
    _, report = export(url, type="dx-csv")
    archive = DxArchive(url)
    assert report.studies == len(archive.studies)
    assert report.events == sum(len(archive.events_of(study)) for study in archive.studies)


def test_sample_has_the_difficult_cells(sample_url):
    """Otherwise the tests above would say little."""
    archive = DxArchive(sample_url)
    cells = [archive.event_cells(event) for study in archive.studies for event in archive.events_of(study)]
    for heading, wanted in {
        "Filters": {"", "Al | Cu", "Cu | Al"},
        "Filter thicknesses (mm)": {"", " | "},
        "kVp": {"", "0"},
        "mAs": {"", "0"},
        "DAP (cGy.cm^2)": {"", "0"},
    }.items():
        assert wanted <= {each[heading] for each in cells}, heading
    assert any(len(each["kVp"]) > 12 for each in cells)


@pytest.mark.parametrize("oddity", awkward_dx.ODDITIES)
def test_dx_csv_odd_value_is_reported_and_costs_only_its_own_cells(awkward_url, oddity):
    data, report = export(
        awkward_url, type="dx-csv", filters={"accession_number": f"[{oddity}]"}, include_names=True
    )
    expected = WARNINGS.get(oddity, [])
    assert [each for each in report.warnings if each in expected or not DERIVED.search(each)] == expected
    assert (report.studies, len(read_csv(data))) == (1, 2)


@pytest.mark.parametrize(
    ("oddity", "cells"),
    [
        ("pulses", {"E1 kVp": "70.6666666666666667", "E1 mAs": "0.01975"}),
        ("pulses without exposures", {"E1 mAs": "0.9503125"}),
        ("one current for several pulses", {"E1 mAs": "12"}),
        ("no totals", {"No. events": "2", "DAP total (cGy.cm^2)": ""}),
        ("filters", {"E1 Filters": "Cu |  | Al | Al", "E1 Filter thicknesses (mm)": "0.0002 |  | 1.0000 | "}),
        ("zero dose", {"E1 DAP (cGy.cm^2)": "0"}),
        ("no events", {"E1 Protocol": "", "E1 DAP (cGy.cm^2)": ""}),
        ("no source", {"E1 kVp": "", "E1 mAs": "", "E1 mA": "", "E1 Filters": ""}),
        ("no mechanical", {"E1 SDD Detector Dist": "", "E1 Table Height": ""}),
        ("no date", {"Study date": ""}),
        ("no time", {"Study time": ""}),
    ],
)
def test_dx_csv_cells_computed_by_hand(awkward_url, oddity, cells):
    data, _ = export(awkward_url, type="dx-csv", filters={"accession_number": f"[{oddity}]"})
    header, row = read_csv(data)
    found = dict(zip(header, row, strict=True))
    assert {heading: found[heading] for heading in cells} == cells


def test_dx_csv_two_reports_give_all_events_and_the_first_comment(awkward_url):
    archive = DxArchive(awkward_url)
    (study,) = [each for each in archive.studies if each["accession_number"] == "[two reports]"]
    data, report = export(awkward_url, type="dx-csv", filters={"accession_number": "[two reports]"})
    header, row = read_csv(data)
    assert report.events == len(archive.events_of(study)) > 1
    assert row[header.index("Study Comments")] != "second"
