"""The rows of worksheets, compressed as they come and kept in one spilled file.

Every chunk is a raw deflate stream of its own that ends on a byte (Z_FULL_FLUSH), so chunks of one
sheet, laid end to end between its head and its tail, are one deflate stream. Memory holds at most
BUFFERED characters, however many rows or sheets there are.
"""

from __future__ import annotations

import io
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from isal import isal_zlib

CHUNK = 3 << 15
"""Characters; glibc asks the kernel for every block of 128 KiB and more, and gives it back at once."""
BUFFERED = 1 << 23
LEVEL = 1


@dataclass(slots=True)
class Packed:
    """Compressed text: where its chunks lie (offset, length, offset …), its CRC-32, its sizes in bytes."""

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
    """Return data as raw deflate that ends on a byte; `last` ends the stream."""
    compressor = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush(
        isal_zlib.Z_FINISH if last else isal_zlib.Z_FULL_FLUSH
    )


class Parts:
    """The rows of many sheets, by number."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._buffers: list[_Buffer] = []
        self._buffered = 0

    def add_sheet(self) -> int:
        """Return the number of a new, empty sheet."""
        self._buffers.append(_Buffer())
        return len(self._buffers) - 1

    def add_row(self, sheet: int, row: str) -> None:
        """Append one row's XML to a sheet."""
        buffer, length = self._buffers[sheet], len(row)
        buffer.rows.append(row)
        buffer.length += length
        self._buffered += length
        if buffer.length > CHUNK:
            self._pack(buffer)
        elif self._buffered > BUFFERED:
            self._pack_all()

    def packed(self, sheet: int) -> Packed:
        """Return what a sheet has become; no row may follow."""
        self._pack(self._buffers[sheet])
        return self._buffers[sheet].packed

    def read(self, packed: Packed) -> Iterator[bytes]:
        """Yield the compressed chunks in order."""
        for offset, length in zip(packed.chunks[::2], packed.chunks[1::2], strict=True):
            self._file.seek(offset)
            yield self._file.read(length)

    def close(self) -> None:
        """Forget everything."""
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
        # At the end, wherever a sheet read before this one left off.
        packed.chunks.extend((self._file.seek(0, io.SEEK_END), len(data)))
        packed.crc = isal_zlib.crc32(raw, packed.crc)
        packed.raw_size += len(raw)
        packed.size += len(data)
        self._file.write(data)
        self._buffered -= buffer.length
        buffer.rows, buffer.length = [], 0
