"""What an export will hold, counted before its first row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Survey:
    """Studies, events, and the most events of one study."""

    studies: int
    events: int
    widest: int
