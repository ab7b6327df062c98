"""The plan of a file before its first row, and its report after the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doseexport.catalogue import Column, FileContext, Table
from doseexport.catalogue.dictionary import Entry
from doseexport.catalogue.options import MAX_EVENTS, limit_events
from doseexport.engine.query import Counts
from doseexport.engine.study_warnings import StudyWarning


@dataclass(frozen=True, slots=True)
class FilePlan:
    """The plan of one file, made before its first row.

    `context` has the included columns. `event_extras` are the cells after an event's columns, which are not
    shown. `block_columns` are those of one block beside a study. `about` has the lines of the sheet About on
    the request, and `dictionary` those of the sheet Columns. `tables` are those of a file of tables, with
    their included columns.
    """

    title: str
    context: FileContext
    counts: Counts
    created: datetime
    software: str
    event_extras: tuple[Column, ...] = ()
    block_columns: tuple[Column, ...] = ()
    about: list[tuple[str, str]] = field(default_factory=list)
    dictionary: tuple[Entry, ...] = ()
    tables: tuple[Table, ...] = ()

    def limit_events(self, events: int) -> int:
        """Return how many of a study's events stand in adjacent columns."""
        return limit_events(self.context.options, events)

    @property
    def study_columns(self) -> tuple[Column, ...]:
        """The columns of a study's cells."""
        return self.context.study_columns

    @property
    def event_columns(self) -> tuple[Column, ...]:
        """The columns of an event's cells."""
        return self.context.event_columns


@dataclass(frozen=True, slots=True)
class SheetCount:
    """The counts of one sheet: the studies that have rows on it, and its rows. A csv has one without a name.

    `rows_above` counts the rows above the data, mostly one of headings. They are not part of `rows`.
    """

    name: str | None
    studies: int
    rows: int
    rows_above: int


@dataclass(frozen=True, slots=True)
class FileReport:
    """The report on one file, made after its last row.

    `study_warnings` are those of the warnings that are about some studies. `exclusions` counts the events
    excluded on purpose, by reason. `dictionary` describes the headings of the file. `answer` is what an audit
    found, in one line. `pseudonym_key_id` names the key of its pseudonyms. `snapshot_at` is the time at
    which the database had the contents of the file. Event times were read in `time_zone`; it is None for a
    file without them.
    """

    studies: int
    events: int
    warnings: tuple[str, ...] = ()
    exclusions: Mapping[str, int] = field(default_factory=dict)
    sheets: tuple[SheetCount, ...] = ()
    snapshot_at: datetime | None = None
    study_warnings: tuple[StudyWarning, ...] = ()
    time_zone: str | None = None
    answer: str = ""
    pseudonym_key_id: str = ""
    dictionary: tuple[Entry, ...] = ()


def block_headings(prefix: str, columns: tuple[Column, ...], number: int) -> list[str]:
    """Return the headings of the block with this number, such as E1 or G1."""
    return [f"{prefix}{number} {column.heading}" for column in columns]


def warn_of_left_out(plan: FilePlan, events: int, where: str = "") -> None:
    """Warn that events of the study that is being written are left out. `where` continues "left out"."""
    most = int(plan.context.options[MAX_EVENTS.name])
    plan.context.warn(
        f"Events beyond the first {most:,} of a study are left out{where}: {{n}} in all, {{studies}}.", events
    )
