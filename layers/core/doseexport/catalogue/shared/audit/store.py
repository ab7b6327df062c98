"""The values of an audit, sorted in a temporary SQLite file, so that memory does not grow with studies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from doseexport.catalogue.shared.temporary_database import explain_full_disk, open_temporary_database

_BATCH = 2000
_MOST_READ = 1000
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;
CREATE TABLE spilled (grp INTEGER, value INTEGER, study INTEGER, event INTEGER);
CREATE TABLE study (id INTEGER PRIMARY KEY, {labels});
CREATE TABLE alert (grp INTEGER, study INTEGER, value INTEGER, reasons INTEGER, left_out INTEGER);
CREATE TABLE outlier (grp INTEGER, study INTEGER, event INTEGER, value INTEGER, quantity INTEGER,
    ratio REAL, reasons INTEGER, left_out INTEGER, PRIMARY KEY (grp, study, event)) WITHOUT ROWID;
"""
# Row n + 1 of `sorted` holds rank n of all values, because rows are numbered as they are inserted.
_SORT = """
CREATE TABLE sorted AS SELECT grp, value, study, event FROM spilled ORDER BY grp, value, study, event;
DROP TABLE spilled;
"""
_RANKS = "FROM sorted WHERE rowid > ? AND rowid <= ?"
_ADD_OUTLIER = """
INSERT INTO outlier VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET reasons = reasons | excluded.reasons"""
_OUTLIERS = """
SELECT outlier.grp, outlier.study, event, value, reasons, left_out, {labels}
FROM outlier LEFT JOIN study ON study.id = outlier.study
ORDER BY quantity, ratio IS NULL, ratio DESC, {tie} outlier.study, event, outlier.grp"""
_TIE = "coalesce(nullif({label}, ''), random()),"


class Value(NamedTuple):
    """A sorted value with its study and its event, which is 0 for a value of a study."""

    value: int
    study: int
    event: int


class Alert(NamedTuple):
    """A study that reaches a level of OpenREM. `value` is None if the study has no value in the group.

    `left_out` holds if the value does not count in the group.
    """

    group: int
    study: int
    value: int | None
    reasons: int
    left_out: bool


class Outlier(NamedTuple):
    """A value to list: its group, its reasons as bits, and the labels of its study."""

    group: int
    study: int
    event: int
    value: int | None
    reasons: int
    left_out: int
    labels: tuple[str, ...]


class Store:
    """The values of one audit. Values, studies and alerts are added first, then `sort`, then everything else.

    `values_to_add` takes values: the number of a group, the value, the ids of its study and event, or 0.
    `labels` is the number of texts that the list of outliers shows of a study. Values of equal ratio stand in
    the order of their studies' ids. With `tie_label`, the place of a label, they stand in the order of that
    label, or at random without one, because ids follow time.
    """

    def __init__(self, labels: int, *, tie_label: int | None = None) -> None:
        self._labels = [f"label_{n}" for n in range(labels)]
        self._tie = "" if tie_label is None else _TIE.format(label=self._labels[tie_label])
        schema = _SCHEMA.format(labels=", ".join(f"{each} TEXT" for each in self._labels))
        self._file = open_temporary_database(self, schema)
        self.values_to_add: list[tuple[int, int, int, int]] = []
        self._studies: list[tuple[int | str, ...]] = []

    def add_study(self, study: int, labels: tuple[str, ...]) -> None:
        """Add what the list of outliers shows of a study, after its values."""
        self._studies.append((study, *labels))
        if len(self.values_to_add) > _BATCH:
            self._flush()

    def add_alert(self, alert: Alert) -> None:
        """Add a study that reaches a level of OpenREM, in one of its groups."""
        row = (alert.group, alert.study, alert.value, alert.reasons, int(alert.left_out))
        with explain_full_disk():
            self._file.execute("INSERT INTO alert VALUES (?, ?, ?, ?, ?)", row)

    def sort(self) -> None:
        """Sort all values by group and value."""
        self._flush()
        with explain_full_disk():
            self._file.execute("COMMIT")
            self._file.executescript(_SORT)
            self._file.execute("BEGIN")

    def open_group(self, first: int, n: int) -> Callable[[int], int]:
        """Return a function from a rank in a group of n values, from 0, to its value.

        `first` is the rank of its first value among those of all groups. A small group is read at once.
        Of a large one, each call reads one value.
        """
        if n <= _MOST_READ:
            found = self._file.execute(f"SELECT value {_RANKS}", (first, first + n))
            return [value for (value,) in found].__getitem__
        return lambda rank: self._read_value(first + rank)

    def _read_value(self, rank: int) -> int:
        row = self._file.execute("SELECT value FROM sorted WHERE rowid = ?", (rank + 1,)).fetchone()
        return int(row[0])

    def values(self, first: int, last: int) -> Iterator[Value]:
        """Yield the values from one rank up to, but without, another."""
        found = self._file.execute(f"SELECT value, study, event {_RANKS}", (first, last))
        return map(Value._make, found)

    def alerts(self) -> Iterator[Alert]:
        """Yield the alerts."""
        for group, study, value, reasons, left_out in self._file.execute("SELECT * FROM alert"):
            yield Alert(group, study, value, reasons, bool(left_out))

    def add_outliers(self, rows: Iterable[tuple[Alert, int, int, float | None]]) -> None:
        """Add values to list: each with its event, the number of its quantity and its ratio.

        The reasons of a value that is added again are joined.
        """
        cells = (
            (each.group, each.study, event, each.value, quantity, ratio, each.reasons, int(each.left_out))
            for each, event, quantity, ratio in rows
        )
        with explain_full_disk():
            self._file.executemany(_ADD_OUTLIER, cells)

    def outliers(self) -> Iterator[Outlier]:
        """Yield the values to list: by quantity, highest ratio first, those without a ratio last."""
        labels = ", ".join(f"coalesce({each}, '')" for each in self._labels)
        with explain_full_disk():
            for group, study, event, value, reasons, left_out, *own in self._file.execute(
                _OUTLIERS.format(labels=labels, tie=self._tie)
            ):
                yield Outlier(group, study, event, value, reasons, left_out, tuple(own))

    def _flush(self) -> None:
        with explain_full_disk():
            self._file.executemany("INSERT INTO spilled VALUES (?, ?, ?, ?)", self.values_to_add)
            places = ", ".join("?" for _ in ("id", *self._labels))
            self._file.executemany(f"INSERT INTO study VALUES ({places})", self._studies)
        self.values_to_add.clear()
        self._studies.clear()
