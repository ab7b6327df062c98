"""What a writer has to know before the first row and after the last. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from doseexport.exports import Column


@dataclass(frozen=True, slots=True)
class Layout:
    """The shape of one file, known before its first row.

    `widest` is the most events of a study (at least one block is written); `frequencies` are the
    Summary's tables (title → value and count, most frequent first); the last one counts the values
    of the event column `sheet_by`, and so names the sheets.
    """

    title: str
    study_columns: tuple[Column, ...]
    event_columns: tuple[Column, ...]
    widest: int
    sheet_by: str
    created: datetime
    software: str
    frequencies: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    about: list[tuple[str, str]] = field(default_factory=list)

    @property
    def blocks(self) -> int:
        """How many blocks E1…En a row has."""
        return max(1, self.widest)


@dataclass(frozen=True, slots=True)
class Report:
    """What is known only when every row has been written."""

    studies: int
    events: int
    warnings: tuple[str, ...]


def block_headings(columns: tuple[Column, ...], number: int) -> list[str]:
    """Return the headings of block E<number>."""
    return [f"E{number} {column.heading}" for column in columns]
