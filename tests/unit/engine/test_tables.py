"""Rows of COPY become rows of tables: numbered, without repeats, counted."""

import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions, Table
from doseexport.catalogue.columns import INTEGER, Column
from doseexport.engine.merge import MergeStats
from doseexport.engine.query import Counts
from doseexport.engine.tables import TableProgress, write_tables
from doseexport.errors import AbortedError, ExportError

STUDIES, EVENTS, *_ = catalogue.find_spec("ct-tables").list_tables(Inclusions())
ADMINISTRATIONS = catalogue.find_spec("nm-tables").list_tables(Inclusions())[1]
SOURCES = Table("sources", "", (Column("event_id", "", INTEGER),), ("event_id",))


class Rows:
    """A writer that keeps the rows of each table."""

    def __init__(self, *tables):
        self.tables = tables
        self.rows = {}

    def write_table(self, table, rows):
        self.rows[table.name] = list(rows)
        return len(self.rows[table.name])


class Steps:
    """A monitor that counts the studies done, and stops after some."""

    def __init__(self, most=1_000):
        self.done, self._most = 0, most

    def advance(self):
        self.done += 1
        if self.done > self._most:
            raise AbortedError("ABORTED", "stopped")


def write(*streams, events=EVENTS, monitor=None, studies=2, sources=2):
    writer, stats = Rows(STUDIES, events, SOURCES), MergeStats()
    counts = Counts(studies, 3, 2, {"sources": sources})
    progress = TableProgress(monitor or Steps(), counts)
    write_tables(map(iter, streams), writer, stats, progress)
    return writer.rows, stats


STUDY_ROWS = [b"7,0,a\n", b"7,0,again\n", b"3,1,b\n"]
EVENT_ROWS = [b"7,11,0,x\n", b"7,11,0,again\n", b"7,12,4,y\n", b"3,15,0,z\n"]
SOURCE_ROWS = [b"7,11,1\n", b'3,15,"1\n2"\n']


def test_write_tables_puts_ids_and_numbers_before_cells():
    rows, _ = write(STUDY_ROWS, EVENT_ROWS, SOURCE_ROWS)
    assert rows == {
        "studies": [(b"7", b"7,a\n"), (b"3", b"3,b\n")],
        "events": [(b"7", b"7,11,1,x\n"), (b"7", b"7,12,2,y\n"), (b"3", b"3,15,1,z\n")],
        "sources": [(b"7", b"11,1\n"), (b"3", b'15,"1\n2"\n')],
    }


def test_write_tables_shows_no_id_of_an_event_that_has_none():
    rows, _ = write(STUDY_ROWS, EVENT_ROWS, SOURCE_ROWS, events=ADMINISTRATIONS)
    assert rows["administrations"] == [(b"7", b"7,1,x\n"), (b"7", b"7,2,y\n"), (b"3", b"3,1,z\n")]


def test_write_tables_counts_rows_and_remembers_repeats_and_flags():
    _, stats = write(STUDY_ROWS, EVENT_ROWS, SOURCE_ROWS)
    stats.check_totals(2, 3)
    assert stats.repeated == {b"7"}
    spec = catalogue.find_spec("ct-tables")
    assert len(list(stats.study_flags.describe(spec.studies))) == 1


def test_write_tables_refuses_a_table_with_other_rows_than_counted():
    with pytest.raises(ExportError) as failed:
        write(STUDY_ROWS, EVENT_ROWS, SOURCE_ROWS[:1])
    assert failed.value.code == "ROWS_LOST"


def test_write_tables_advances_to_every_study_over_all_rows():
    monitor = Steps()
    write(STUDY_ROWS, EVENT_ROWS, SOURCE_ROWS, monitor=monitor)
    assert monitor.done == 2


def test_write_tables_stops_with_the_reason():
    with pytest.raises(AbortedError):
        write(STUDY_ROWS, EVENT_ROWS, SOURCE_ROWS, monitor=Steps(most=1))
