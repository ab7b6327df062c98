"""Parquet is a stream, and neither an error of a run nor a cell is lost in arro3's messages."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from doseexport import catalogue
from doseexport.catalogue import FileContext, Inclusions
from doseexport.engine.query import Counts
from doseexport.engine.writers import parquet
from doseexport.engine.writers.file_plan import FilePlan, FileReport
from doseexport.engine.writers.parquet import ParquetWriter
from doseexport.errors import AbortedError, ExportError

SPEC = catalogue.find_spec("rf-parquet")
PULSES = next(table for table in SPEC.list_tables(Inclusions()) if table.name == "pulses")


class Sink:
    """A sink that can only be written to, and may fail once, after some writes."""

    def __init__(self, error=None, writes=0):
        self.data = io.BytesIO()
        self.largest = 0
        self._error = error
        self._writes = writes

    def write(self, data):
        self._writes -= 1
        if self._error is not None and self._writes < 0:
            error, self._error = self._error, None
            raise error
        self.largest = max(self.largest, len(data))
        self.data.write(data)


def make_writer(sink):
    plan = FilePlan(
        title="RF tables",
        software="Dose Export 1",
        created=datetime(2026, 11, 23, 11, 30, tzinfo=UTC),
        context=FileContext((), (), {}, {}),
        counts=Counts(2, 3, 2),
        tables=(PULSES,),
    )
    return ParquetWriter(sink, plan, SPEC.layout)


def rows_of(*texts):
    return ((b"7", f"{text}\n".encode()) for text in texts)


def test_parquet_tables_are_written_in_bounded_pieces():
    sink = Sink()
    writer = make_writer(sink)
    rows = rows_of(*(f"{n},kvp,1,{n % 997}.{n % 89}" for n in range(200_000)))
    assert writer.write_table(PULSES, rows) == 200_000
    (sheet,) = writer.finish(FileReport(1, 1, ()))
    assert (sheet.name, sheet.studies, sheet.rows, sheet.rows_above) == ("pulses", 1, 200_000, 0)
    assert sink.largest < 2_000_000
    with zipfile.ZipFile(sink.data) as file:
        assert file.namelist() == ["pulses.parquet", "datapackage.json"]
        assert file.read("pulses.parquet")[:4] == b"PAR1"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "secret^name", "1e40"])
def test_parquet_refuses_value_without_a_type_and_does_not_repeat_it(value):
    writer = make_writer(Sink())
    with pytest.raises(ExportError) as failed:
        writer.write_table(PULSES, rows_of("1,kvp,1,80", f"2,kvp,1,{value}"))
    writer.discard()
    assert failed.value.code == "NOT_IN_PARQUET"
    assert "pulses" in failed.value.message
    assert value not in failed.value.message.replace("such as NaN", "")


def test_parquet_stops_with_the_reason_of_the_run():
    def stop():
        yield from rows_of("1,kvp,1,80")
        raise AbortedError("ABORTED", "stopped")

    writer = make_writer(Sink())
    with pytest.raises(AbortedError):
        writer.write_table(PULSES, stop())
    writer.discard()


@pytest.mark.parametrize("writes", range(6))
def test_parquet_stops_with_the_reason_of_the_sink(writes, capfd):
    writer = make_writer(Sink(OSError("no space"), writes))
    with pytest.raises(OSError, match="no space"):
        writer.write_table(PULSES, rows_of(*(f"{n},kvp,1,{n}" for n in range(20_000))))
    writer.discard()
    assert capfd.readouterr().err == "", "arro3 panics, and prints what it got"


@pytest.mark.parametrize(("file", "method"), [("_Source", "read"), ("_Target", "write")])
def test_parquet_stops_at_a_signal_before_the_first_statement(file, method, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(getattr(parquet, file), method, interrupt)
    writer = make_writer(Sink())
    with pytest.raises(KeyboardInterrupt):
        writer.write_table(PULSES, rows_of("1,kvp,1,80"))
    writer.discard()
