"""Files are written here: csv as it streams, xlsx with the help of xlsxwriter for all but the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from doseexport.catalogue import CustomRows, Long, ModalityWorkbook, Spec, Wide
from doseexport.engine.merge import Study
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount


class Sink(Protocol):
    """Where a file's bytes go, in order."""

    def write(self, data: bytes) -> object:
        """Take the next bytes; raises when they cannot be kept."""


class Writer(Protocol):
    """What the pipeline needs of a kind of file.

    `copy_format` are COPY's options, `separator` what stands between the cells they give.
    """

    copy_format: str
    separator: bytes

    def __init__(self, sink: Sink, layout: FilePlan, shape: Any) -> None:
        """Start a file of this layout; `shape` is how its spec lays rows out."""

    def write(self, study: Study) -> None:
        """Add one study with its events."""

    def end(self) -> None:
        """Add the rows that are known only after the last study."""

    @property
    def warnings(self) -> list[str]:
        """Sentences a reader of the file has to know, complete after `end`."""

    @property
    def exclusions(self) -> Mapping[str, int]:
        """How many events were left out on purpose, by reason; complete after `end`."""

    def finish(self, report: FileReport) -> list[SheetCount]:
        """Write what is left, with what is known only now; the file is whole, with these sheets in turn."""

    def discard(self) -> None:
        """Forget everything and free what was taken; harmless after finish."""


def find_writer(spec: Spec) -> type[Writer]:
    """Return the writer of a spec's kind of file; only those of workbooks need xlsxwriter."""
    # ruff: noqa: PLC0415
    kinds: dict[type, type[Writer]]
    if spec.format == "csv":
        from doseexport.engine.writers.csv import LongWriter, RowsWriter, WideWriter

        kinds = {Wide: WideWriter, Long: LongWriter, CustomRows: RowsWriter}
    else:
        from doseexport.engine.writers.books import BookWriter
        from doseexport.engine.writers.xlsx import RowsWriter as SheetsWriter

        kinds = {ModalityWorkbook: BookWriter, CustomRows: SheetsWriter}
    return kinds[type(spec.layout)]
