"""Files are written here: csv as it streams, xlsx with the help of xlsxwriter for all but the rows."""

from __future__ import annotations

from typing import Protocol

from doseexport.rows import Study
from doseexport.writers.layout import Layout, Report


class Sink(Protocol):
    """Where a file's bytes go, in order."""

    def write(self, data: bytes) -> object:
        """Take the next bytes; raises when they cannot be kept."""


class Writer(Protocol):
    """What the pipeline needs of a format.

    `copy_format` are COPY's options, `separator` what stands between the cells they give;
    `has_summary` tells whether the layout's frequencies are needed.
    """

    copy_format: str
    separator: bytes
    has_summary: bool

    def __init__(self, sink: Sink, layout: Layout) -> None:
        """Start a file of this layout."""

    def write(self, study: Study) -> None:
        """Add one study with its events."""

    @property
    def warnings(self) -> list[str]:
        """Sentences a reader of the file has to know, complete once every study is written."""

    def finish(self, report: Report) -> None:
        """Write what is left, with what is known only now; afterwards the file is whole."""

    def discard(self) -> None:
        """Forget everything and free what was taken; harmless after finish."""


def find_writer(form: str) -> type[Writer]:
    """Return the writer of a format, csv or xlsx."""
    if form == "xlsx":
        from doseexport.writers.xlsx import XlsxWriter  # noqa: PLC0415  csv needs no xlsxwriter

        return XlsxWriter
    from doseexport.writers.csv import CsvWriter  # noqa: PLC0415  as above

    return CsvWriter
