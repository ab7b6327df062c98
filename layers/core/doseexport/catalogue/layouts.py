"""How rows lie in a file: side by side, one an event, in a workbook, or as a function makes them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from doseexport.catalogue.columns import Cells, Column, ColumnKind

STUDIES = "studies"
EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Frequency:
    """One table of the Summary: how often each value (SQL) occurs among studies or events.

    `joins` are further tables; `only` is empty or the wish that brings the table in.
    """

    title: str
    value: str
    of: str = STUDIES
    joins: str = ""
    included_by: str = ""


@dataclass(frozen=True, slots=True)
class Wide:
    """csv: one row a study, its events side by side under headings with prefix and number."""

    prefix: str = "E"


@dataclass(frozen=True, slots=True)
class Long:
    """csv: one row an event, behind its study's cells; a study without events has one row, or none."""

    header: bool = True
    keep_empty: bool = True


@dataclass(frozen=True, slots=True)
class Blocks:
    """All data shows blocks made of a study's events instead of the events themselves.

    `start` gets the columns of the events' cells (those wanted, then extras) and returns the function
    from a study's events to its blocks, each as wide as the `columns` wanted.
    """

    prefix: str
    columns: tuple[Column, ...]
    start: Callable[[tuple[Column, ...]], Callable[[list[Cells]], list[Cells]]]


@dataclass(frozen=True, slots=True)
class ModalityWorkbook:
    """xlsx: Summary, All data, one sheet per value of the event column `sheet_by`, About.

    `sheets` is the frequency that counts those values; `standard_sheets` counts the standard names
    of events, and the extra `standard_by` holds those of an event as a JSON list.
    """

    frequencies: tuple[Frequency, ...]
    sheets: Frequency
    sheet_by: str = "Protocol"
    standard_sheets: Frequency | None = None
    standard_by: str = "standard sheets"
    blocks: Blocks | None = None
    prefix: str = "E"


@dataclass(frozen=True, slots=True)
class FileContext:
    """What a function that makes rows knows before the first: columns wanted, widths, options, frequencies.

    Studies' and events' cells come as these columns, then the stream's extras.
    """

    study_columns: tuple[Column, ...]
    event_columns: tuple[Column, ...]
    widths: Mapping[str, int]
    options: Mapping[str, str]
    frequencies: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet whose rows a function makes; of a csv the only one.

    `columns` give headings and kinds; `top` are the rows above the data, by default the headings;
    `overflow` are the kinds of cells beyond the columns, in turn; a name that is data
    (`named_by_data`) is made legal and unique.
    """

    name: str
    columns: tuple[Column, ...]
    top: tuple[tuple[str, ...], ...] | None = None
    overflow: tuple[ColumnKind, ...] = ()
    named_by_data: bool = False

    @property
    def rows_above(self) -> tuple[tuple[str, ...], ...]:
        """The rows above the data."""
        return (tuple(each.heading for each in self.columns),) if self.top is None else self.top


Row = tuple[int, Cells]
"""The index of a sheet, and the cells of one of its rows."""


NO_EXCLUSIONS: Mapping[str, int] = MappingProxyType({})


class RowBuilder(Protocol):
    """Turns studies with their events into rows; made anew for every file, so it may count."""

    @property
    def sheets(self) -> Sequence[Sheet]:
        """The sheets in the order of their tabs."""

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Return the rows of one study."""

    def end(self) -> Iterable[Row]:
        """Return the rows that are known only after the last study."""

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences a reader of the file has to know, complete after `end`; they name no patient."""

    @property
    def exclusions(self) -> Mapping[str, int]:
        """How many events were left out on purpose, by reason; complete after `end`."""


@dataclass(frozen=True, slots=True)
class CustomRows:
    """Rows that a function makes: a csv of one sheet, or an xlsx of several and About.

    `frequencies` are counted beforehand; with `summary` they are the workbook's first sheet.
    """

    start: Callable[[FileContext], RowBuilder]
    frequencies: tuple[Frequency, ...] = ()
    summary: bool = False


Layout = Wide | Long | ModalityWorkbook | CustomRows
