"""A zip written from start to end, with zip64 only where a number is too large."""

import io
import struct
import zipfile
import zlib

import pytest

from doseexport.engine.writers.zips import ZipEntry, ZipStream

GIB = 1 << 30


def deflate(data):
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def write_zip(parts):
    file = io.BytesIO()
    stream = ZipStream(file)
    for name, data in parts.items():
        packed = deflate(data)
        stream.add(name, zlib.crc32(data), len(packed), len(data), [packed[:3], packed[3:]])
    stream.finish()
    return file


def read_zip(file):
    with zipfile.ZipFile(file) as made:
        assert made.testzip() is None
        return {name: made.read(name) for name in made.namelist()}


PARTS = {"a.xml": b"<a/>" * 1000, "xl/é.xml": b"", "b": bytes(range(256))}


def test_zip_reads_back_as_written():
    assert read_zip(write_zip(PARTS)) == PARTS


def test_small_zip_is_no_zip64():
    written = write_zip(PARTS).getvalue()
    assert b"PK\6\6" not in written
    with zipfile.ZipFile(io.BytesIO(written)) as made:
        assert {part.extract_version for part in made.infolist()} == {20}
        assert not any(part.flag_bits & 8 for part in made.infolist())


def test_zip_of_large_parts_is_readable(monkeypatch):
    monkeypatch.setattr(ZipEntry, "is_large", property(lambda self: True))
    file = write_zip(PARTS)
    assert read_zip(file) == PARTS
    with zipfile.ZipFile(file) as made:
        assert {part.extract_version for part in made.infolist()} == {45}


def test_zip_of_very_many_parts_is_zip64():
    parts = {f"{n}": b"" for n in range(0x10001)}
    assert len(zipfile.ZipFile(write_zip(parts)).namelist()) == 0x10001


class Far:
    """A chunk that only has a length, so that it can be longer than memory."""

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size


class FarSink:
    """A sink that counts all bytes and keeps those that exist."""

    def __init__(self):
        self.size = 0
        self.chunks = []

    def write(self, data):
        self.size += len(data)
        if not isinstance(data, Far):
            self.chunks.append(bytes(data))


@pytest.mark.parametrize("size", [4 * GIB - 2, 4 * GIB - 1, 4 * GIB, 30 * GIB])
def test_zip_directory_locates_parts_beyond_4_gib(size):
    sink = FarSink()
    stream = ZipStream(sink)
    stream.add("far", 1, size, 2 * size, [Far(size)])
    start = sink.size
    stream.add("near", 2, 5, 6, [b"12345"])
    before = len(sink.chunks)
    directory_at = sink.size
    stream.finish()
    directory = b"".join(sink.chunks[before:])

    far, near = zipfile.ZipFile(_Sparse(directory, directory_at)).infolist()
    assert (far.header_offset, far.compress_size, far.file_size) == (0, size, 2 * size)
    assert (near.header_offset, near.compress_size, near.file_size) == (start, 5, 6)
    assert near.extract_version == (45 if start >= 0xFFFFFFFF else 20)


@pytest.mark.parametrize("numbers", [(0xFFFFFFFF, 1, 1), (1, 0xFFFFFFFF, 1), (1, 1, 0xFFFFFFFF)])
def test_zip64_marker_value_is_too_large_itself(numbers):
    assert ZipEntry(b"x", 7, *numbers).is_large
    assert not ZipEntry(b"x", 7, *(number - 1 for number in numbers)).is_large


def test_local_header_holds_the_sizes():
    large = ZipEntry(b"x", 7, 5 * GIB, 6 * GIB, 0).local_header()
    assert large[:4] == b"PK\3\4"
    assert struct.unpack("<LL", large[18:26]) == (0xFFFFFFFF, 0xFFFFFFFF)
    assert struct.unpack("<HHQQ", large[31:]) == (1, 16, 6 * GIB, 5 * GIB)


class _Sparse(io.RawIOBase):
    """A file whose first `offset` bytes are nothing."""

    def __init__(self, data, offset):
        self._data, self._offset, self._at = data, offset, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, to, whence=0):
        self._at = to + (0, self._at, self._offset + len(self._data))[whence]
        return self._at

    def tell(self):
        return self._at

    def read(self, size=-1):
        start = self._at - self._offset
        assert start >= 0
        found = self._data[start : None if size < 0 else start + size]
        self._at += len(found)
        return found
