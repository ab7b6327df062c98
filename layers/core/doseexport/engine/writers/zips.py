"""Zip files written as a stream, from parts that are already compressed (PKWARE APPNOTE 6.3).

Sizes and CRC-32 of a part are known before it is written, so its header contains them. Parts and files over
4 GiB use zip64.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from doseexport.engine.writers import Sink

_LIMIT = 0xFFFFFFFF
_MAX_ENTRIES = 0xFFFF
_DEFLATED = 8
_UTF8_NAME = 0x800
_DOS_1980 = (0, 0x21)


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One part of a zip: its name, CRC-32, sizes in bytes, and offset in the file."""

    name: bytes
    crc: int
    size: int
    raw_size: int
    offset: int

    def fixed_fields(self, version: int) -> bytes:
        """Return the fields that the local and the central header share."""
        sizes = (_LIMIT, _LIMIT) if self.is_large else (self.size, self.raw_size)
        return struct.pack("<HHHHHLLL", version, _UTF8_NAME, _DEFLATED, *_DOS_1980, self.crc, *sizes)

    @property
    def is_large(self) -> bool:
        """Whether a size or the offset exceeds 32 bits and needs zip64."""
        return max(self.size, self.raw_size, self.offset) >= _LIMIT

    @property
    def version(self) -> int:
        """The version of the zip format that a reader needs."""
        return 45 if self.is_large else 20

    def local_header(self) -> bytes:
        """Return the header before the data of the part."""
        extra = struct.pack("<HHQQ", 1, 16, self.raw_size, self.size) if self.is_large else b""
        lengths = struct.pack("<HH", len(self.name), len(extra))
        return b"PK\3\4" + self.fixed_fields(self.version) + lengths + self.name + extra

    def central_header(self) -> bytes:
        """Return the header of the part in the central directory."""
        extra = struct.pack("<HHQQQ", 1, 24, self.raw_size, self.size, self.offset) if self.is_large else b""
        lengths = struct.pack("<HHHHHL", len(self.name), len(extra), 0, 0, 0, 0)
        offset = struct.pack("<L", _LIMIT if self.is_large else self.offset)
        made_by = struct.pack("<H", self.version)
        return b"PK\1\2" + made_by + self.fixed_fields(self.version) + lengths + offset + self.name + extra


class ZipStream:
    """A zip that is written to a sink: its parts, then the central directory."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._offset = 0
        self._entries: list[ZipEntry] = []

    def add(self, name: str, crc: int, size: int, raw_size: int, data: Iterable[bytes]) -> None:
        """Write one part. `data` is raw deflate of `size` bytes, which inflate to `raw_size` bytes."""
        entry = ZipEntry(name.encode(), crc, size, raw_size, self._offset)
        self._entries.append(entry)
        self._write(entry.local_header())
        for chunk in data:
            self._write(chunk)

    def finish(self) -> None:
        """Write the central directory, which completes the zip."""
        start = self._offset
        for entry in self._entries:
            self._write(entry.central_header())
        self._write(_end_of_directory(len(self._entries), self._offset - start, start))

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._offset += len(data)


def _end_of_directory(entries: int, size: int, start: int) -> bytes:
    end = b""
    if entries >= _MAX_ENTRIES or start >= _LIMIT or size >= _LIMIT:
        end += b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, entries, entries, size, start)
        end += b"PK\6\7" + struct.pack("<LQL", 0, start + size, 1)
    capped = min(entries, _MAX_ENTRIES)
    numbers = struct.pack("<HHHHLLH", 0, 0, capped, capped, min(size, _LIMIT), min(start, _LIMIT), 0)
    return end + b"PK\5\6" + numbers
