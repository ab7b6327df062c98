"""Writers of files: csv as a stream, xlsx from streamed rows and an xlsxwriter workbook, and tables."""

# ruff: noqa: PLC0415
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from doseexport.catalogue import AuditWorkbook, CustomRows, Long, ModalityWorkbook, Spec, Tables, Wide
from doseexport.catalogue.layouts import PARQUET
from doseexport.engine.merge import Study
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount

if TYPE_CHECKING:
    from doseexport.engine.writers.tables import TablesWriter


class Sink(Protocol):
    """A receiver of the bytes of a file, in their order."""

    def write(self, data: bytes) -> object:
        """Write the next bytes. Raise if that fails."""


class Writer(Protocol):
    """The writer of one file. Each layout of a format has its own writer.

    `copy_format` gives the options of COPY, and `separator` what separates the cells of its rows.
    """

    copy_format: str
    separator: bytes

    def __init__(self, sink: Sink, plan: FilePlan, layout: Any) -> None:
        """Start the file of this plan. `layout` is the layout of its spec."""

    def end(self) -> None:
        """Add the rows that are known only after the last study."""

    @property
    def warnings(self) -> list[str]:
        """Warnings for the reader of the file, complete after `end`."""

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The number of events excluded on purpose, by reason, complete after `end`."""

    @property
    def answer(self) -> str:
        """What the file answers in one line, complete after `end`, or "" for a file that holds data only."""

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Write the rest of the file with this report, and return the counts of its sheets in order."""

    def discard(self) -> None:
        """Delete everything that is not written, and free all resources. It may follow `finish`."""


class StudyWriter(Writer, Protocol):
    """The writer of a file to which studies are added one by one."""

    def write(self, study: Study) -> None:
        """Add one study with its events."""


def _find_tables_writer(spec: Spec) -> type[TablesWriter]:
    """Return the writer of tables. Only that of Parquet imports arro3."""
    if isinstance(spec.layout, Tables) and spec.layout.form == PARQUET:
        from doseexport.engine.writers.parquet import ParquetWriter

        return ParquetWriter
    from doseexport.engine.writers.tables import TablesWriter

    return TablesWriter


def find_writer(spec: Spec) -> type[StudyWriter | TablesWriter]:
    """Return the writer for the format and the layout of a spec. Only writers of xlsx import xlsxwriter."""
    kinds: dict[type, type[StudyWriter]]
    if spec.format == "zip":
        return _find_tables_writer(spec)
    if spec.format == "csv":
        from doseexport.engine.writers.csv import LongWriter, RowsWriter, WideWriter

        kinds = {Wide: WideWriter, Long: LongWriter, CustomRows: RowsWriter}
    else:
        from doseexport.engine.writers.audits import AuditWriter
        from doseexport.engine.writers.books import ModalityWorkbookWriter
        from doseexport.engine.writers.xlsx import SheetsWriter

        kinds = {
            ModalityWorkbook: ModalityWorkbookWriter,
            CustomRows: SheetsWriter,
            AuditWorkbook: AuditWriter,
        }
    return kinds[type(spec.layout)]
