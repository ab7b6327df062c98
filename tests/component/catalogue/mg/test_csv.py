"""mg-csv and mg-xlsx over the sample, cell by cell against a second computation of the same rules."""

from collections import Counter
from decimal import Decimal

import pytest

from doseexport import catalogue
from tests.component.exporting import export, read_csv
from tests.oracles.ct import guard
from tests.oracles.mg import MgArchive, first
from tests.workbooks import Sheets

SPEC = catalogue.find_spec("mg-csv")
TEXTS = {
    column.heading for column in (*SPEC.studies.columns, *SPEC.events.columns) if column.kind.name == "text"
}
STANDARD = {"Standard study name (study)", "Standard study name (request)", "Standard acquisition name"}
IDENTITIES = {"include_names": True, "include_ids": True}


@pytest.fixture(scope="module")
def archive(sample_url):
    return MgArchive(sample_url)


@pytest.fixture(scope="module")
def plain(sample_url):
    """The csv's rows and the report, of every study, without identities."""
    data, report = export(sample_url, type="mg-csv")
    return read_csv(data), report


def expect(archive, hidden):
    """Every row of the csv as heading → cell, but for these headings."""
    for study in archive.studies:
        cells = archive.study_cells(study)
        blank = dict.fromkeys(archive.event_cells(BLANK_EVENT), "")
        events = [archive.event_cells(event) for event, _ in archive.events_of(study)]
        for event in events or [blank]:
            yield {name: show(name, cell) for name, cell in (cells | event).items() if name not in hidden}


BLANK_EVENT = dict.fromkeys(
    ("id", "image_view_id", "laterality_id", "acquisition_protocol", "entrance_exposure_at_rp",
     "percent_fibroglandular_tissue", "comment")
)  # fmt: skip


def show(heading, cell):
    """A cell as a csv has it; of kVp, which is a mean, the digits that matter."""
    if heading == "kVp" and cell:
        return f"{Decimal(cell):.11e}"
    return guard(cell) if heading in TEXTS else cell


def read(rows):
    """A csv's rows as heading → cell."""
    header, *rows = rows
    return [
        {name: show(name, cell) if name == "kVp" else cell for name, cell in zip(header, row, strict=True)}
        for row in rows
    ]


@pytest.mark.parametrize(
    ("inclusions", "hidden"),
    [
        ({}, {"Patient name", "Patient ID", "Date of birth"}),
        ({"include_names": True}, {"Patient ID"}),
        ({"include_ids": True}, {"Patient name"}),
        (IDENTITIES, set()),
    ],
    ids=["neither", "include_names", "include_ids", "both"],
)
def test_mg_csv_every_cell_follows_the_rules(sample_url, archive, inclusions, hidden):
    data, _ = export(sample_url, type="mg-csv", **inclusions)
    assert_equal_rows(read(read_csv(data)), list(expect(archive, hidden | STANDARD)))


def test_mg_csv_every_cell_with_standard_names_follows_the_rules(standard_url):
    data, _ = export(standard_url, type="mg-csv")
    wanted = list(expect(MgArchive(standard_url), {"Patient name", "Patient ID", "Date of birth"}))
    assert_equal_rows(read(read_csv(data)), wanted)
    assert {bool(row[name]) for row in wanted for name in STANDARD} == {True, False}


def assert_equal_rows(rows, wanted):
    assert len(rows) == len(wanted)
    for number, (row, other) in enumerate(zip(rows, wanted, strict=True)):
        assert list(row) == list(other)
        assert row == other, f"row {number}"


def test_sample_has_the_difficult_cells(archive):
    """Otherwise the tests above would say little."""
    events = [pair for study in archive.studies for pair in archive.events_of(study)]
    cells = [archive.event_cells(event) for event, _ in events]
    sources = [archive.sources[event["id"]][0] for event, _ in events if archive.sources[event["id"]]]
    assert {0, 1, 2, 4, 8} <= {len(archive.events_of(study)) for study in archive.studies}
    assert {1, 2, 10, 11} <= {len(archive.kvps[source["id"]]) for source in sources}
    assert {cell["View Modifier"].count(" ") for cell in cells} >= {0, 1}
    assert {" | ".join(["Ag"] * n) for n in (2, 10, 11)} <= {cell["Filter"] for cell in cells}
    is_computed = [archive.stored_load_of(source) is None for source in sources if archive.load_of(source)]
    assert set(is_computed) == {True, False}
    assert {"", "0"} < {cell["AGD"] for cell in cells}


def test_mg_csv_loses_no_study_and_no_exposure(archive, plain):
    (_, *rows), report = plain
    exposures = sum(len(archive.events_of(study)) for study in archive.studies)
    without = sum(not archive.events_of(study) for study in archive.studies)
    assert (report.studies, report.events) == (len(archive.studies), exposures)
    assert len(rows) == exposures + without
    assert without


@pytest.fixture(scope="module")
def sheets(sample_url):
    """Sheet name → rows of the workbook, with identities."""
    data, _ = export(sample_url, type="mg-xlsx", **IDENTITIES)
    return Sheets(data)


@pytest.fixture(scope="module")
def long_rows(sample_url):
    """The csv's rows, with identities."""
    data, _ = export(sample_url, type="mg-csv", **IDENTITIES)
    return read_csv(data)


def describe(cell):
    """A cell of either file, so that the same one is equal: numbers as such, texts unguarded."""
    if not isinstance(cell, str):
        return f"{cell:.12g}" if isinstance(cell, int | float) else "date or time"
    # calamine leaves a character that XML lacks escaped.
    text = cell.removeprefix("'").replace("\r\n", "\n").replace("\ufffe", "_xFFFE_")
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text


BOOK_STUDY = ["Height", "Mass (kg)", "Total AGD Left", "Total AGD Right", "Total AGD Both"]
BOOK_EVENT = "Number of pulses"


def drop_book_columns(rows):
    """The rows without the columns that the csv has not."""
    shown = [n for n, name in enumerate(rows[0]) if name not in BOOK_STUDY and not name.endswith(BOOK_EVENT)]
    return [[row[n] for n in shown] for row in rows]


def test_mg_xlsx_all_data_holds_exposures_side_by_side(archive, sheets, long_rows):
    header, *rows = drop_book_columns(sheets["All data"])
    width = len(archive.event_cells(BLANK_EVENT)) - 1
    study_width = len(long_rows[0]) - width
    most = max(len(archive.events_of(study)) for study in archive.studies)
    names = long_rows[0][study_width:]
    blocks = [f"E{n} {name}" for n in range(1, most + 1) for name in names]
    assert header == long_rows[0][:study_width] + blocks
    assert len(rows) == len(archive.studies)
    of_csv = iter(long_rows[1:])
    for study, row in zip(archive.studies, rows, strict=True):
        wanted = [next(of_csv) for _ in archive.events_of(study) or [None]]
        cells = wanted[0][:study_width] + [cell for each in wanted for cell in each[study_width:]]
        cells += [""] * (len(row) - len(cells))
        for name, cell, text in zip(header, row, cells, strict=True):
            if name not in ("Study date", "Study time", "Date of birth"):
                assert describe(cell) == describe(text), (study["id"], name)


def test_mg_xlsx_each_exposure_is_once_on_its_protocols_sheet(archive, sheets, long_rows):
    on_sheets = Counter()
    for name, (header, *rows) in sheets.items():
        if name not in ("Summary", "All data", "Warnings", "Columns", "About"):
            place = header.index("Acquisition")
            assert drop_book_columns([header]) == long_rows[:1]
            on_sheets.update(describe(row[place]) for row in rows)
    wanted = Counter(
        describe(archive.event_cells(event)["Acquisition"])
        for study in archive.studies
        for event, _ in archive.events_of(study)
    )
    assert on_sheets == wanted


def test_mg_xlsx_holds_size_mass_totals_and_pulses_that_the_csv_has_not(archive, sheets):
    header, *rows = sheets["All data"]
    first_event = header.index("E1 View")
    assert header[first_event - len(BOOK_STUDY) : first_event] == BOOK_STUDY
    seen = Counter()
    for study, row in zip(archive.studies, rows, strict=True):
        patient = first(archive.patient_studies[study["id"]])
        totals = [study[f"total_agd_{side}"] for side in ("left", "right", "both")]
        wanted = [patient["patient_size"], patient["patient_weight"], *totals]
        wanted += [
            first(archive.sources[event["id"]])["number_of_pulses"] for event, _ in archive.events_of(study)
        ]
        found = row[first_event - len(BOOK_STUDY) : first_event]
        found += [cell for name, cell in zip(header, row, strict=True) if name.endswith(BOOK_EVENT)]
        wanted += [None] * (len(found) - len(wanted))
        for name, cell, value in zip([*BOOK_STUDY, *[BOOK_EVENT] * len(found)], found, wanted, strict=False):
            assert describe(cell) == ("" if value is None else describe(float(value))), (study["id"], name)
            seen[name] += value is not None
    assert all(seen[name] for name in (*BOOK_STUDY[2:4], BOOK_EVENT)), seen


RECORDS = {
    "patient record": "patients",
    "patient study record": "patient_studies",
    "equipment record": "equipment",
    "X-ray dose report": "reports",
    "X-ray source data": "sources",
    "mechanical data": "mechanics",
}
OF_STUDIES = ("patients", "patient_studies", "equipment", "reports")


@pytest.mark.parametrize("what", RECORDS)
def test_mg_csv_missing_or_repeated_record_is_a_warning_with_count(archive, plain, what):
    name = RECORDS[what]
    events = [event for study in archive.studies for event, _ in archive.events_of(study)]
    parents = archive.studies if name in OF_STUDIES else events
    rows = [len(getattr(archive, name)[parent["id"]]) for parent in parents]
    place = "studies" if name in OF_STUDIES else "events"
    missing, repeated = rows.count(0), sum(count > 1 for count in rows)
    assert missing
    assert repeated
    warnings = plain[1].warnings
    assert f"No {what} in {missing} of the {place}: its cells are blank." in warnings
    begin = f"Several {what}s" if name in OF_STUDIES else f"Several {what}"
    assert [each for each in warnings if each.startswith(f"{begin} in {repeated} of the {place}: ")]


def test_mg_csv_has_no_warning_without_reason(sample_url, plain):
    others = 2 + 2 + 1  # of distances, of values that are derived, and of negative ages
    assert len(plain[1].warnings) == 2 * len(RECORDS) + others
    _, report = export(sample_url, type="mg-csv", filters={"study_description": "broken: MG Hologic pairs"})
    assert (report.studies, report.warnings) == (1, ())


def test_mg_csv_counts_derived_values_in_warnings(archive, plain):
    sources = [
        first(archive.sources[event["id"]])
        for study in archive.studies
        for event, _ in archive.events_of(study)
    ]
    computed = [
        source
        for source in sources
        if archive.stored_load_of(source) is None and archive.load_of(source) is not None
    ]
    averaged = [
        source for source in sources if sum(bool(row["kvp"]) for row in archive.kvps[source["id"]]) > 1
    ]
    assert computed
    assert averaged
    assert {
        f"mAs of {len(computed)} exposures computed from tube current and pulse width.",
        f"kVp of {len(averaged)} exposures averaged: several values are stored.",
    } <= set(plain[1].warnings)
