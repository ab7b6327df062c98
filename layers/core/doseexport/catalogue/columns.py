"""Columns of a file, and the streams of rows that they are read from.

A column knows the SQL of its text, its entry in the dictionary, and which option of a request includes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

NAME = "name"
ID = "id"
NAME_OR_ID = "name or id"
STANDARD = "standard names"

Cells = list[str]
"""The cells of one row as COPY gives them: NULL and the empty text are both ''."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """A kind of column: `sql` formats the column's expression {0}."""

    name: str
    sql: str


_FRACTION = "date_part('microseconds', {0})::integer % 1000000 = 0"

TEXT = ColumnKind("text", "{0}")
WORD = ColumnKind("word", "{0}")
"""A short text, in a narrow column."""
NUMBER = ColumnKind("number", "trim_scale(({0})::numeric)")
FIGURE = ColumnKind("figure", "{0}")
"""A number whose format shows as many decimals as its magnitude needs."""
INTEGER = ColumnKind("integer", "{0}")
BOOLEAN = ColumnKind("boolean", "({0})::text")
"""true or false."""
DATE = ColumnKind("date", "{0}")
TIME = ColumnKind("time", f"to_char({{0}}, CASE WHEN {_FRACTION} THEN 'HH24:MI:SS' ELSE 'HH24:MI:SS.US' END)")


def write_moment(moment: str, form: str) -> str:
    """Return the SQL of a date or timestamp in a form of to_char, with its era if it is BC.

    Infinity, of which to_char has no form, is written as it is.
    """
    era = f"CASE WHEN {moment} < '0001-01-01' THEN ' BC' ELSE '' END"
    return f"coalesce(to_char({moment}, {form} || {era}), ({moment})::text)"


def _make_datetime(between: str) -> ColumnKind:
    """Return the kind of a date and a time, with this text between them."""
    fraction = f"CASE WHEN {_FRACTION} THEN '' ELSE '.US' END"
    return ColumnKind("datetime", write_moment("{0}", f"'YYYY-MM-DD{between}HH24:MI:SS' || {fraction}"))


DATETIME = _make_datetime(" ")
ISO_DATETIME = _make_datetime('"T"')
"""The same with the letter T between date and time, as ISO 8601 wants it."""


@dataclass(frozen=True, slots=True)
class Inclusions:
    """The optional columns that a file includes.

    Names and IDs of patients are requested. Standard names depend on a setting of OpenREM.
    """

    include_names: bool = False
    include_ids: bool = False
    standard: bool = False


NOT_RECORDED = "not recorded"
ALWAYS = "always"
NEVER = "never"
"""When a cell is blank."""

CODED = "the meaning of the code"
"""The conversion of a coded value: contextid.code_meaning."""

NO_SOURCE = "none"
COUNTED = "Dose Export"
"""Sources of what OpenREM does not hold: nothing, or a number that is counted while the file is written."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its source, and when a file includes it.

    `included_by` is empty for a column that is always included, or else NAME, ID, NAME_OR_ID or STANDARD.
    `sql` is empty where a function makes the cells.

    The texts from `meaning` to `rows` are its entry in the dictionary (catalogue/dictionary.py). `source`
    lists columns of OpenREM as table.column, without the prefix remapp_. `dicom` is a concept such as
    "113830 DCM", or a tag. `conversion` says what is done to the stored value, `blank` when the cell is
    blank, and `rows` what happens to several rows, where the rule of the table does not hold. A repeated
    column has the heading `pattern` there, such as "Projection <n> DAP".
    """

    heading: str
    sql: str
    kind: ColumnKind = TEXT
    meaning: str = ""
    source: str = ""
    unit: str = ""
    dicom: str = ""
    conversion: str = ""
    blank: str = NOT_RECORDED
    rows: str = ""
    included_by: str = ""
    pattern: str = ""

    def named(self, heading: str, **changes: Any) -> Self:
        """Return the column under another heading, with other changes."""
        return replace(self, heading=heading, **changes)

    def made(self, heading: str, **changes: Any) -> Self:
        """Return the column under another heading, whose cells a function makes of the same values."""
        return replace(self, heading=heading, sql="", **changes)

    @property
    def select(self) -> str:
        """The SQL of the cell's text."""
        return self.kind.sql.format(self.sql)

    def is_included(self, inclusions: Inclusions) -> bool:
        """Return whether a file with these inclusions has the column."""
        return {
            "": True,
            NAME: inclusions.include_names,
            ID: inclusions.include_ids,
            NAME_OR_ID: inclusions.include_names or inclusions.include_ids,
            STANDARD: inclusions.standard,
        }[self.included_by]


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A warning of an irregularity that a single row shows.

    `condition` is SQL, evaluated for each row. {n} in the message is the number of rows that meet it.
    """

    condition: str
    message: str


@dataclass(frozen=True, slots=True)
class RepeatWarning:
    """A warning of a child that should be single but is stored several times.

    `sql` selects chosen.id for each parent with such children. {n} in the message is their number.
    """

    sql: str
    message: str


@dataclass(frozen=True, slots=True)
class Stream:
    """An ordered stream of rows: its columns, the tables they come from, and its warnings.

    A child that should be single but is stored several times repeats its row. `ties` orders repeated rows
    by the ids of such children, and only the first is used (docs/export-rules.md §1.1). `extras` are read
    after the columns, for functions that make rows, and are never written themselves.
    """

    columns: tuple[Column, ...]
    joins: str
    ties: tuple[str, ...] = ()
    row_warnings: tuple[RowWarning, ...] = ()
    extras: tuple[Column, ...] = ()

    def included(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns of a file with these inclusions."""
        return tuple(each for each in self.columns if each.is_included(inclusions))

    def selected(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns to read for such a file: the included ones, then the included extras."""
        return tuple(each for each in (*self.columns, *self.extras) if each.is_included(inclusions))
