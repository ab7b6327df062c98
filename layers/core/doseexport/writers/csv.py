"""csv: UTF-8 with BOM, CRLF, every row as wide as the header (export-rules §1.3).

PostgreSQL has already quoted the cells; they are passed on as they are, unless a cell looks like one
that a spreadsheet would run.
"""

from __future__ import annotations

import codecs
import csv
import io
import re

from doseexport.database_formats import CSV
from doseexport.exports import Column
from doseexport.rows import Study
from doseexport.writers import Sink
from doseexport.writers.layout import Layout, Report, block_headings

# = + - @ tab CR LF and the full-width forms: what spreadsheets take for the start of a formula.
_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
# A cell that starts so; looked for in ",row", since a pattern with one beginning is four times as fast.
_SUSPECT = re.compile(rb',"?[=+\-@\t\r\n\xef]')
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_CHUNK = 1 << 18


csv.field_size_limit(1 << 30)


class CsvWriter:
    """Writes each study as one row: its cells, its events side by side, blanks up to the header's width."""

    copy_format = CSV
    has_summary = False
    separator = b","

    def __init__(self, sink: Sink, layout: Layout) -> None:
        self._sink = sink
        self._blocks = layout.blocks
        self._study_texts = _texts(layout.study_columns)
        self._event_texts = _texts(layout.event_columns)
        self._blank = b"," * len(layout.event_columns)
        self._rows = [codecs.BOM_UTF8, _write_header(layout)]
        self._size = 0

    def write(self, study: Study) -> None:
        """Add one study with its events."""
        cells, events = study
        row = [guard_row(cells, self._study_texts)]
        row += [guard_row(event, self._event_texts) for event in events]
        line = b",".join(row) + self._blank * (self._blocks - len(events)) + b"\r\n"
        self._rows.append(line)
        self._size += len(line)
        if self._size > _CHUNK:
            self._flush()

    @property
    def warnings(self) -> list[str]:
        """A csv holds every text whole, in as many rows and columns as there are."""
        return []

    def finish(self, report: Report) -> None:  # noqa: ARG002  a csv has no place for it
        """Write what is left."""
        self._flush()

    def discard(self) -> None:
        """Forget what is left."""
        self._rows = []

    def _flush(self) -> None:
        self._sink.write(b"".join(self._rows))
        self._rows, self._size = [], 0


def guard_row(row: bytes, texts: tuple[bool, ...]) -> bytes:
    """Return a csv row whose text cells no spreadsheet runs; `texts` tells which cells are texts.

    A text that starts like a formula gets an apostrophe in front; plain numbers stay as they are.
    """
    if not _SUSPECT.search(b"," + row):
        return row
    cells = next(csv.reader(io.StringIO(row.decode(), newline="")))
    return _write_row(
        [guard_text(cell) if text else cell for cell, text in zip(cells, texts, strict=True)]
    ).encode()


def guard_text(text: str) -> str:
    """Return the text, with an apostrophe in front if a spreadsheet would run it."""
    return "'" + text if text and text[0] in _STARTS and not _PLAIN_NUMBER.fullmatch(text) else text


def _texts(columns: tuple[Column, ...]) -> tuple[bool, ...]:
    return tuple(column.kind.name == "text" for column in columns)


def _write_header(layout: Layout) -> bytes:
    headings = [column.heading for column in layout.study_columns]
    for number in range(1, layout.blocks + 1):
        headings += block_headings(layout.event_columns, number)
    return _write_row(headings).encode() + b"\r\n"


def _write_row(cells: list[str]) -> str:
    text = io.StringIO(newline="")
    # The writer quotes the characters of its line end: without them CR and LF would split the row.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")
