"""Files of tables: a zip that is written while the tables are read, and datapackage.json.

The csv files are for programs: UTF-8 without BOM, LF, no guard against formulas (docs/tables.md). PostgreSQL
quotes their cells. The zip is made by Python's zipfile, which writes to a stream with data descriptors, and
zip64 where a file can be large.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from doseexport.catalogue import Table
from doseexport.catalogue.layouts import NO_EXCLUSIONS
from doseexport.engine.copy_text import CSV
from doseexport.engine.writers import Sink
from doseexport.engine.writers.data_package import write_data_package
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount

DATA_PACKAGE = "datapackage.json"
_CHUNK = 1 << 18


class _Stream:
    """A sink as a file that cannot be read or sought."""

    def __init__(self, sink: Sink) -> None:
        self._sink: Sink | None = sink

    def write(self, data: bytes) -> int:
        """Write the next bytes, unless the file is discarded."""
        if self._sink is not None:
            self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: a sink has its own parts."""

    def detach(self) -> None:
        """Write nothing more to the sink."""
        self._sink = None


class RowChunks:
    """The rows of a table in large chunks of csv, counted: `rows`, and `studies` that have any."""

    def __init__(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        self._rows = rows
        self.rows = self.studies = 0

    def __iter__(self) -> Iterator[bytes]:
        chunk: list[bytes] = []
        size = 0
        last = b""
        for study, row in self._rows:
            self.rows += 1
            if study != last:
                self.studies += 1
                last = study
            chunk.append(row)
            size += len(row)
            if size > _CHUNK:
                yield b"".join(chunk)
                chunk, size = [], 0
        if chunk:
            yield b"".join(chunk)


class TablesWriter:
    """A zip of csv tables, written one after the other."""

    copy_format = CSV
    separator = b","
    answer = ""
    exclusions: Mapping[str, int] = NO_EXCLUSIONS
    form = "csv"
    level = 1
    """The level of compression. A higher one takes four times as long and saves a fifth."""

    def __init__(self, sink: Sink, plan: FilePlan, layout: object) -> None:  # noqa: ARG002  the plan has the tables
        self.tables = plan.tables
        self._plan = plan
        self._stream = _Stream(sink)
        self._zip = zipfile.ZipFile(self._stream, "w", zipfile.ZIP_DEFLATED, compresslevel=self.level)  # type: ignore[call-overload]
        self._sheets: list[SheetCount] = []

    def write_table(self, table: Table, rows: Iterable[tuple[bytes, bytes]]) -> int:
        """Write one table, and return the number of its rows, each given with the id of its study."""
        chunks = RowChunks(rows)
        # The size of a table is not known before its last row.
        with self._zip.open(f"{table.name}.{self.form}", "w", force_zip64=True) as file:
            self.write_rows(table, chunks, file)
        self._sheets.append(SheetCount(table.name, chunks.studies, chunks.rows, self.rows_above))
        return chunks.rows

    rows_above = 1
    """The rows above the data: the headings of a csv."""

    def write_rows(self, table: Table, chunks: Iterable[bytes], file: IO[bytes]) -> None:
        """Write the rows of one table, given as csv, into its file."""
        file.write(",".join(column.heading for column in table.columns).encode() + b"\n")
        for chunk in chunks:
            file.write(chunk)

    def end(self) -> None:
        """Add nothing: every row was read from the database."""

    @property
    def warnings(self) -> list[str]:
        """No warnings: a table is never too wide or too long for a program."""
        return []

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Write datapackage.json and the end of the zip, and return the counts of the tables."""
        package = write_data_package(self._plan, report, self._sheets, self.form)
        with self._zip.open(DATA_PACKAGE, "w") as file:
            file.write(package)
        self._zip.close()
        return self._sheets

    def discard(self) -> None:
        """Write nothing more, and free the zip, which otherwise writes its end when it is deleted."""
        self._stream.detach()
        self._zip.close()
