"""Every export type over the sample, with standard names off and on: nothing is lost or repeated."""

import io
import json
import re
import zipfile
from collections import Counter
from datetime import date, datetime, time
from functools import cache

import psycopg
import pytest

from doseexport.catalogue import ID, NAME, CustomRows, FileContext, Inclusions, Long, ModalityWorkbook, Wide
from doseexport.engine.postgres import Database
from doseexport.engine.query import Query, build_queries, choose_studies, select_studies
from tests.component.exporting import export, list_distinct_specs, parse, read_csv
from tests.oracles.ct import guard
from tests.workbooks import Sheets

SPECS = list_distinct_specs()
EXAMPLES = {
    "text": "a", "number": "1", "date": "2022-01-01", "count": "some", "choice": "exclude",
    "integer": "1", "exact": "1.2.3", "flag": "yes", "words": "scout",
}  # fmt: skip
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  as workbooks count
# Characters that XML lacks: calamine leaves them escaped.
UNREADABLE = re.compile("[\ufffe\uffff]")
ILLEGAL = set("[]:*?/\\")

PLAIN_CSV = [spec for spec in SPECS.values() if isinstance(spec.layout, Wide | Long)]
WORKBOOKS = [spec for spec in SPECS.values() if spec.format == "xlsx"]

every_type = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


@pytest.fixture(params=["plain", "standard names"])
def url(request, sample_url, standard_url):
    """The sample as it is, and a small one with standard names switched on. Read it only."""
    return sample_url if request.param == "plain" else standard_url


@cache
def count_by_sql(url, name):
    """Return the studies and events that plain SQL counts; of openSkin one study's."""
    spec = SPECS[name]
    with psycopg.connect(url) as connection:
        studies = connection.execute(
            "SELECT id, study_date, study_time, accession_number FROM remapp_generalstudymoduleattr"
            " WHERE modality_type = ANY(%s) ORDER BY id",
            [list(spec.modality.codes)],
        ).fetchall()
        events = dict(
            connection.execute(
                "SELECT chosen.id, count(*) FROM remapp_generalstudymoduleattr chosen"
                f" {spec.modality.event_tables} GROUP BY 1"
            ).fetchall()
        )
    if spec.needs:
        studies = [max(studies, key=lambda study: events.get(study[0], 0))]
    return studies, {study[0]: events.get(study[0], 0) for study in studies}


@pytest.fixture
def wanted(spec, url):
    return count_by_sql(url, spec.type)


@pytest.fixture
def body(spec, wanted):
    inclusions = {"include_names": spec.can_include(NAME), "include_ids": spec.can_include(ID)}
    filters = {spec.needs[0]: str(wanted[0][0][0])} if spec.needs else {}
    filters |= dict.fromkeys(spec.default_filters, "include")
    return {"type": spec.type, "filters": filters, **inclusions}


EXPORTED = {}


def export_once(url, **body):
    """Return a file and its report, made once for all tests of this module."""
    key = url, json.dumps(body, sort_keys=True)
    if key not in EXPORTED:
        EXPORTED[key] = export(url, **body)
    return EXPORTED[key]


@cache
def read_sheets(data):
    """Return the sheets of a workbook, each read once for all tests of this module."""
    return Sheets(data)


def export_everything(url, name):
    return export_once(url, type=name, filters={}, include_names=True, include_ids=True)


@pytest.fixture
def exported(url, body):
    """The complete file and its report."""
    return export_once(url, **body)


def write(cell):
    """A cell of a workbook as text that can be compared with any other."""
    if isinstance(cell, int | float):
        return f"{cell:.12g}"
    if isinstance(cell, datetime):
        return f"{(cell - EPOCH).total_seconds():.1f}"
    if isinstance(cell, date):
        return f"{(datetime.combine(cell, time()) - EPOCH).total_seconds():.1f}"
    return f"{_seconds(cell):.0f}" if isinstance(cell, time) else guard(cell)


def _seconds(cell):
    return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6


def convert(text, kind):
    """A csv's cell as `write` gives the workbook's."""
    if not text:
        return ""
    if kind == "number":
        return f"{float(text):.12g}"
    if kind == "time":
        return f"{_seconds(time.fromisoformat(text)):.0f}"
    if kind in ("date", "datetime"):
        return f"{(datetime.fromisoformat(text) - EPOCH).total_seconds():.1f}"
    return UNREADABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


@every_type
def test_export_type_holds_every_study_and_event_once(wanted, exported):
    studies, events = wanted
    _, report = exported
    assert (report.studies, report.events) == (len(studies), sum(events.values()))
    assert report.studies > 0


@pytest.mark.parametrize("spec", PLAIN_CSV, ids=lambda spec: spec.type)
def test_export_type_rows_are_studies_or_events(spec, wanted, exported):
    studies, events = wanted
    data, _ = exported
    rows = read_csv(data)
    if isinstance(spec.layout, Wide):
        assert len(rows) == 1 + len(studies)
        assert len(rows[0]) == len(set(rows[0]))
    else:
        empty = list(events.values()).count(0) if spec.layout.rows_for_empty_studies else 0
        assert len(rows) == spec.layout.header + sum(events.values()) + empty
    assert {len(row) for row in rows} == {len(rows[0])}
    if spec.type != "rf-openskin":
        assert_same_studies(rows, studies, events if isinstance(spec.layout, Long) else {})


@every_type
def test_export_type_describes_every_heading_once(spec, exported):
    data, report = exported
    headings = list(list_headings(spec, data))
    assert headings or spec.type in {"rf-openskin", "rf-phe2019"}  # without headings
    named = {
        heading: [each for each in report.dictionary if pattern_of(each.heading).fullmatch(heading)]
        for heading in {heading for _, heading in headings}
    }
    for sheet, heading in headings:
        found = [each for each in named[heading] if is_on(each, sheet)]
        assert len(found) == 1, (sheet, heading, found)


@pytest.mark.parametrize("spec", WORKBOOKS, ids=lambda spec: spec.type)
def test_export_type_lists_its_dictionary_on_the_sheet_columns(exported):
    data, report = exported
    rows = read_sheets(data)["Columns"]
    assert rows[0] == [
        "Heading", "Meaning", "Unit", "DICOM", "OpenREM source", "Conversion", "Blank", "Several rows",
        "Sheets",
    ]  # fmt: skip
    assert rows[1:] == [
        [
            each.heading, each.meaning, each.unit, each.dicom, each.source, each.conversion, each.blank,
            each.several_rows, ", ".join(each.sheets),
        ]
        for each in report.dictionary
    ]  # fmt: skip
    (counted,) = [each for each in report.sheets if each.name == "Columns"]
    assert (counted.rows, counted.rows_above) == (len(rows) - 1, 1)


def list_headings(spec, data):
    """Yield the headings of a file, each once with its sheet. A csv's sheet is None."""
    if spec.format == "csv":
        yield from ((None, heading) for heading in (read_csv(data)[0] if spec.type != "rf-openskin" else ()))
        return
    if spec.format == "zip":
        for table in read_data_package(data)["resources"]:
            yield from ((table["name"], each["name"]) for each in table["schema"]["fields"])
        return
    for name, rows in read_sheets(data).items():
        has_frequencies = name == "Summary" and spec.layout.frequencies
        top = (
            rows[5] if has_frequencies else () if name in NO_TABLES or spec.type == "rf-phe2019" else rows[0]
        )
        yield from ((name, heading) for heading in dict.fromkeys(filter(None, top)))


def read_data_package(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return json.loads(file.read("datapackage.json"))


NO_TABLES = {"Summary", "Charts", "Columns", "About"}


def is_on(entry, sheet):
    """Whether an entry, whose sheets can be patterns, describes headings of this sheet."""
    sheets = {each for each in entry.sheets if "<" not in each}
    return sheet is None or sheet in sheets or (len(sheets) < len(entry.sheets) and sheet not in FIXED)


@cache
def pattern_of(heading):
    return re.compile(re.escape(heading).replace("<n>", r"\d+"))


FIXED = {"Summary", "All data", "Warnings"}


def assert_same_studies(rows, studies, times):
    """Each study as often as it has rows, by date and time: those are in every file."""
    place = [rows[0].index(heading) for heading in ("Study date", "Study time")]
    found = Counter(tuple(row[n] for n in place) for row in rows[1:])
    expected = Counter()
    for study in studies:
        key = tuple("" if each is None else each.isoformat() for each in study[1:3])
        expected[key] += max(1, times.get(study[0], 1))
    assert found == expected


@pytest.mark.parametrize("name", ["ct", "dx", "nm", "rf"])
def test_export_type_all_data_equals_the_csv(url, name):
    data, _ = export_everything(url, f"{name}-csv")
    book, _ = export_everything(url, f"{name}-xlsx")
    headings, *rows = read_csv(data)
    top, *shown = read_sheets(book)["All data"]
    width = len(headings)
    assert top[:width] == headings
    assert len(top) == width or name == "rf"
    kinds = kinds_of(SPECS[f"{name}-csv"], url, headings)
    assert len(shown) == len(rows)
    for row, cells in zip(rows, shown, strict=True):
        expected = [convert(cell, kind) for cell, kind in zip(row, kinds, strict=True)]
        assert list(map(write, cells[:width])) == expected


def test_mg_xlsx_all_data_holds_the_exposures_of_the_csv(url):
    spec = SPECS["mg-csv"]
    headings, *rows = read_csv(export_everything(url, "mg-csv")[0])
    sheet = read_sheets(export_everything(url, "mg-xlsx")[0])["All data"]
    own = {column.heading for column in SPECS["mg-xlsx"].columns} - {
        column.heading for column in spec.columns
    }
    of_csv = [n for n, heading in enumerate(sheet[0]) if re.sub(r"^E\d+ ", "", heading) not in own]
    top, *shown = [[row[n] for n in of_csv] for row in sheet]
    width = next(n for n, heading in enumerate(top) if heading.startswith("E1 "))
    block = len(headings) - width
    kinds = kinds_of(spec, url, headings)
    expected = [[convert(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in rows]
    found = []
    for row in shown:
        cells = list(map(write, row))
        events = [cells[n : n + block] for n in range(width, len(cells), block)]
        found += [cells[:width] + event for event in events if any(event)] or [cells[:width] + [""] * block]
    assert top[width : width + block] == [f"E1 {heading}" for heading in headings[width:]]
    assert found == expected


@pytest.mark.parametrize(
    "name", [name for name, spec in SPECS.items() if isinstance(spec.layout, ModalityWorkbook)]
)
def test_workbook_has_event_on_one_protocol_sheet_and_those_of_its_names(url, name):
    data, report = export_everything(url, name)
    sheets = dict(read_sheets(data))
    sheets.pop("Warnings", None)
    assert list(sheets)[:2] == ["Summary", "All data"]
    assert list(sheets)[-2:] == ["Columns", "About"]
    sheets.pop("Columns")
    frequencies = read_frequencies(sheets["Summary"])
    names = frequencies.get("Standard acquisition name", {})
    protocols = len(frequencies["Acquisition protocol"])
    own, named = list(sheets.values())[2 : 2 + protocols], list(sheets.items())[2 + protocols : -1]
    assert sum(len(rows) - 1 for rows in own) == report.events
    assert sorted(len(rows) - 1 for _, rows in named) == sorted(names.values())
    assert all(sheet.startswith("(standard)_") for sheet, _ in named)
    for _, rows in named:
        place = rows[0].index("Standard acquisition name")
        assert all(row[place] for row in rows[1:])


@pytest.mark.parametrize("name", ["ct", "dx", "mg", "rf"])
def test_standard_names_are_counted_where_they_are_on(standard_url, sample_url, name):
    on, off = (
        read_frequencies(read_sheets(export_everything(url, f"{name}-xlsx")[0])["Summary"])
        for url in (standard_url, sample_url)
    )
    assert set(on) - set(off) == {"Standard study name", "Standard acquisition name"}
    assert on["Standard study name"]
    assert on["Standard acquisition name"]


def read_frequencies(rows):
    """Title → value → count, from the tables that stand side by side from row 6 on."""
    tables = {}
    for column in range(0, len(rows[5]), 3):
        counted = [row[column : column + 2] for row in rows[6:] if row[column + 1] != ""]
        tables[rows[5][column]] = {value: int(count) for value, count in counted}
    return tables


@pytest.mark.parametrize("spec", WORKBOOKS, ids=lambda spec: spec.type)
def test_sheet_names_are_legal_and_differ_in_any_case(exported):
    data, _ = exported
    names = list(read_sheets(data))
    assert len({each.casefold() for each in names}) == len(names)
    for each in names:
        assert 0 < len(each.encode("utf-16-le")) <= 62
        assert not set(each) & ILLEGAL
        assert each[0] != "'" != each[-1]


@every_type
def test_export_type_filters_and_orders_are_sql_that_runs(spec, url, wanted):
    needed = {spec.needs[0]: str(wanted[0][0][0])} if spec.needs else {}
    needed |= dict.fromkeys(spec.default_filters, "include")
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.begin()

        def count(**body):
            """Count the studies that every statement of a file begins with."""
            request = parse(type=spec.type, **body)
            chosen, params = choose_studies(request)
            source, _ = select_studies(spec, request.filters)
            queries = build_queries(request, Inclusions(standard=True))
            assert f"WITH chosen AS ({chosen})" in queries.studies.sql
            assert f"WITH chosen AS (SELECT study.id {source})" in queries.counts.sql
            ((number,),) = snapshot.fetch_rows(Query(f"SELECT count(*) FROM ({chosen}) chosen", params))
            return number

        every = count(filters=needed)
        assert every == len(wanted[0])
        for each in spec.filters:
            assert 0 <= count(filters={**needed, each.name: EXAMPLES[each.value_type.name]}) <= every
        for order in spec.orders:
            assert count(filters=needed, order=order.name) == every


def kinds_of(spec, url, headings):
    """The kinds of a csv's columns, one by one."""
    if isinstance(spec.layout, CustomRows):
        inclusions = Inclusions(include_names=True, include_ids=True)
        with Database({"conninfo": url}).open_snapshot() as snapshot:
            snapshot.begin()
            widths = snapshot.count(build_queries(parse(type=spec.type), inclusions)).widths
        start = FileContext(spec.studies.included(inclusions), spec.events.included(inclusions), widths, {})
        return [column.kind.name for column in spec.layout.make_builder(start).sheets[0].columns]
    kinds = {column.heading: column.kind.name for column in spec.columns}
    return [kinds.get(heading) or kinds[re.sub(r"^(E\d+|[AB]) ", "", heading)] for heading in headings]
