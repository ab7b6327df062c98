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
class Inclusions:
    """What brings further columns in: names or ids asked for, standard names switched on in OpenREM."""

    include_names: bool = False
    include_ids: bool = False
    standard: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, where its value comes from, and who may see it.

    `included_by` is empty, or names the wish that brings the column in: NAME, ID, NAME_OR_ID or STANDARD;
    `meaning` gives unit and DICOM concept; `sql` is empty where a function makes the cells.
    """

    heading: str
    sql: str
    kind: ColumnKind = TEXT
    meaning: str = ""
    included_by: str = ""

    @property
    def select(self) -> str:
        """SQL of the cell's text."""
        return self.kind.sql.format(self.sql)

    def is_included(self, inclusions: Inclusions) -> bool:
        """Tell whether the column is part of a file with these inclusions."""
        return {
            "": True,
            NAME: inclusions.include_names,
            ID: inclusions.include_ids,
            NAME_OR_ID: inclusions.include_names or inclusions.include_ids,
            STANDARD: inclusions.standard,
        }[self.included_by]


@dataclass(frozen=True, slots=True)
class RowWarning:
    """An irregularity that one row shows by itself: a SQL condition, and the warning ({n} rows show it)."""

    condition: str
    message: str


@dataclass(frozen=True, slots=True)
class RepeatWarning:
    """An irregularity that repeats rows: SQL that counts it, and the warning ({n} is the count)."""

    sql: str
    message: str


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
    marks: tuple[RowWarning, ...] = ()
    extras: tuple[Column, ...] = ()

    def wanted(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns of a file with these inclusions."""
        return tuple(each for each in self.columns if each.is_included(inclusions))

    def read(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns that are read for such a file: those wanted, then the extras."""
        return tuple(each for each in (*self.columns, *self.extras) if each.is_included(inclusions))
