"""Rows of many sheets, compressed as they come: each sheet's chunks are one stream of its own rows."""

import zlib
from itertools import product

import pytest

from doseexport.engine.writers import parts
from doseexport.engine.writers.parts import Parts, deflate


@pytest.mark.parametrize(("chunk", "buffered"), [*product((1, 40, 1 << 17), (1, 60, 1 << 24))])
def test_parts_give_every_sheet_its_rows_in_order(monkeypatch, chunk, buffered):
    monkeypatch.setattr(parts, "CHUNK", chunk)
    monkeypatch.setattr(parts, "BUFFERED", buffered)
    kept = Parts()
    sheets = [kept.add_sheet() for _ in range(3)]
    rows = {sheet: [f"<row>{sheet} é {n}</row>" for n in range(20 * sheet)] for sheet in sheets}
    for sheet, row in sorted(((s, r) for s in sheets for r in rows[s]), key=lambda pair: pair[1][-9:]):
        kept.add_row(sheet, row)
    for sheet in sheets:
        told = "".join(sorted(rows[sheet], key=lambda row: row[-9:])).encode()
        packed = kept.packed(sheet)
        stream = b"".join(kept.read(packed))
        assert zlib.decompress(stream + deflate(b"", last=True), -15) == told
        assert (packed.size, packed.raw_size, packed.crc) == (len(stream), len(told), zlib.crc32(told))
    kept.close()


def test_parts_read_one_sheet_without_disturbing_others(monkeypatch):
    monkeypatch.setattr(parts, "CHUNK", 40)
    kept = Parts()
    flushed, between, last = (kept.add_sheet() for _ in range(3))
    told = {flushed: "<row>flushed</row>" * 9, between: "<row>waiting</row>", last: "<row>last</row>" * 9}
    for sheet in (flushed, last, between):
        kept.add_row(sheet, told[sheet])
    read = {}
    for sheet in (flushed, between, last):
        read[sheet] = b"".join(kept.read(kept.packed(sheet)))
    for sheet, stream in read.items():
        assert zlib.decompress(stream + deflate(b"", last=True), -15).decode() == told[sheet]
    kept.close()
