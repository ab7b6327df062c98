"""ct-csv over the sample, cell by cell against a second computation of the same rules."""

from collections import Counter

import pytest

from doseexport import catalogue
from tests.component.exporting import export, read_csv
from tests.oracles.ct import EVENT_HEADINGS, STUDY_HEADINGS, Archive, guard

IDENTITY = ("Patient name", "Patient ID", "Date of birth")
TEXTS = {
    column.heading
    for columns in (
        catalogue.find_spec("ct-csv").studies.columns,
        catalogue.find_spec("ct-csv").events.columns,
    )
    for column in columns
    if column.kind.name == "text"
}


@pytest.fixture(scope="module")
def archive(sample_url):
    return Archive(sample_url)


@pytest.fixture(scope="module")
def plain(sample_url):
    """The csv's rows and the report, of every study, without identities."""
    data, report = export(sample_url)
    return read_csv(data), report


def expect(archive, headings):
    """Every row of the csv with these study columns."""
    blocks = max(len(archive.events_of(study)) for study in archive.studies)
    yield headings + [f"E{n} {heading}" for n in range(1, blocks + 1) for heading in EVENT_HEADINGS]
    for study in archive.studies:
        cells = archive.study_cells(study)
        row = [_show(heading, cells[heading]) for heading in headings]
        events = archive.events_of(study)
        row += [_show(*pair) for event in events for pair in archive.event_cells(event).items()]
        yield row + [""] * ((blocks - len(events)) * len(EVENT_HEADINGS))


def _show(heading, cell):
    return guard(cell) if heading in TEXTS else cell


@pytest.mark.parametrize(
    ("include_names", "include_ids", "hidden"),
    [
        (False, False, set(IDENTITY)),
        (True, False, {"Patient ID"}),
        (False, True, {"Patient name"}),
        (True, True, set()),
    ],
)
def test_ct_csv_every_cell_follows_the_rules(sample_url, archive, include_names, include_ids, hidden):
    data, _ = export(sample_url, include_names=include_names, include_ids=include_ids)
    headings = [heading for heading in STUDY_HEADINGS if heading not in hidden]
    expected = list(expect(archive, headings))
    read = read_csv(data)
    assert len(read) == len(expected) == 401
    for number, (row, wanted) in enumerate(zip(read, expected, strict=True)):
        assert row == wanted, f"row {number}"


def test_sample_has_the_difficult_cells(archive):
    """Otherwise the test above would say little."""
    checks = Counter(
        words
        for study in archive.studies
        for event in archive.events_of(study)
        for words in (
            "Alerts",
            "Notifications",
            "no forward",
            "no accumulated",
            "unrecorded",
            "Reason",
            " | ",
        )
        if words in archive.event_cells(event)["Dose check details"]
    )
    assert set(checks) == {
        "Alerts",
        "Notifications",
        "no forward",
        "no accumulated",
        "unrecorded",
        "Reason",
        " | ",
    }


def test_ct_csv_report_counts_its_content(archive, plain):
    _, report = plain
    assert report.studies == len(archive.studies) == 400
    assert report.events == sum(len(archive.events_of(study)) for study in archive.studies)


def study_called(plain, description):
    (header, *rows), _ = plain
    (row,) = [row for row in rows if row[header.index("Study description")] == f"broken: {description}"]
    return dict(zip(header, row, strict=True))


@pytest.mark.parametrize(
    ("description", "blank"),
    [
        ("no patient row", ["Sex", "Test patient?"]),
        ("no patient study row", ["Age", "Height", "Mass (kg)"]),
        ("no equipment row", ["Institution", "Manufacturer", "Model name", "Station name", "Display name"]),
        ("no equipment name", ["Display name"]),
        ("no totals", ["No. events", "DLP total (mGy.cm)"]),
        ("no dose row", ["No. events", "DLP total (mGy.cm)", "Study Comments", "E1 Protocol", "E1 DLP"]),
        ("no events", ["E1 Protocol", "E1 Type", "E1 DLP"]),
        ("no scanning length", ["E1 Scanning length"]),
        ("no tube", ["E1 S1 name", "E1 S1 kVp", "E1 S2 name"]),
        ("tube B without A", ["E1 S2 name", "E1 S2 kVp"]),
        ("no date", ["Study date"]),
        ("no time", ["Study time"]),
    ],
)
def test_ct_csv_missing_values_are_blank_and_cost_nothing_else(plain, description, blank):
    row = study_called(plain, description)
    assert {heading: row[heading] for heading in blank} == dict.fromkeys(blank, "")
    assert row["Study description"]


@pytest.mark.parametrize(
    ("description", "cells"),
    [
        ("tube B without A", {"E1 S1 name": "B", "E1 S1 kVp": "140"}),
        ("three tubes", {"E1 S1 name": "A", "E1 S2 name": "B", "E1 S2 kVp": "140"}),
        ("more events declared", {"No. events": "9"}),
        ("fewer events declared", {"No. events": "1"}),
        ("extreme numbers", {"E1 CTDIvol": "0.00000001", "E1 DLP": "0", "E1 Pitch": "-0.0000001"}),
        ("extreme numbers", {"E1 Exposure time": "99999999.99999999", "E1 Total collimation": "12345678.9"}),
        ("indicator text", {"Test patient?": 'phantom, "QA"'}),
    ],
)
def test_ct_csv_odd_values_are_shown_unchanged(plain, description, cells):
    row = study_called(plain, description)
    assert {heading: row[heading] for heading in cells} == cells


def test_ct_csv_studies_without_date_come_last(plain):
    (header, *rows), _ = plain
    dates = [row[header.index("Study date")] for row in rows]
    known = [day for day in dates if day]
    assert known == sorted(known, reverse=True)
    assert dates[len(known) :] == [""] * (len(dates) - len(known))
    assert len(known) < len(dates)


WARNINGS = (
    ("No patient record in {} of the studies", ["no patient row", "bare rows"]),
    ("No patient study record in {} of the studies", ["no patient study row", "bare rows"]),
    ("No equipment record in {} of the studies", ["no equipment row", "bare rows"]),
    ("No CT dose report in {} of the studies", ["no dose row"]),
    ("No accumulated dose in {} of the studies", ["no totals", "no dose row", "bare rows"]),
    ("Several accumulated doses in {} of the studies", ["two totals", "two dose rows"]),
    ("No scanning length in {} of the events", ["no scanning length"]),
    ("Several patient records in {} of the studies", ["two patient rows"]),
    ("Several patient study records in {} of the studies", ["two patient study rows"]),
    ("Several equipment records in {} of the studies", ["two equipment rows"]),
    ("Several CT dose reports in {} of the studies", ["two dose rows"]),
    ("Several scanning lengths in {} of the events", ["two scanning lengths"]),
    ("Several dose checks in {} of the events", ["two dose checks"]),
    ("More than two X-ray sources in {} of the events", ["three tubes"]),
)


@pytest.mark.parametrize(("message", "studies"), WARNINGS)
def test_ct_csv_irregular_data_is_a_warning_with_count(plain, message, studies):
    begin = message.format(len(studies))
    assert [warning for warning in plain[1].warnings if warning.startswith(begin)], plain[1].warnings


def test_ct_csv_lone_source_b_is_a_warning_with_count(archive, plain):
    events = [event for study in archive.studies for event in archive.events_of(study)]
    names = [
        [tube["identification_of_the_xray_source"] for tube in archive.tubes[event["id"]]] for event in events
    ]
    words = f"X-ray source B without a source A in {names.count(['B'])} of the events"
    assert f"{words}: its values are in the S1 columns." in plain[1].warnings


def test_ct_csv_has_no_warning_without_reason(sample_url, plain):
    others = 2  # of a lone source B, and of totals that two records double
    assert len(plain[1].warnings) == len(WARNINGS) + others
    _, report = export(sample_url, filters={"study_description": "broken: extreme numbers"})
    assert (report.studies, report.warnings) == (1, ())
