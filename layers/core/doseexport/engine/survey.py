"""What an export will hold, counted before its first row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counts:
    """Studies, events, the most events of one study, and the spec's widths by name."""

    studies: int
    events: int
    widest: int
    widths: Mapping[str, int] = field(default_factory=dict)
