"""ct-xlsx over the sample: the csv's cells, each event once on its protocol's sheet, and the counts."""

import io
from collections import Counter
from datetime import date, datetime, time

import openpyxl
import psycopg
import pytest

from doseexport import catalogue
from tests.component.exporting import export, read_csv
from tests.oracles.ct import EVENT_HEADINGS, Archive, guard
from tests.workbooks import Sheets

SPEC = catalogue.find_spec("ct-xlsx")
KINDS = {column.heading: column.kind.name for column in (*SPEC.studies.columns, *SPEC.events.columns)}
IDENTITIES = {"include_names": True, "include_ids": True}


@pytest.fixture(scope="module")
def archive(sample_url):
    return Archive(sample_url)


@pytest.fixture(scope="module")
def workbook(sample_url):
    """The workbook's bytes, of every study with identities."""
    data, _ = export(sample_url, type="ct-xlsx", **IDENTITIES)
    return data


@pytest.fixture(scope="module")
def sheets(workbook):
    """Sheet name → rows, as calamine reads them."""
    return Sheets(workbook)


def kind_of(heading):
    return KINDS.get(heading) or KINDS[heading.split(" ", 1)[1]]


def convert(heading, text):
    """A csv's cell as a workbook has to hold it."""
    if not text:
        return ""
    kind = kind_of(heading)
    if kind == "number":
        return float(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "time":  # calamine reads times to the millisecond
        return pytest.approx(seconds_of(time.fromisoformat(text)), abs=0.001)
    return text.replace("\ufffe", "_xFFFE_")  # and leaves the characters that XML lacks escaped


def say(cell):
    return seconds_of(cell) if isinstance(cell, time) else cell


def seconds_of(at):
    return (at.hour * 60 + at.minute) * 60 + at.second + at.microsecond / 1_000_000


def test_ct_xlsx_all_data_equals_the_csv(sample_url, sheets):
    data, _ = export(sample_url, **IDENTITIES)
    header, *rows = read_csv(data)
    shown, *below = sheets["All data"]
    assert shown == header
    assert len(below) == len(rows)
    for row, wanted in zip(below, rows, strict=True):
        for heading, cell, text in zip(header, row, wanted, strict=True):
            guarded = guard(cell) if isinstance(cell, str) and kind_of(heading) == "text" else say(cell)
            assert guarded == convert(heading, text), heading


def expect_events(archive):
    """Every event's study cells and own cells, newest study first."""
    for study in archive.studies:
        cells = archive.study_cells(study)
        for event in archive.events_of(study):
            own = archive.event_cells(event)
            pairs = [*cells.items(), *own.items()]
            yield own["Protocol"], [convert(*pair) for pair in pairs]


def test_ct_xlsx_each_event_is_once_on_its_protocols_sheet(archive, sheets):
    wanted = {}
    for protocol, row in expect_events(archive):
        wanted.setdefault(protocol, []).append(row)
    found = {}
    for header, *rows in (rows for name, rows in list(sheets.items())[2:-2] if name != "Warnings"):
        assert header[-len(EVENT_HEADINGS) :] == EVENT_HEADINGS
        (protocol,) = {row[header.index("Protocol")] for row in rows}
        assert protocol not in found
        found[protocol] = [list(map(say, row)) for row in rows]
    assert sorted(found) == sorted(wanted)
    for protocol, rows in wanted.items():
        assert found[protocol] == rows, protocol


def test_ct_xlsx_null_and_empty_protocols_are_on_unknown(archive, sheets):
    events = [event for study in archive.studies for event in archive.events_of(study)]
    kinds = Counter(event["acquisition_protocol"] for event in events)
    assert kinds[None]
    assert kinds[""]
    assert len(sheets["unknown"]) - 1 == kinds[None] + kinds[""]
    named = [name for name in kinds if (name or "").lower() == "unknown"]
    assert named
    assert sum(len(sheets[f"unknown_{n}"]) - 1 for n in range(2, 2 + len(named))) == sum(
        map(kinds.get, named)
    )


def test_ct_xlsx_sheets_are_in_order_with_names_of_their_own(archive, sheets):
    names = [name for name in sheets if name != "Warnings"]
    assert (names[:2], names[-2:]) == (["Summary", "All data"], ["Columns", "About"])
    protocols = {
        event["acquisition_protocol"] or "" for study in archive.studies for event in archive.events_of(study)
    }
    assert len(names) - 4 == len(protocols)
    assert names[2:-2] == sorted(names[2:-2])


@pytest.mark.parametrize(
    ("column", "title", "sql"),
    [
        (0, "Study Description", "SELECT study_description FROM studies"),
        (3, "Requested Procedure", "SELECT requested_procedure_code_meaning FROM studies"),
        (
            6,
            "Acquisition protocol",
            """SELECT acquisition_protocol FROM studies
            JOIN remapp_ctradiationdose dose ON dose.general_study_module_attributes_id = studies.id
            JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = dose.id""",
        ),
    ],
)
def test_ct_xlsx_summary_counts_what_sql_counts(sample_url, sheets, column, title, sql):
    studies = "WITH studies AS (SELECT * FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT') "
    with psycopg.connect(sample_url) as connection:
        counted = Counter(row[0] or "" for row in connection.execute(studies + sql))
    summary = sheets["Summary"]
    assert summary[3][:2] == ["Total number of exams", 400]
    assert summary[5][column : column + 2] == [title, "Frequency"]
    shown = [row[column : column + 2] for row in summary[6:] if row[column + 1]]
    assert {name.replace("_xFFFE_", "\ufffe"): times for name, times in shown} == counted
    assert [times for _, times in shown] == sorted((times for _, times in shown), reverse=True)


def test_ct_xlsx_cells_are_numbers_dates_times_and_texts(workbook):
    sheet = openpyxl.load_workbook(io.BytesIO(workbook))["All data"]
    header = [cell.value for cell in sheet[1]]
    kinds = {"number": int | float, "date": datetime, "time": time, "text": str}
    for row in sheet.iter_rows(min_row=2, max_row=80):
        for heading, cell in zip(header, row, strict=True):
            if cell.value is not None:
                kind = kind_of(heading)
                assert isinstance(cell.value, kinds[kind]), heading
                assert cell.number_format == {"date": "yyyy-mm-dd", "time": "hh:mm:ss"}.get(kind, "General")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.column_dimensions["A"].width > 10


def test_ct_xlsx_has_no_identity_unless_requested(sample_url, archive):
    data, _ = export(sample_url, type="ct-xlsx", filters={"patient_name": "Nobody^", "patient_id": "T-1"})
    book = openpyxl.load_workbook(io.BytesIO(data))
    texts = [
        str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    names = {row["patient_name"] for rows in archive.patients.values() for row in rows} - {None, ""}
    assert not names & set(texts)
    assert [text for text in texts if "Nobody^" in text or "T-1" in text] == []


def test_ct_xlsx_about_has_counts_and_warnings_but_no_patient(sample_url, archive):
    data, report = export(sample_url, type="ct-xlsx", filters={"patient_name": "Nobody"}, **IDENTITIES)
    about = [
        [cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(data))["About"].iter_rows()
    ]
    assert ["Studies", report.studies] in about
    assert ["Events", report.events] in about
    assert [value for name, value in about if name == "Warning"] == list(report.warnings)
    assert "Nobody" not in str(about)
    assert ["Filter", "patient_name: patient name contains (equals, where OpenREM stores a hash)"] in about
