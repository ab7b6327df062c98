"""The workbook holds every value once in its place, as two readers see it."""

import io
import re
from collections import Counter
from datetime import date, datetime, time

import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from doseexport.engine.writers import parts
from doseexport.engine.writers.books import ModalityWorkbookWriter
from doseexport.engine.writers.file_plan import FileReport
from doseexport.engine.writers.sheets import Limits
from tests.properties.engine.writers.studies import (
    BOOK,
    EVENT_COLUMNS,
    STUDY_COLUMNS,
    copy_text,
    make_layout,
    studies,
    thoroughly,
)
from tests.workbooks import load_exactly

WIDTH, BLOCK = len(STUDY_COLUMNS), len(EVENT_COLUMNS)
HEADINGS = [column.heading for column in STUDY_COLUMNS]
limits = st.builds(
    Limits,
    rows=st.integers(2, 6),
    columns=st.integers(1, 3).map(lambda n: WIDTH + n * BLOCK) | st.just(16_384),
)


@pytest.fixture(autouse=True, scope="module")
def _small_parts():
    """Parts so small that a few rows fill them, as millions fill the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "CHUNK", 300)
        patch.setattr(parts, "BUFFERED", 1500)
        yield


def write(rows, limit):
    file = io.BytesIO()
    writer = ModalityWorkbookWriter(file, make_layout(rows), BOOK, limit)
    for cells, events in rows:
        writer.write((copy_text(cells), [copy_text(event) for event in events]))
    warnings = writer.warnings
    writer.finish(FileReport(len(rows), sum(len(events) for _, events in rows), tuple(warnings)))
    return file.getvalue(), warnings


def read_by_openpyxl(data):
    book = load_exactly(io.BytesIO(data))
    return {
        sheet.title: [[read_plain(cell.value) for cell in row] for row in sheet.iter_rows()] for sheet in book
    }


def read_plain(value):
    """The value as it is meant: a day has no time, and _xHHHH_ is one character."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), value)
    return value


def read_by_calamine(data):
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {
        name: [
            [None if cell == "" else cell for cell in row]
            for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        ]
        for name in book.sheet_names
    }


def convert(cells, columns):
    read = {"text": str, "number": float, "date": date.fromisoformat, "time": time.fromisoformat}
    return [
        read[column.kind.name](cell) if cell else None for cell, column in zip(cells, columns, strict=True)
    ]


def as_calamine_says_it(sheets):
    """It leaves the two characters that XML lacks escaped."""

    def say(cell):
        return (
            cell.replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_") if isinstance(cell, str) else cell
        )

    return {name: [[say(cell) for cell in row] for row in rows] for name, rows in sheets.items()}


def expect_all_data(rows, limit):
    """First event of a sheet → its header and rows, as if no sheet were ever full."""
    per_sheet = (limit.columns - WIDTH) // BLOCK
    blocks = max(1, *(len(events) for _, events in rows))
    sheets = {}
    for first in range(0, blocks, per_sheet):
        shown = range(first, min(first + per_sheet, blocks))
        header = HEADINGS + [f"E{n + 1} {column.heading}" for n in shown for column in EVENT_COLUMNS]
        sheets[first + 1] = [header]
        for cells, events in rows:
            here = events[first : first + per_sheet]
            if here or not first:
                line = convert(cells, STUDY_COLUMNS) + [
                    cell for event in here for cell in convert(event, EVENT_COLUMNS)
                ]
                sheets[first + 1].append(line + [None] * (len(header) - len(line)))
    return sheets


def expect_protocols(rows):
    lines = [
        (event[0], convert(cells, STUDY_COLUMNS) + convert(event, EVENT_COLUMNS))
        for cells, events in rows
        for event in events
    ]
    return {protocol or None: [line for own, line in lines if own == protocol] for protocol, _ in lines}


def join_pages(sheets):
    """Sheets that go on are one again: All data by first event, the others by the protocol in every row."""
    all_data, protocols = {}, {}
    for name, (header, *rows) in sheets.items():
        if name.startswith("All data"):
            first = int(re.fullmatch(r"E(\d+) Protocol", header[WIDTH])[1])
            all_data.setdefault(first, [header]).extend(rows)
        elif name not in {"Summary", "Columns", "About"}:
            assert header == HEADINGS + [column.heading for column in EVENT_COLUMNS]
            (protocol,) = {row[WIDTH] for row in rows}
            protocols.setdefault(protocol, []).extend(rows)
    return all_data, protocols


@thoroughly
@given(studies, limits)
def test_workbook_holds_and_counts_every_value_once_in_its_place(rows, limit):
    data, warnings = write(rows, limit)
    read, sheets = read_by_openpyxl(data), read_by_calamine(data)
    assert_every_value_once(read, sheets, rows, limit)
    assert_legal_sheets(read, limit)
    assert_warnings_of_continued_sheets(read, warnings)
    assert_counts(sheets, rows, warnings)


def assert_every_value_once(read, sheets, rows, limit):
    wanted = expect_all_data(rows, limit), expect_protocols(rows)
    assert join_pages(read) == wanted
    all_data, protocols = wanted
    said = as_calamine_says_it(all_data), as_calamine_says_it(protocols)
    joined = join_pages(sheets)
    assert (joined[0], {str(key): rows for key, rows in joined[1].items()}) == (
        said[0],
        {str(*as_calamine_says_it({0: [[key]]})[0][0]): rows for key, rows in said[1].items()},
    )


def assert_legal_sheets(read, limit):
    names = list(read)
    assert (names[:2], names[-2:]) == (["Summary", "All data"], ["Columns", "About"])
    assert [name for name, times in Counter(map(str.casefold, names)).items() if times > 1] == []
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f\x7f]", name)
        assert not name.startswith("'")
        assert not name.endswith("'")
    for name in names[1:-2]:
        header, *below = read[name]
        assert len(below) < limit.rows, name
        assert len(header) <= limit.columns


def assert_warnings_of_continued_sheets(names, warnings):
    going_on = [name for name in names if re.search(r" \(\d+\)$", name) or name.startswith("All data from ")]
    assert len(warnings) == len(going_on)
    assert all(any(warning.endswith(f" {name}.") for warning in warnings) for name in going_on)


def assert_counts(sheets, rows, warnings):
    assert sheets["Summary"][3][:2] == ["Total number of exams", len(rows)]
    counted = Counter(event[0] for _, events in rows for event in events)
    # xlsxwriter, which writes this sheet, takes such a text for one that is escaped already.
    if not any(re.search("_x[0-9A-Fa-f]{4}[\x00-\x1f\ufffe\uffff]", name) for name in counted):
        found = {row[0] or "": row[1] for row in sheets["Summary"][6:]}
        assert found == {
            as_calamine_says_it({0: [[name]]})[0][0][0]: times for name, times in counted.items()
        }
    about = sheets["About"]
    assert ["Studies", len(rows)] in about
    assert ["Events", counted.total()] in about
    assert [row[1] for row in about if row[0] == "Warning"] == warnings
