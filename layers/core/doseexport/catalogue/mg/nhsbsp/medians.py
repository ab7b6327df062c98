"""Exact medians of any number of exposures in constant memory: SQLite sorts them, on disk if needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from doseexport.catalogue.shared.temporary_database import explain_full_disk, open_temporary_database

_BATCH = 1000
_DECIMALS = 8  # both columns are numeric(16,8): scaled by 10**8 they are integers, which SQLite keeps exact

_TABLE = 'CREATE TABLE exposure (survey INTEGER, "view" TEXT, thickness INTEGER, agd INTEGER)'
_COUNTS = 'SELECT survey, "view", count(*) FROM exposure GROUP BY 1, 2 ORDER BY 1, 2'
_MEDIANS = """
SELECT survey, "view", sum(value), count(*) FROM (
    SELECT survey, "view", {0} AS value,
        row_number() OVER (PARTITION BY survey, "view" ORDER BY {0}) AS number,
        count(*) OVER (PARTITION BY survey, "view") AS total
    FROM exposure WHERE {0} IS NOT NULL)
WHERE number IN ((total + 1) / 2, total / 2 + 1) GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a view of a survey (its index): number of exposures, medians in mm and mGy or blank."""

    survey: int
    view: str
    exposures: int
    thickness: str
    agd: str


class Medians:
    """The medians of exposures, by survey and view."""

    def __init__(self) -> None:
        self._table = open_temporary_database(self, _TABLE)
        self._pending: list[tuple[int, str, int | None, int | None]] = []

    def add(self, survey: int, view: str, thickness: str, agd: str) -> None:
        """Add an exposure. Thickness (mm) and AGD (mGy) are plain numbers, NaN or blank."""
        self._pending.append((survey, view, _scale(thickness), _scale(agd)))
        if len(self._pending) == _BATCH:
            self._store()

    def summarise(self) -> Iterator[Summary]:
        """Yield the views of each survey, sorted by name."""
        self._store()
        with explain_full_disk():
            thicknesses, agds = self._find_medians("thickness"), self._find_medians("agd")
            for survey, view, count in self._table.execute(_COUNTS):
                key = (survey, view)
                yield Summary(survey, view, count, thicknesses.get(key, ""), agds.get(key, ""))

    def _store(self) -> None:
        with explain_full_disk():
            self._table.executemany("INSERT INTO exposure VALUES (?, ?, ?, ?)", self._pending)
        self._pending.clear()

    def _find_medians(self, quantity: str) -> dict[tuple[int, str], str]:
        rows = self._table.execute(_MEDIANS.format(quantity))
        return {(survey, view): _unscale(Decimal(total) / count) for survey, view, total, count in rows}


def _scale(number: str) -> int | None:
    return int(Decimal(number).scaleb(_DECIMALS)) if number not in ("", "NaN") else None


def _unscale(number: Decimal) -> str:
    text = f"{number.scaleb(-_DECIMALS):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
