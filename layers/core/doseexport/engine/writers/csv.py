"""csv files: UTF-8 with BOM, CR LF, every row as wide as the header (docs/export-rules.md §1.3)."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from doseexport.catalogue import Column, CustomRows, Long, Wide
from doseexport.catalogue.layouts import NO_EXCLUSIONS, Row
from doseexport.catalogue.options import MAX_EVENTS
from doseexport.engine.copy_text import CSV, TEXT, split_row
from doseexport.engine.merge import Study
from doseexport.engine.writers import Sink
from doseexport.engine.writers.file_plan import (
    FilePlan,
    FileReport,
    SheetCount,
    block_headings,
    warn_of_left_out,
)

# = + - @ tab CR LF and the full-width forms: spreadsheets take a text that begins so for a formula.
_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
# The beginning of a cell that begins so and is no plain number, after its comma.
_SUSPECT = re.compile(
    rb',(?:"?(?:[=@\t\r\n]|\xef\xbc[\x9d\x8b\x8d\xa0])|"[+-]|[+-](?!\d+(?:\.\d+)?(?:,|\Z)))'
)
# Their first bytes become NUL, which no text of PostgreSQL contains. A comma and NUL then show where a cell
# may begin so, in half the time of a search by _SUSPECT.
_MARKS = bytes.maketrans(b"=+-@\t\r\n\xef", bytes(8))
_PLAIN, _QUOTED = b",\0", b',"\0'
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_CHUNK = 1 << 18
MOST_COLUMNS = 16_384
"""The columns that Excel and LibreOffice open."""
WIDE, LOPSIDED = 100, 10
"""A study of at least 100 events, and of ten times the median of all studies, is named in a warning."""


class _CsvWriter:
    """The common part of all csv writers: the BOM, and rows written in large chunks.

    PostgreSQL has already quoted the cells. They are written unchanged, unless a cell looks like a formula
    that a spreadsheet would run.
    """

    answer = ""
    copy_format = CSV
    separator = b","
    exclusions: Mapping[str, int] = NO_EXCLUSIONS

    def __init__(self, sink: Sink, plan: FilePlan) -> None:
        self._sink = sink
        self._columns = 0
        self._study_texts = _texts(plan.study_columns)
        self._event_texts = _texts(plan.event_columns)
        self._rows: list[bytes | memoryview] = [codecs.BOM_UTF8]
        self._size = 0
        self._studies = self._data_rows = self._rows_above = 0

    def end(self) -> None:
        """Add nothing: every row belongs to a study."""

    @property
    def warnings(self) -> list[str]:
        """A warning if the file has more columns than a spreadsheet opens."""
        if self._columns <= MOST_COLUMNS:
            return []
        return [
            f"Every row has {self._columns:,} columns, and spreadsheets open only {MOST_COLUMNS:,} of them."
        ]

    def finish(self, report: FileReport) -> list[SheetCount]:  # noqa: ARG002  a csv does not show it
        """Write the rest of the rows, and return the counts of the file."""
        self._flush()
        return [SheetCount(None, self._studies, self._data_rows, self._rows_above)]

    def discard(self) -> None:
        """Delete the rows that are not written."""
        self._rows = []

    def _add_heading(self, row: Sequence[str]) -> None:
        self._columns = len(row)
        self._rows_above += 1
        self._add(_write_row(row))

    def _count(self, rows: int) -> None:
        """Count a study with this number of rows."""
        self._data_rows += rows
        self._studies += rows > 0

    def _add(self, row: bytes | memoryview) -> None:
        self._rows.append(row)
        self._size += len(row)
        if self._size > _CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._sink.write(b"".join(self._rows))
        self._rows, self._size = [], 0


class WideWriter(_CsvWriter):
    """A csv with one row per study: its cells, its events in adjacent columns, then blank cells."""

    def __init__(self, sink: Sink, plan: FilePlan, layout: Wide) -> None:
        super().__init__(sink, plan)
        self._plan = plan
        self._blocks = max(1, plan.limit_events(plan.counts.widest)) if plan.event_columns else 0
        self._width = len(plan.event_columns)
        self._texts = self._study_texts + self._event_texts * self._blocks
        self._end = memoryview(b"," * (self._width * self._blocks) + b"\r\n")
        headings = [column.heading for column in plan.study_columns]
        for number in range(1, self._blocks + 1):
            headings += block_headings(layout.prefix, plan.event_columns, number)
        self._add_heading(headings)

    def write(self, study: Study) -> None:
        """Add one study with its events."""
        cells, events = study
        if len(events) > self._blocks:
            warn_of_left_out(self._plan, len(events) - self._blocks)
            events = events[: self._blocks]
        self._add(guard_row(b",".join((cells, *events)), self._texts))
        self._add(self._end[self._width * len(events) :])
        self._count(1)

    @property
    def warnings(self) -> list[str]:
        """Warnings of one study that makes the rows of all wide, and of columns that no spreadsheet opens."""
        counts = self._plan.counts
        is_lopsided = self._blocks == counts.widest >= max(WIDE, LOPSIDED * counts.median)
        if not is_lopsided:
            return super().warnings
        beyond = f", and spreadsheets open only {MOST_COLUMNS:,} of them" if super().warnings else ""
        study = "A study" if counts.widest_study is None else f"Study {counts.widest_study}"
        message = (
            f"{study} has {counts.widest:,} events, so every row has {self._columns:,}"
            f" columns{beyond}. Choose the workbook, or leave events out by the option {MAX_EVENTS.name}."
        )
        return [message]


class LongWriter(_CsvWriter):
    """A csv with one row per event, after the cells of its study."""

    def __init__(self, sink: Sink, plan: FilePlan, layout: Long) -> None:
        super().__init__(sink, plan)
        columns = (*plan.study_columns, *plan.event_columns)
        self._empty = b"," * len(plan.event_columns) + b"\r\n" if layout.rows_for_empty_studies else b""
        if layout.header:
            self._add_heading([column.heading for column in columns])

    def write(self, study: Study) -> None:
        """Add one study's events."""
        cells, events = study
        head = guard_row(cells, self._study_texts)
        for event in events:
            self._add(head + b"," + guard_row(event, self._event_texts) + b"\r\n")
        if not events and self._empty:
            self._add(head + self._empty)
        self._count(len(events) or bool(self._empty))


class RowsWriter(_CsvWriter):
    """A csv of the rows that a builder makes of each study, all as wide as the header."""

    copy_format = TEXT
    separator = b"\t"

    def __init__(self, sink: Sink, plan: FilePlan, layout: CustomRows) -> None:
        super().__init__(sink, plan)
        self._builder = layout.make_builder(plan.context)
        (sheet,) = self._builder.sheets
        self._texts = _texts(sheet.columns)
        for row in sheet.rows_above:
            self._add_heading(row)

    def write(self, study: Study) -> None:
        """Add the rows of one study."""
        cells, events = study
        self._count(
            self._add_all(self._builder.build_rows(split_row(cells), [split_row(event) for event in events]))
        )

    def end(self) -> None:
        """Add the rows that follow the last study."""
        self._data_rows += self._add_all(self._builder.end())

    @property
    def warnings(self) -> list[str]:
        """The warnings of the builder, and of columns that no spreadsheet opens."""
        return [*self._builder.warnings, *super().warnings]

    @property
    def exclusions(self) -> Mapping[str, int]:  # type: ignore[override]
        """The events that the builder excludes."""
        return self._builder.exclusions

    def _add_all(self, rows: Iterable[Row]) -> int:
        """Add rows, and return their number."""
        added = 0
        for added, (_, cells) in enumerate(rows, start=1):  # noqa: B007  the last number is the count
            self._add(_write_row(_guard_cells(cells, self._texts)))
        return added


def guard_row(row: bytes, texts: Sequence[bool]) -> bytes:
    """Return a csv row whose text cells a spreadsheet does not run. `texts` states which cells are texts.

    A text that looks like a formula gets an apostrophe in front. Plain numbers are not changed.
    """
    line = b"," + row
    if _PLAIN not in line.translate(_MARKS, b'"'):
        return row
    marked = line.translate(_MARKS)
    parts, done = [], 1
    for comma in sorted((*_find_all(marked, _PLAIN), *_find_all(marked, _QUOTED))):
        if _SUSPECT.match(line, comma) and _begins_text(line, comma, texts):
            start = comma + (2 if line.startswith(b'"', comma + 1) else 1)
            parts.append(line[done:start])
            done = start
    return b"'".join((*parts, line[done:]))


def _find_all(row: bytes, part: bytes) -> Iterator[int]:
    place = row.find(part)
    while place >= 0:
        yield place
        place = row.find(part, place + 1)


def _begins_text(row: bytes, comma: int, texts: Sequence[bool]) -> bool:
    """Return whether a comma is before a text cell, and not in a quoted cell."""
    outside = row[:comma].split(b'"')
    return len(outside) % 2 == 1 and texts[b"".join(outside[::2]).count(b",")]


def guard_text(text: str) -> str:
    """Return the text, with an apostrophe in front if a spreadsheet would run it as a formula."""
    return "'" + text if text and text[0] in _STARTS and not _PLAIN_NUMBER.fullmatch(text) else text


def _guard_cells(cells: Iterable[str], texts: tuple[bool, ...]) -> list[str]:
    return [guard_text(cell) if text else cell for cell, text in zip(cells, texts, strict=True)]


def _texts(columns: tuple[Column, ...]) -> tuple[bool, ...]:
    return tuple(column.kind.name == "text" for column in columns)


def _write_row(cells: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    # This line end makes the writer quote CR and LF, which would otherwise split the row.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
