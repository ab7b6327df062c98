"""A zip of tables is a stream that every reader opens, and nothing of it is left after a failure."""

import gc
import io
import json
import struct
import zipfile
import zlib
from datetime import UTC, datetime

import pytest

from doseexport import catalogue
from doseexport.catalogue import FileContext, Inclusions
from doseexport.engine.query import Counts
from doseexport.engine.writers.file_plan import FilePlan, FileReport
from doseexport.engine.writers.tables import TablesWriter

SPEC = catalogue.find_spec("ct-tables")
TABLES = SPEC.list_tables(Inclusions())
ROWS = [(b"7", b"7,1\n"), (b"7", b"7,2\n"), (b"3", b'3,"a\r\n""b"""\n')]


class Sink:
    """A sink that can only be written to, and counts."""

    def __init__(self):
        self.data = io.BytesIO()
        self.largest = 0

    def write(self, data):
        self.largest = max(self.largest, len(data))
        self.data.write(data)


def make_writer(sink):
    plan = FilePlan(
        title="CT tables",
        software="Dose Export 1",
        created=datetime(2026, 11, 23, 11, 30, tzinfo=UTC),
        context=FileContext((), (), {}, {}),
        counts=Counts(2, 3, 2),
        about=[("Export", "ct-tables"), ("Requested by", "ada \ud800")],
        tables=TABLES,
    )
    return TablesWriter(sink, plan, SPEC.layout)


def write_file(rows=tuple(ROWS)):
    sink = Sink()
    writer = make_writer(sink)
    for table in TABLES:
        assert writer.write_table(table, iter(rows)) == len(rows)
    sheets = writer.finish(FileReport(2, 3, ("one warning",)))
    writer.discard()
    return sink, sheets


def test_tables_are_csv_files_of_a_zip_in_their_order():
    sink, sheets = write_file()
    with zipfile.ZipFile(sink.data) as file:
        assert file.testzip() is None
        assert file.namelist() == ["studies.csv", "events.csv", "sources.csv", "datapackage.json"]
        heading, _, rows = file.read("sources.csv").partition(b"\n")
        assert heading == ",".join(column.heading for column in TABLES[2].columns).encode()
        assert rows == b"".join(row for _, row in ROWS)
    assert [(each.name, each.studies, each.rows, each.rows_above) for each in sheets] == [
        (table.name, 2, 3, 1) for table in TABLES
    ]


def test_tables_are_streamed_with_data_descriptors_and_zip64():
    sink, _ = write_file()
    data = sink.data.getvalue()
    version, flags, method = struct.unpack_from("<HHH", data, 4)
    crc, size, raw_size, name_length, extra_length = struct.unpack_from("<LLLHH", data, 14)
    assert (version, flags & 0x08, method) == (45, 0x08, zipfile.ZIP_DEFLATED)
    assert (crc, size, raw_size) == (0, 0xFFFFFFFF, 0xFFFFFFFF)
    assert struct.unpack_from("<HHQQ", data, 30 + name_length) == (1, 16, 0, 0)
    assert extra_length == 20


def test_tables_of_the_same_rows_are_the_same_file_compressed_fast():
    rows = [(b"7", b"7,%d,%d\n" % (n, n * n % 1009)) for n in range(20_000)]
    sink, _ = write_file(rows)
    assert sink.data.getvalue() == write_file(rows)[0].data.getvalue()
    with zipfile.ZipFile(sink.data) as file:
        info = file.getinfo("events.csv")
        fast = zlib.compressobj(1, wbits=-15)
        assert info.compress_size == len(fast.compress(file.read(info)) + fast.flush())


def test_tables_are_written_in_bounded_pieces():
    row = b"7," + b"x" * 200 + b"\n"
    sink, _ = write_file([(b"7", row)] * 20_000)
    assert sink.largest < 1 << 20
    with zipfile.ZipFile(sink.data) as file:
        assert len(file.read("events.csv")) > 4_000_000


def test_data_package_tells_the_request_the_warnings_and_the_keys():
    sink, _ = write_file()
    with zipfile.ZipFile(sink.data) as file:
        package = json.loads(file.read("datapackage.json"))
    assert package["warnings"] == ["one warning"]
    assert "do not open these files in a spreadsheet" in package["description"]
    assert "Export: ct-tables" in package["description"]
    events = package["resources"][1]["schema"]
    assert events["primaryKey"] == ["study_id", "event_id"]
    assert events["foreignKeys"] == [
        {"fields": ["study_id"], "reference": {"resource": "studies", "fields": ["study_id"]}}
    ]
    fields = {each["name"]: each for each in events["fields"]}
    assert fields["event_no"]["type"] == "integer"
    assert (fields["dlp_mgy_cm"]["type"], fields["dlp_mgy_cm"]["unit"]) == ("number", "mGy·cm")


def test_discarded_tables_write_nothing_more():
    def fail():
        yield ROWS[0]
        raise OSError("no space")

    sink = Sink()
    writer = make_writer(sink)
    with pytest.raises(OSError, match="no space"):
        writer.write_table(TABLES[0], fail())
    writer.discard()
    size = sink.data.tell()
    del writer
    gc.collect()
    assert sink.data.tell() == size
    assert not zipfile.is_zipfile(sink.data)


def test_discarded_tables_do_not_touch_a_sink_that_failed():
    class Full(Sink):
        def write(self, data):
            raise OSError("no space")

    writer = make_writer(Full())
    with pytest.raises(OSError, match="no space"):
        writer.write_table(TABLES[0], iter(ROWS))
    writer.discard()
    writer.discard()
