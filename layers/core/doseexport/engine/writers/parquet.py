"""Tables as Parquet, made by arro3 from the same rows of csv (docs/adr/0021-tables.md).

arro3 reads chunks and writes bytes as a stream. Its messages quote rows, so none of them is passed on.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, cast

from arro3.core import DataType, Field, Schema
from arro3.io import read_csv, write_parquet

from doseexport.catalogue import Column, Table
from doseexport.engine.writers.tables import TablesWriter
from doseexport.errors import ExportError

NUMBER = DataType.decimal128(30, 12)
"""OpenREM's numbers have at most 12 decimals."""
_TYPES: Mapping[str, DataType] = {
    "integer": DataType.int64(),
    "number": NUMBER,
    "boolean": DataType.bool(),
    "date": DataType.date32(),
    "time": DataType.time64("us"),
    "datetime": DataType.timestamp("us"),
}
"""Types by kind of column. All other columns are texts."""
_INTERRUPTED = "Io error: KeyboardInterrupt"
_BATCH, _ROW_GROUP = 8_192, 65_536
"""Rows that are converted at once, and rows of a row group, which memory holds until it is written."""


class _Target(io.RawIOBase):
    """A file to write. arro3 panics if a write fails, so what follows an error is dropped until `check`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._error: BaseException | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write the next bytes."""
        if self._error is None:
            try:
                return self._file.write(data)
            except BaseException as error:  # noqa: BLE001  `check` raises it
                self._error = error
        return len(data)

    def check(self) -> None:
        """Raise the error of an earlier write."""
        if self._error is not None:
            raise self._error


class _Source(io.RawIOBase):
    """Chunks as a file to read, until the target fails.

    `error` is what stopped it, which arro3 replaces by an error of its own.
    """

    def __init__(self, chunks: Iterable[bytes], target: _Target) -> None:
        self._chunks = iter(chunks)
        self._target = target
        self._rest = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, and none after the last chunk."""
        try:
            self._target.check()
            self._rest = self._rest or memoryview(next(self._chunks, b""))
        except BaseException as error:
            self.error = error
            raise
        end = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:end], self._rest[end:]
        return bytes(found)


class ParquetWriter(TablesWriter):
    """A zip of Parquet tables. They are compressed already, so the zip only stores them."""

    form = "parquet"
    level = 0
    rows_above = 0

    def write_rows(self, table: Table, chunks: Iterable[bytes], file: IO[bytes]) -> None:
        """Write the rows of one table, given as csv, into its file.

        Raise ExportError if a value has no place in the type of its column, such as NaN in a decimal.
        """
        target = _Target(file)
        source = _Source(chunks, target)
        schema = Schema(list(_list_fields(table.columns)))
        try:
            rows = read_csv(cast("IO[bytes]", source), schema, has_header=False, batch_size=_BATCH)
            write_parquet(
                rows, cast("IO[bytes]", target), compression="zstd(1)", max_row_group_size=_ROW_GROUP
            )
        except BaseException as problem:  # noqa: BLE001  a panic of arro3 is no Exception
            error = source.error or _explain(problem, table)
        else:
            target.check()
            return
        raise error from None


def _list_fields(columns: Iterable[Column]) -> Iterator[Field]:
    for column in columns:
        yield Field(column.heading, _TYPES.get(column.kind.name, DataType.utf8()))


def _explain(problem: BaseException, table: Table) -> BaseException:
    """Return the error instead of one of arro3, whose text holds cells.

    A signal can interrupt a read or a write before its first statement. arro3 makes an error of the one, and
    panics after the other.
    """
    if not isinstance(problem, Exception) or str(problem).rstrip(": ").endswith(_INTERRUPTED):
        return KeyboardInterrupt()
    return ExportError(
        "NOT_IN_PARQUET",
        f"The table {table.name} has a value that Parquet cannot hold in its column, such as NaN."
        " Choose the tables as csv.",
    )
