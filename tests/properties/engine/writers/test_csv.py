"""The csv holds whatever the database holds, and no spreadsheet runs any of it."""

import csv
import io
import re

from hypothesis import given

from doseexport.catalogue import Wide
from doseexport.engine.writers.csv import WideWriter
from doseexport.engine.writers.file_plan import FileReport
from tests.properties.engine.writers.studies import (
    EVENT_COLUMNS,
    STUDY_COLUMNS,
    copy_csv,
    make_layout,
    studies,
    thoroughly,
)

DANGEROUS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def write(rows):
    file = io.BytesIO()
    writer = WideWriter(file, make_layout(rows), Wide())
    for cells, events in rows:
        writer.write((copy_csv(cells), [copy_csv(event) for event in events]))
    writer.finish(FileReport(0, 0, ()))
    return file.getvalue()


def read(data):
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def is_plain_number(cell):
    return re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell) is not None


def unguard(cell, wanted):
    """The cell, without an apostrophe that was put there for a reason."""
    if cell != wanted and wanted[0] in DANGEROUS and not is_plain_number(wanted):
        return cell.removeprefix("'")
    return cell


@thoroughly
@given(studies)
def test_csv_reads_back_as_written(rows):
    header, *lines = read(write(rows))
    blocks = max(1, *(len(events) for _, events in rows))
    assert header == [column.heading for column in STUDY_COLUMNS] + [
        f"E{n} {column.heading}" for n in range(1, blocks + 1) for column in EVENT_COLUMNS
    ]
    assert len(lines) == len(rows)
    for line, (cells, events) in zip(lines, rows, strict=True):
        wanted = [*cells, *(cell for event in events for cell in event)]
        wanted += [""] * ((blocks - len(events)) * len(EVENT_COLUMNS))
        assert [unguard(*pair) for pair in zip(line, wanted, strict=True)] == wanted


@thoroughly
@given(studies)
def test_csv_has_no_formula_unless_it_is_a_number(rows):
    cells = [cell for line in read(write(rows)) for cell in line]
    assert [cell for cell in cells if cell[:1] in set(DANGEROUS) and not is_plain_number(cell)] == []


@thoroughly
@given(studies)
def test_csv_rows_end_with_crlf_and_other_line_ends_are_quoted(rows):
    data = write(rows).decode("utf-8-sig")
    outside = re.sub(r'"[^"]*"', "", data)
    assert outside.count("\r\n") == outside.count("\n") == outside.count("\r") == len(rows) + 1
