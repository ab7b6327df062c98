"""Rows made by a function: every cell is in its place, in a workbook and in a csv."""

import csv
import io
from datetime import date, time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doseexport.catalogue import CustomRows, Long, Sheet
from doseexport.catalogue.columns import NUMBER, TEXT
from doseexport.engine.writers import csv as csv_writers
from doseexport.engine.writers import xlsx
from doseexport.engine.writers.file_plan import FileReport
from doseexport.engine.writers.sheets import Limits
from doseexport.errors import ExportError
from tests.properties.engine.writers.studies import (
    EVENT_COLUMNS,
    STUDY_COLUMNS,
    copy_csv,
    copy_text,
    make_layout,
    studies,
    thoroughly,
)
from tests.properties.engine.writers.test_csv import unguard
from tests.properties.engine.writers.test_xlsx import read_plain
from tests.workbooks import load_exactly

TOP = (("", "", "units"), ())
WIDTH = len(STUDY_COLUMNS)
limits = st.integers(4, 9) | st.just(1_048_576)


class Form:
    """A form with rows above its data and events beyond its columns, a list of events, and a count."""

    def __init__(self, start):
        self.sheets = (
            Sheet("Form", start.study_columns, TOP, overflow=(TEXT, TEXT, NUMBER)),
            Sheet("Events", start.event_columns),
            Sheet("Count", start.event_columns[2:]),
        )
        self.warnings = ["Counted."]
        self._count = 0

    def build_rows(self, study, events):
        self._count += len(events)
        yield 0, [*study, *(cell for event in events for cell in event)]
        yield from ((1, event) for event in events)

    def end(self):
        yield 2, [str(self._count)]


class List(Form):
    """The events alone: a csv has one sheet."""

    def __init__(self, start):
        super().__init__(start)
        self.sheets = self.sheets[1:2]

    def build_rows(self, study, events):
        return ((0, event) for event in events)

    def end(self):
        return ()


def write(writer, rows, copy):
    for cells, events in rows:
        writer.write((copy(cells), [copy(event) for event in events]))
    writer.end()
    warnings = writer.warnings
    writer.finish(FileReport(0, 0, tuple(warnings)))
    return warnings


def read_book(data):
    book = load_exactly(io.BytesIO(data))
    return {sheet.title: [[read_plain(cell.value) for cell in row] for row in sheet] for sheet in book}


def convert(cells, columns):
    return [_convert(cell, column.kind.name) for cell, column in zip(cells, columns, strict=False)]


def _convert(cell, kind):
    if not cell or kind == "text":
        return cell or None
    if kind == "number":
        return float(cell)
    if kind == "time":
        return time.fromisoformat(cell)
    return date.fromisoformat(cell)


def trim(row):
    while row and row[-1] is None:
        row = row[:-1]
    return row


@thoroughly
@given(studies, limits)
def test_workbook_holds_every_custom_row_in_its_place(rows, most):
    # A row without any value at the end of a sheet is one that readers do not see.
    assume(all(any(event) for _, own in rows for event in own))
    file = io.BytesIO()
    warnings = write(
        xlsx.SheetsWriter(file, make_layout(rows), CustomRows(Form), Limits(rows=most)), rows, copy_text
    )
    sheets = read_book(file.getvalue())
    assert list(sheets)[-2:] == ["Columns", "About"]
    forms = [page for name, page in sheets.items() if name.startswith("Form")]
    lists = [page for name, page in sheets.items() if name.startswith("Events")]
    for page in forms:
        assert [trim(row) for row in page[:2]] == [[None, None, "units"], []]
    for page in lists:
        assert page[0] == [column.heading for column in EVENT_COLUMNS]
    beyond = [EVENT_COLUMNS[n % 3] for n in range(3 * max(len(events) for _, events in rows))]
    columns = [*STUDY_COLUMNS, *beyond]
    assert [trim(row) for page in forms for row in page[2:]] == [
        trim(convert([*cells, *(cell for event in events for cell in event)], columns))
        for cells, events in rows
    ]
    events = [event for _, own in rows for event in own]
    assert [row for page in lists for row in page[1:]] == [convert(event, EVENT_COLUMNS) for event in events]
    assert sheets["Count"][1:] == [[len(events)]]
    assert warnings[0] == "Counted."
    assert len(warnings) == 1 + len(forms) - 1 + len(lists) - 1
    assert all(len(page) <= most for page in (*forms, *lists))


@thoroughly
@given(studies)
def test_csv_holds_every_custom_row_in_order(rows):
    file = io.BytesIO()
    write(csv_writers.RowsWriter(file, make_layout(rows), CustomRows(List)), rows, copy_text)
    header, *lines = read_csv(file.getvalue())
    events = [event for _, own in rows for event in own]
    assert header == [column.heading for column in EVENT_COLUMNS]
    assert len(lines) == len(events)
    for line, event in zip(lines, events, strict=True):
        assert [unguard(*pair) for pair in zip(line, event, strict=True)] == list(event)


@thoroughly
@given(studies, st.booleans(), st.booleans())
def test_long_csv_has_one_row_per_event_after_its_study(rows, header, rows_for_empty_studies):
    file = io.BytesIO()
    shape = Long(header=header, rows_for_empty_studies=rows_for_empty_studies)
    write(csv_writers.LongWriter(file, make_layout(rows), shape), rows, copy_csv)
    lines = read_csv(file.getvalue())
    if header:
        assert lines.pop(0) == [column.heading for column in (*STUDY_COLUMNS, *EVENT_COLUMNS)]
    blank = [[""] * len(EVENT_COLUMNS)] if rows_for_empty_studies else []
    expected = [[*cells, *event] for cells, events in rows for event in (events or blank)]
    assert len(lines) == len(expected)
    for line, wanted in zip(lines, expected, strict=True):
        assert [unguard(*pair) for pair in zip(line, wanted, strict=True)] == wanted


def read_csv(data):
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_row_that_no_worksheet_can_hold_fails_the_export():
    rows = [(("1", "2", "", ""), [("a", "b", "3")] * 2)]
    writer = xlsx.SheetsWriter(io.BytesIO(), make_layout(rows), CustomRows(Form), Limits(columns=9))
    with pytest.raises(ExportError) as refused:
        write(writer, rows, copy_text)
    writer.discard()
    assert refused.value.code == "TOO_WIDE"
