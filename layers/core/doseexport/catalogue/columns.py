"""Columns and the streams of rows they come in: where a cell's text is from, and who may see it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "name"
ID = "id"
NAME_OR_ID = "name or id"
STANDARD = "standard names"

Cells = list[str]
"""One row's cells as COPY text gives them: NULL and '' are both ''."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """How a column is written: `sql` gives the exact text of a cell from the column's expression."""

    name: str
    sql: str


_FRACTION = "date_part('microseconds', {0})::integer % 1000000 = 0"

TEXT = ColumnKind("text", "{0}")
NUMBER = ColumnKind("number", "trim_scale(({0})::numeric)")
DATE = ColumnKind("date", "{0}")
TIME = ColumnKind("time", f"to_char({{0}}, CASE WHEN {_FRACTION} THEN 'HH24:MI:SS' ELSE 'HH24:MI:SS.US' END)")
DATETIME = ColumnKind(
    "datetime",
    f"to_char({{0}}, CASE WHEN {_FRACTION} THEN 'YYYY-MM-DD HH24:MI:SS' ELSE 'YYYY-MM-DD HH24:MI:SS.US' END)",
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What brings further columns in: names or ids asked for, standard names switched on in OpenREM."""

    names: bool = False
    ids: bool = False
    standard: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, where its value comes from, and who may see it.

    `only` is empty, or names the wish that brings the column in: NAME, ID, NAME_OR_ID or STANDARD;
    `meaning` gives unit and DICOM concept; `sql` is empty where a function makes the cells.
    """

    heading: str
    sql: str
    kind: ColumnKind = TEXT
    meaning: str = ""
    only: str = ""

    @property
    def select(self) -> str:
        """SQL of the cell's text."""
        return self.kind.sql.format(self.sql)

    def is_wanted(self, wishes: Wishes) -> bool:
        """Tell whether the column is part of a file with these wishes."""
        return {
            "": True,
            NAME: wishes.names,
            ID: wishes.ids,
            NAME_OR_ID: wishes.names or wishes.ids,
            STANDARD: wishes.standard,
        }[self.only]


@dataclass(frozen=True, slots=True)
class Mark:
    """An irregularity that one row shows by itself: a SQL condition, and the warning ({n} rows show it)."""

    condition: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Check:
    """An irregularity that repeats rows: SQL that counts it, and the warning ({n} is the count)."""

    sql: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Stream:
    """One ordered stream of rows: its columns, its joins, what orders repeated rows, what is irregular.

    A child that should be single but is repeated repeats the row; `ties` puts the row of the lowest
    child ids first, and only that one is used. `extras` are read after the columns, for functions
    to look at, and never written.
    """

    columns: tuple[Column, ...]
    joins: str
    ties: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    extras: tuple[Column, ...] = ()

    def wanted(self, wishes: Wishes) -> tuple[Column, ...]:
        """Return the columns of a file with these wishes."""
        return tuple(each for each in self.columns if each.is_wanted(wishes))

    def read(self, wishes: Wishes) -> tuple[Column, ...]:
        """Return the columns that are read for such a file: those wanted, then the extras."""
        return tuple(each for each in (*self.columns, *self.extras) if each.is_wanted(wishes))
