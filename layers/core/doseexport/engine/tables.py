"""The tables of an export: each is one COPY on the snapshot, and is written while it is read.

Every row is counted, so that a file with missing rows is never delivered.
"""

from __future__ import annotations

from collections.abc import Iterator

from doseexport.catalogue.layouts import EVENT_ID, Table
from doseexport.engine.merge import ROWS_LOST, MergeStats
from doseexport.engine.progress import Monitor
from doseexport.engine.pseudonyms import PseudonymRows, Rows
from doseexport.engine.query import Counts
from doseexport.engine.writers.tables import TablesWriter
from doseexport.errors import ExportError


class TableProgress:
    """The progress of a file of tables, in studies: the same share of studies as of all rows is done."""

    def __init__(self, monitor: Monitor, counts: Counts) -> None:
        self.counts = counts
        self._monitor = monitor
        self._total = counts.studies + counts.events + sum(counts.widths.values())
        self._rows = self._done = 0

    def count_rows(self, rows: Rows) -> Rows:
        """Yield the rows and report them. Raise the reason if the run must stop."""
        for row in rows:
            yield row
            self._rows += 1
            while (self._done + 1) * self._total <= self._rows * self.counts.studies:
                self._monitor.advance()
                self._done += 1


def write_tables(
    streams: Iterator[Iterator[bytes]],
    writer: TablesWriter,
    stats: MergeStats,
    progress: TableProgress,
    pseudonyms: PseudonymRows | None = None,
) -> None:
    """Write the tables of the writer: the rows of studies, of events, then of each further table.

    Raise ExportError if the rows of a further table are not those counted.
    """

    def write(table: Table, rows: Rows) -> int:
        changed = pseudonyms.change_keys(rows, table.columns) if pseudonyms else rows
        return writer.write_table(table, progress.count_rows(changed))

    studies, events, *details = writer.tables
    first = next(streams)
    if pseudonyms:
        first = pseudonyms.change(first, writer.separator)
    write(studies, _read_studies(first, stats))
    shows_ids = any(column.heading == EVENT_ID.heading for column in events.columns)
    write(events, _read_events(next(streams), stats, shows_ids=shows_ids))
    for table, rows in zip(details, streams, strict=True):
        written = write(table, _read_details(rows))
        if written != progress.counts.widths[table.name]:
            raise ExportError(*ROWS_LOST)


def _read_studies(rows: Iterator[bytes], stats: MergeStats) -> Rows:
    """Yield the first row of each study, with its id in front."""
    last = b""
    for row in rows:
        study, flags, cells = row.split(b",", 2)
        if study == last:
            stats.record_repeat(study)
            continue
        last = study
        stats.studies += 1
        if flags != b"0":
            stats.study_flags.add(flags, study)
        yield study, b"%b,%b" % (study, cells)


def _read_events(rows: Iterator[bytes], stats: MergeStats, *, shows_ids: bool) -> Rows:
    """Yield the first row of each event, with the id of its study, its own if shown, and its number."""
    last_study = last = b""
    number = 0
    for row in rows:
        study, event, flags, cells = row.split(b",", 3)
        if event == last:
            stats.record_repeat(study)
            continue
        last = event
        number = number + 1 if study == last_study else 1
        last_study = study
        stats.events += 1
        if flags != b"0":
            stats.event_flags.add(flags, study)
        shown = b"%b,%b" % (study, event) if shows_ids else study
        yield study, b"%b,%d,%b" % (shown, number, cells)


def _read_details(rows: Iterator[bytes]) -> Rows:
    for row in rows:
        study, cells = row.split(b",", 1)
        yield study, cells
