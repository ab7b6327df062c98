"""The rows of worksheets, compressed when they arrive and stored in one temporary file.

Every chunk is a raw deflate stream that ends at a byte (Z_FULL_FLUSH). So the head of a sheet, its chunks
and its tail, joined, are one deflate stream. Memory holds at most BUFFERED characters for any number of
rows and sheets.
"""

from __future__ import annotations

import io
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from isal import isal_zlib

CHUNK = 3 << 15
"""Characters. Below 128 KiB glibc reuses a block of memory; above, each block is a call of the kernel."""
BUFFERED = 1 << 23
LEVEL = 1


@dataclass(slots=True)
class Packed:
    """Compressed text: its chunks in the file (offset, length, offset …), CRC-32, and sizes in bytes."""

    chunks: array[int] = field(default_factory=lambda: array("Q"))
    crc: int = 0
    raw_size: int = 0
    size: int = 0


@dataclass(slots=True)
class _Buffer:
    rows: list[str] = field(default_factory=list)
    length: int = 0
    packed: Packed = field(default_factory=Packed)


def deflate(data: bytes, *, last: bool = False) -> bytes:
    """Return data as raw deflate that ends at a byte. `last` ends the stream."""
    compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush(
        isal_zlib.Z_FINISH if last else isal_zlib.Z_FULL_FLUSH
    )


class Parts:
    """The rows of many sheets, which are numbered from 0."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._buffers: list[_Buffer] = []
        self._buffered = 0

    def add_sheet(self) -> int:
        """Return the number of a new, empty sheet."""
        self._buffers.append(_Buffer())
        return len(self._buffers) - 1

    def add_row(self, sheet: int, row: str) -> None:
        """Append the XML of one row to a sheet."""
        buffer, length = self._buffers[sheet], len(row)
        buffer.rows.append(row)
        buffer.length += length
        self._buffered += length
        if buffer.length > CHUNK:
            self._pack(buffer)
        elif self._buffered > BUFFERED:
            self._pack_all()

    def packed(self, sheet: int) -> Packed:
        """Return the compressed rows of a sheet. No row may be added afterwards."""
        self._pack(self._buffers[sheet])
        return self._buffers[sheet].packed

    def read(self, packed: Packed) -> Iterator[bytes]:
        """Yield the compressed chunks in order."""
        for offset, length in zip(packed.chunks[::2], packed.chunks[1::2], strict=True):
            self._file.seek(offset)
            yield self._file.read(length)

    def close(self) -> None:
        """Delete all rows."""
        self._file.close()
        self._buffers = []

    def _pack_all(self) -> None:
        for buffer in self._buffers:
            self._pack(buffer)

    def _pack(self, buffer: _Buffer) -> None:
        if not buffer.rows:
            return
        raw = b"".join(map(str.encode, buffer.rows))
        data = deflate(raw)
        packed = buffer.packed
        # Write at the end: reading an earlier sheet has moved the position.
        packed.chunks.extend((self._file.seek(0, io.SEEK_END), len(data)))
        packed.crc = isal_zlib.crc32(raw, packed.crc)
        packed.raw_size += len(raw)
        packed.size += len(data)
        self._file.write(data)
        self._buffered -= buffer.length
        buffer.rows, buffer.length = [], 0
