"""rf-xlsx over the sample: groups, protocol sheets and counts, compared with a second computation."""

from collections import Counter
from datetime import date, datetime, time

import psycopg
import pytest
from local import sample

from doseexport import catalogue
from tests.component.exporting import export
from tests.oracles.rf import RfArchive
from tests.oracles.rf_groups import group_cells, groups_of
from tests.workbooks import Sheets

SPEC = catalogue.find_spec("rf-xlsx")
TEXT = {
    column.heading
    for column in (*SPEC.studies.columns, *SPEC.events.columns, *SPEC.layout.blocks.columns)
    if column.kind.name == "text"
}
STANDARD = {"Standard study name (study)", "Standard study name (request)", "Standard acquisition name"}
GROUP_WIDTH = 32


@pytest.fixture(scope="module", params=["plain", "standard names"])
def url(request):
    """The sample as it is, and a small one with standard names switched on."""
    return request.getfixturevalue("sample_url" if request.param == "plain" else "standard_url")


@pytest.fixture(scope="module")
def hidden(url, standard_url):
    """The columns that this database's files do not have."""
    return set() if url == standard_url else STANDARD


@pytest.fixture(scope="module")
def archive(url):
    return RfArchive(url)


@pytest.fixture(scope="module")
def sheets(url):
    """Sheet name → rows, of every study with identities."""
    data, _ = export(url, type="rf-xlsx", include_names=True, include_ids=True)
    return Sheets(data)


def convert(heading, text):
    """A cell worked out by hand as a workbook has to hold it."""
    if not text:
        return ""
    if heading in ("Study date", "Date of birth"):
        return date.fromisoformat(text)
    if heading == "Study time":  # calamine reads times to the millisecond
        return pytest.approx(seconds_of(time.fromisoformat(text)), abs=0.001)
    if heading == "Time":
        return pytest.approx(datetime.fromisoformat(text).timestamp(), abs=0.001)
    if heading in TEXT or heading.partition(" ")[2] in TEXT:
        return text.replace("\ufffe", "_xFFFE_")  # and leaves the characters that XML lacks escaped
    return pytest.approx(float(text), rel=1e-12, abs=0)


def say(cell):
    if isinstance(cell, datetime):
        return cell.timestamp()
    return seconds_of(cell) if isinstance(cell, time) else cell


def seconds_of(at):
    return (at.hour * 60 + at.minute) * 60 + at.second + at.microsecond / 1_000_000


def show(cells, hidden):
    return [convert(heading, text) for heading, text in cells.items() if heading not in hidden]


def test_rf_xlsx_all_data_has_each_study_with_its_groups(archive, sheets, hidden):
    headings, *rows = sheets["All data"]
    groups = [groups_of(archive, study) for study in archive.studies]
    assert headings == list(expect_headings(archive, max(map(len, groups)), hidden))
    assert len(rows) == len(archive.studies)
    for study, found, row in zip(archive.studies, groups, rows, strict=True):
        wanted = show(archive.study_cells(study), hidden)
        for n, events in enumerate(found, start=1):
            block = {f"G{n} {heading}": cell for heading, cell in group_cells(archive, events).items()}
            wanted += show(block, {f"G{n} {heading}" for heading in hidden})
        wanted += [""] * (len(headings) - len(wanted))
        assert list(map(say, row)) == wanted, study["study_description"]


def expect_headings(archive, most, hidden):
    study = next(study for study in archive.studies if archive.events_of(study))
    yield from (heading for heading in archive.study_cells(study) if heading not in hidden)
    block = [each for each in group_cells(archive, archive.events_of(study)) if each not in hidden]
    assert len(block) == GROUP_WIDTH + (not hidden)
    for n in range(1, most + 1):
        yield from (f"G{n} {heading}" for heading in block)


def test_rf_xlsx_exposures_of_groups_add_up_to_those_of_the_study(archive, sheets):
    headings, *rows = sheets["All data"]
    places = [n for n, heading in enumerate(headings) if heading.endswith(" No. exposures")]
    for study, row in zip(archive.studies, rows, strict=True):
        count = row[headings.index("No. events")]
        assert sum(row[n] or 0 for n in places) == count == len(archive.events_of(study))


def test_rf_xlsx_each_exposure_is_once_on_its_protocols_sheet(archive, sheets, hidden):
    wanted, headings = {}, []
    for study in archive.studies:
        cells = archive.study_cells(study)
        for event in archive.events_of(study):
            own = archive.event_cells(event)
            row = show(cells, hidden) + show(own, hidden)
            headings = [each for each in (*cells, *own) if each not in hidden]
            wanted.setdefault(convert("Protocol", own["Protocol"]), []).append(row)
    found = {}
    for header, *rows in list(sheets.values())[2 : 2 + len(wanted)]:
        assert header == headings
        (protocol,) = {row[header.index("Protocol")] for row in rows}
        found[protocol] = [list(map(say, row)) for row in rows]
    assert sorted(found) == sorted(wanted)
    for protocol, rows in wanted.items():
        assert found[protocol] == rows, protocol


def test_rf_xlsx_standard_name_has_a_sheet_of_all_its_exposures(standard_url):
    archive = RfArchive(standard_url)
    sheets = Sheets(export(standard_url, type="rf-xlsx")[0])
    wanted, protocols = {}, set()
    for study in archive.studies:
        for event in archive.events_of(study):
            own = archive.event_cells(event)
            protocols.add(own["Protocol"])
            for name in archive.standard[event["id"]]:
                wanted.setdefault(name, []).append(show(own, set()))
    found = [
        [list(map(say, row[-len(own) :])) for row in rows[1:]]
        for sheet, rows in list(sheets.items())[2 + len(protocols) : -2]
        if sheet != "Warnings"
    ]
    assert len(found) == len(wanted) > 2
    for name, rows in wanted.items():
        assert rows in found, name


def test_rf_xlsx_summary_counts_studies_and_exposures(archive, sheets, hidden):
    rows = sheets["Summary"]
    assert rows[3][:2] == ["Total number of exams", len(archive.studies)]
    events = [event for study in archive.studies for event in archive.events_of(study)]
    tables = {
        0: ("Study Description", [study["study_description"] for study in archive.studies]),
        3: ("Requested Procedure", [study["requested_procedure_code_meaning"] for study in archive.studies]),
        6: ("Acquisition protocol", [event["acquisition_protocol"] for event in events]),
    }
    for column, (title, values) in tables.items():
        assert rows[5][column : column + 2] == [title, "Frequency"]
        counted = [(row[column], row[column + 1]) for row in rows[6:] if row[column + 1] != ""]
        wanted = Counter((value or "").replace("\ufffe", "_xFFFE_") for value in values)
        assert counted == sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))
    assert (len(rows[5]) > 9) == (not hidden)


def test_sample_groups_by_every_rule(sample_url):
    """Otherwise the tests above would say little."""
    archive = RfArchive(sample_url)
    sizes = {
        study["study_description"]: [len(group) for group in groups_of(archive, study)]
        for study in archive.studies
    }
    assert sizes["broken: RF angles"] == [4, 1, 1, 1, 2, 1, 2, 1, 1]
    assert sum(sizes["broken: RF no identifiers"]) == 4
    assert sum(sizes["broken: RF repeated identifiers"]) == 3
    assert sizes["broken: RF event types"] == [2, 1, 1, 1, 2, 1]
    assert sizes["broken: RF rates and fields"] == [1] * 8
    assert sum(sizes["broken: RF filters of groups"]) == 8
    assert 1 < len(sizes["broken: RF filters of groups"]) < 8
    assert max(map(len, sizes.values())) > 20


def test_rf_xlsx_missing_and_repeated_children_are_reported(sample_url):
    _, report = export(sample_url, type="rf-xlsx")
    for message in (
        "No X-ray source data in ",
        "No mechanical data in ",
        "Several X-ray source data in ",
        "Several mechanical data in ",
    ):
        assert [each for each in report.warnings if each.startswith(message)]


def test_rf_xlsx_study_of_a_thousand_groups_is_complete(make_database):
    url = make_database()
    sample.fill(url, 1, rf=1, rf_exposures=1_000)
    with_angles(url)
    archive = RfArchive(url)
    sheets = Sheets(export(url, type="rf-xlsx")[0])
    counts = [
        cell
        for title, rows in sheets.items()
        if title.startswith("All data")
        for heading, cell in zip(*rows, strict=True)
        if heading.endswith("No. exposures")
    ]
    assert [count for count in counts if count] == [1] * 1_000
    assert len(groups_of(archive, archive.studies[0])) == 1_000


def with_angles(url):
    """Give every exposure different angles, 6° apart."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_irradeventxraymechanicaldata SET positioner_primary_angle = n % 40 * 6 - 120,"
            " positioner_secondary_angle = n / 40 * 6 - 90"
            " FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM remapp_irradeventxraymechanicaldata)"
            " AS numbered WHERE numbered.id = remapp_irradeventxraymechanicaldata.id"
        )
