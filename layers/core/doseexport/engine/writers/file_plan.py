"""What a writer has to know before the first row and after the last. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doseexport.catalogue import Column, FileContext


@dataclass(frozen=True, slots=True)
class FilePlan:
    """The contents of one file, known before its first row.

    `start` has the columns wanted; `event_extras` are cells that follow an event's columns and are
    not shown; `block_columns` are those of a block beside a study; `widest` is the most events of a
    study (at least one block is written).
    """

    title: str
    start: FileContext
    widest: int
    created: datetime
    software: str
    event_extras: tuple[Column, ...] = ()
    block_columns: tuple[Column, ...] = ()
    about: list[tuple[str, str]] = field(default_factory=list)

    @property
    def study_columns(self) -> tuple[Column, ...]:
        """The columns of a study's cells."""
        return self.start.study_columns

    @property
    def event_columns(self) -> tuple[Column, ...]:
        """The columns of an event's cells."""
        return self.start.event_columns


@dataclass(frozen=True, slots=True)
class SheetCount:
    """One sheet as it is in the file (a csv's has no name): how many studies have rows on it, and its rows.

    `rows_above` are those above the data, mostly the headings; they are not among the `rows`.
    """

    name: str | None
    studies: int
    rows: int
    rows_above: int


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is known only when every row has been written.

    `exclusions` counts the events left out on purpose, by reason; `snapshot_at` is when the database
    looked as the file does.
    """

    studies: int
    events: int
    warnings: tuple[str, ...]
    exclusions: Mapping[str, int] = field(default_factory=dict)
    sheets: tuple[SheetCount, ...] = ()
    snapshot_at: datetime | None = None


def block_headings(prefix: str, columns: tuple[Column, ...], number: int) -> list[str]:
    """Return the headings of the block of this number, such as E1 or G1."""
    return [f"{prefix}{number} {column.heading}" for column in columns]
