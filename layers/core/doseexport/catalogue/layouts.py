"""Layouts of a file: events in adjacent columns, one row per event, a workbook, custom rows, or tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from doseexport.catalogue.columns import COUNTED, INTEGER, NEVER, Cells, Column, ColumnKind, Stream

STUDIES = "studies"
EVENTS = "events"
ALL_DATA, SUMMARY, CHARTS = "All data", "Summary", "Charts"
WARNINGS, COLUMNS, ABOUT = "Warnings", "Columns", "About"
"""The names of sheets that several kinds of workbooks have."""
STANDARD_PREFIX = "(standard)_"
"""How the name of the sheet of a standard name begins."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """Counts of each value among studies or events: one table of the sheet Summary.

    `value` is SQL and `joins` are further tables. `source` is as in Column. `included_by` is empty, or what
    includes the table.
    """

    title: str
    value: str
    source: str = ""
    of: str = STUDIES
    joins: str = ""
    included_by: str = ""


@dataclass(frozen=True, slots=True)
class Wide:
    """A csv of one row per study, with its events in adjacent columns: E1, E2 and so on."""

    prefix: str = "E"


@dataclass(frozen=True, slots=True)
class Long:
    """A csv of one row per event, after the cells of its study.

    A study without events has one row if `rows_for_empty_studies` holds, and none otherwise.
    """

    header: bool = True
    rows_for_empty_studies: bool = True


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks that replace the events of the sheet All data. A function makes them of a study's events.

    `make_builder` takes the columns of an event's cells (the included ones, then the included extras). It
    returns the function from a study's events to its blocks, each as wide as the included `columns`.
    """

    prefix: str
    columns: tuple[Column, ...]
    make_builder: Callable[[tuple[Column, ...]], Callable[[list[Cells]], list[Cells]]]


@dataclass(frozen=True, slots=True)
class ModalityWorkbook:
    """An xlsx of Summary, All data, one sheet per value of the event column `sheet_by`, and About.

    `sheets` is the frequency that counts those values. `standard_sheets` counts the standard names of
    events, and the extra `standard_by` holds those of one event as a JSON list.
    """

    frequencies: tuple[Frequency, ...]
    sheets: Frequency
    sheet_by: str = "Protocol"
    standard_sheets: Frequency | None = None
    standard_by: str = "standard sheets"
    blocks: Blocks | None = None
    prefix: str = "E"


def ignore_warning(message: str, times: int = 1) -> None:
    """Do nothing with a warning about the study whose rows are being written."""


def name_any_study() -> str:
    """Return words for the study whose rows are being written, if nothing is known of it."""
    return "A study"


@dataclass(frozen=True, slots=True)
class FileContext:
    """What a row builder knows before the first row.

    The cells of studies and events come in the order of these columns, then of the stream's extras.
    `widths` and `frequencies` are counted in the same snapshot of the database as the rows. `warn` records
    a warning about the study whose rows are being written. {n} in its message becomes the sum of the times.
    `name_study` names that study by its id.
    """

    study_columns: tuple[Column, ...]
    event_columns: tuple[Column, ...]
    widths: Mapping[str, int]
    options: Mapping[str, str]
    frequencies: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    warn: Callable[..., None] = ignore_warning
    name_study: Callable[[], str] = name_any_study


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet whose rows a row builder makes. A csv has exactly one.

    `columns` gives headings and kinds. `own_rows_above` replaces the headings above the data.
    `overflow` gives the kinds of the cells beyond the columns, repeated as often as needed. A name that
    comes from data (`named_by_data`) is made legal and unique. Rows with a text in the column `flag` are
    marked. A `printable` sheet is as wide as a page.
    """

    name: str
    columns: tuple[Column, ...]
    own_rows_above: tuple[tuple[str, ...], ...] | None = None
    overflow: tuple[ColumnKind, ...] = ()
    named_by_data: bool = False
    flag: str = ""
    printable: bool = False

    @property
    def rows_above(self) -> tuple[tuple[str, ...], ...]:
        """The rows above the data."""
        if self.own_rows_above is not None:
            return self.own_rows_above
        return (tuple(each.heading for each in self.columns),)


Row = tuple[int, Cells]
"""The index of a sheet, and the cells of one of its rows."""


NO_EXCLUSIONS: Mapping[str, int] = MappingProxyType({})


class RowBuilder(Protocol):
    """A builder of rows from studies and their events. Each file has its own, so a builder may count."""

    @property
    def sheets(self) -> Sequence[Sheet]:
        """The sheets in the order of their tabs."""

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Return the rows of one study."""

    def end(self) -> Iterable[Row]:
        """Return the rows that are known only after the last study."""

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings that are not about single studies, complete after `end`. They never name a patient."""

    @property
    def exclusions(self) -> Mapping[str, int]:
        """The number of events excluded on purpose, by reason, complete after `end`."""


@dataclass(frozen=True, slots=True)
class CustomRows:
    """Rows that a row builder makes: a csv of one sheet, or an xlsx of several sheets and About.

    `frequencies` are counted before the first row. With `summary` they are the first sheet of the workbook.
    Where rows begin with the cells of their study and then show what the database holds, `change` takes a
    function that changes columns, and returns the stream of events and the layout with changed columns. It is
    None for a form, whose cells are prescribed.
    """

    make_builder: Callable[[FileContext], RowBuilder]
    frequencies: tuple[Frequency, ...] = ()
    summary: bool = False
    change: Callable[[ChangeColumns], tuple[Stream, CustomRows]] | None = None

    def describe_sheets(self, context: FileContext) -> Sequence[Sheet]:
        """Return the sheets with all of their headings, for the dictionary."""
        return self.make_builder(context).sheets


ChangeColumns = Callable[[tuple[Column, ...]], tuple[Column, ...]]
"""A function that changes columns, and leaves some out."""

SummaryRow = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of bars with error bars and a line, with its block of cells: name, bar, errors, and line.

    `axis` is the title of the axis of values. Every row has a cell for each heading, blank without a number.
    """

    title: str
    axis: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class AuditBuilder(RowBuilder, Protocol):
    """A builder of the sheets of an audit. What it has beyond rows is complete after `end`.

    The charts come after the sheet with the index `charts_after`.
    """

    @property
    def charts_after(self) -> int:
        """The index of the sheet before the charts."""

    @property
    def charts(self) -> Sequence[Chart]:
        """The charts, in their order."""

    @property
    def summary(self) -> Sequence[SummaryRow]:
        """The rows of the sheet Summary."""

    @property
    def answer(self) -> str:
        """The answer of the audit in one line."""


@dataclass(frozen=True, slots=True)
class AuditWorkbook(CustomRows):
    """An xlsx of Summary, the sheets of an audit, Charts and About, all known after the last study only.

    `count_groups` takes options, and whether OpenREM has standard names. It returns SQL over `chosen` (id)
    for the number of groups to expect.
    """

    make_builder: Callable[[FileContext], AuditBuilder]
    count_groups: Callable[[Mapping[str, str], bool], str] = field(kw_only=True)
    list_described_sheets: Callable[[FileContext], Sequence[Sheet]] = field(kw_only=True)

    def describe_sheets(self, context: FileContext) -> Sequence[Sheet]:
        """Return the sheets with all of their headings, without a builder, which opens a temporary file."""
        return self.list_described_sheets(context)


STUDY_ID = Column(
    "study_id",
    "chosen.id",
    INTEGER,
    "OpenREM's number of the study",
    "generalstudymoduleattr.id",
    blank=NEVER,
)
EVENT_ID = Column(
    "event_id",
    "event.id",
    INTEGER,
    "OpenREM's number of the event",
    "irradeventxraydata.id",
    blank=NEVER,
)
EVENT_NO = Column(
    "event_no",
    "",
    INTEGER,
    "Number of the event in its study, from 1, by id",
    COUNTED,
    blank=NEVER,
)
"""The keys of studies and events in tables."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file of tables: its name, what a row is, its columns and its keys.

    The columns of `key` identify a row. `references` names the table that a column refers to: each of its
    values is in the column of the same name there. `joins` is SQL from `chosen` to the rows, and `order` is
    SQL that sorts the rows of a study. Both are empty where rows are those of a stream. `included_by` is
    that of a column.
    """

    name: str
    help: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    order: tuple[str, ...] = ()
    included_by: str = ""


CSV, PARQUET = "csv", "parquet"
"""The forms of tables."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A zip of tables, as csv or as Parquet, with their keys and types in datapackage.json.

    `studies` and `events` hold the rows of the streams. Their own columns come first and are known without
    SQL: the id of the study, and of an event also its id, if it is shown, and its number. `details` are read
    one after the other.
    """

    studies: Table
    events: Table
    details: tuple[Table, ...]
    form: str = CSV


Layout = Wide | Long | ModalityWorkbook | CustomRows | Tables
