"""What an export type is made of: columns, the tables around them, children to look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from doseexport import filters
from doseexport.filters import Filter, Order

NAME = "name"
ID = "id"
NAME_OR_ID = "name or id"


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """How a column is written: `sql` gives the exact text of a cell from the column's expression."""

    name: str
    sql: str


TEXT = ColumnKind("text", "{0}")
NUMBER = ColumnKind("number", "trim_scale(({0})::numeric)")
DATE = ColumnKind("date", "{0}")
TIME = ColumnKind(
    "time",
    "to_char({0}, CASE WHEN date_part('microseconds', {0})::integer % 1000000 = 0"
    " THEN 'HH24:MI:SS' ELSE 'HH24:MI:SS.US' END)",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, where its value comes from, and who may see it.

    `pid` is empty, or says which wish (NAME, ID or NAME_OR_ID) brings the column in;
    `meaning` gives unit and DICOM concept.
    """

    heading: str
    sql: str
    kind: ColumnKind = TEXT
    meaning: str = ""
    pid: str = ""

    @property
    def select(self) -> str:
        """SQL of the cell's text."""
        return self.kind.sql.format(self.sql)

    def is_wanted(self, *, names: bool, ids: bool) -> bool:
        """Tell whether the column is part of a file with these wishes."""
        return {"": True, NAME: names, ID: ids, NAME_OR_ID: names or ids}[self.pid]


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
    child ids first, and only that one is used.
    """

    columns: tuple[Column, ...]
    joins: str
    ties: tuple[str, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """What one modality's csv and xlsx have in common.

    `scopes` wraps filter conditions by table; `modalities` are values of modality_type;
    `sheet_by` is the heading of the event column that names an event's sheet;
    `frequencies` are the Summary's tables: title and SQL of a study's or (with `.event`) event's value.
    """

    name: str
    modalities: tuple[str, ...]
    filters: tuple[Filter, ...]
    orders: tuple[Order, ...]
    scopes: Mapping[str, str]
    studies: Stream
    events: Stream
    event_tables: str
    event_key: str
    sheet_by: str
    study_frequencies: Mapping[str, str]
    event_frequency: tuple[str, str]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """One export type: `type` is its public name, `format` csv or xlsx."""

    type: str
    format: str
    help: str
    dataset: Dataset
    _filters: dict[str, Filter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the filters by their canonical names."""
        object.__setattr__(self, "_filters", {each.name: each for each in self.dataset.filters})

    def filter(self, name: str) -> Filter:
        """Return the filter of this canonical name."""
        return self._filters[name]

    def parse_filters(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return canonical names and values, or raise RequestError naming the filter."""
        return filters.parse_filters(self.dataset.filters, given)

    def parse_order(self, given: object) -> str:
        """Return the canonical name of the order asked for."""
        return filters.parse_order(self.dataset.orders, given)

    def order_sql(self, name: str) -> str:
        """Return the SQL of an order; the default's is empty."""
        return next(each.sql for each in self.dataset.orders if each.name == name)

    def study_columns(self, *, names: bool, ids: bool) -> tuple[Column, ...]:
        """Return the study columns of a file with these wishes."""
        return tuple(each for each in self.dataset.studies.columns if each.is_wanted(names=names, ids=ids))
