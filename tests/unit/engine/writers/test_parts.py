"""Rows of many sheets, compressed as they come: each sheet's chunks are one stream of its rows."""

import zlib
from itertools import product

import pytest

from doseexport.engine.writers import parts
from doseexport.engine.writers.parts import Parts, deflate


@pytest.mark.parametrize(("chunk", "buffered"), [*product((1, 40, 1 << 17), (1, 60, 1 << 24))])
def test_parts_give_every_sheet_its_rows_in_order(monkeypatch, chunk, buffered):
    monkeypatch.setattr(parts, "CHUNK", chunk)
    monkeypatch.setattr(parts, "BUFFERED", buffered)
    written = Parts()
    sheets = [written.add_sheet() for _ in range(3)]
    rows = {sheet: [f"<row>{sheet} é {n}</row>" for n in range(20 * sheet)] for sheet in sheets}
    for sheet, row in sorted(((s, r) for s in sheets for r in rows[s]), key=lambda pair: pair[1][-9:]):
        written.add_row(sheet, row)
    for sheet in sheets:
        expected = "".join(sorted(rows[sheet], key=lambda row: row[-9:])).encode()
        packed = written.packed(sheet)
        stream = b"".join(written.read(packed))
        assert zlib.decompress(stream + deflate(b"", last=True), -15) == expected
        assert (packed.size, packed.raw_size, packed.crc) == (
            len(stream),
            len(expected),
            zlib.crc32(expected),
        )
    written.close()


def test_parts_read_one_sheet_without_disturbing_others(monkeypatch):
    monkeypatch.setattr(parts, "CHUNK", 40)
    written = Parts()
    flushed, between, last = (written.add_sheet() for _ in range(3))
    expected = {flushed: "<row>flushed</row>" * 9, between: "<row>waiting</row>", last: "<row>last</row>" * 9}
    for sheet in (flushed, last, between):
        written.add_row(sheet, expected[sheet])
    read = {}
    for sheet in (flushed, between, last):
        read[sheet] = b"".join(written.read(written.packed(sheet)))
    for sheet, stream in read.items():
        assert zlib.decompress(stream + deflate(b"", last=True), -15).decode() == expected[sheet]
    written.close()
