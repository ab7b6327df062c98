"""Two ordered streams become studies with their events, and every row is accounted for. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from doseexport.catalogue import Spec, Stream
from doseexport.errors import ExportError

Study = tuple[bytes, list[bytes]]
MOST_REPEATED = 10_000


@dataclass(slots=True)
class MergeStats:
    """What passed by: studies, events, irregular rows by their marks, studies that have repeated rows.

    Of `repeated` only so many are kept that memory stays flat; `unnamed` counts the rest.
    """

    studies: int = 0
    events: int = 0
    study_marks: Counter[bytes] = field(default_factory=Counter)
    event_marks: Counter[bytes] = field(default_factory=Counter)
    repeated: set[bytes] = field(default_factory=set)
    unnamed: int = 0

    def note_repeat(self, study: bytes) -> None:
        """Remember a study with repeated rows."""
        if len(self.repeated) < MOST_REPEATED:
            self.repeated.add(study)
        elif study not in self.repeated:
            self.unnamed += 1

    def check(self, studies: int, events: int | None) -> None:
        """Raise ExportError unless exactly this many studies and events passed (None: no events are read)."""
        if (self.studies, self.events) != (studies, events or 0):
            raise ExportError(
                "ROWS_LOST", "The rows read are not the rows counted; the file was thrown away."
            )


def merge_streams(
    studies: Iterator[bytes], events: Iterator[bytes], separator: bytes, stats: MergeStats
) -> Iterator[Study]:
    """Yield each study's cells with its events' cells, as COPY wrote them, without line ends.

    Study rows are (study id, marks, cells…), event rows (study id, event id, marks, cells…), both in
    the same order of studies. Repeated rows of one study or event are dropped after the first.
    """
    own = _unique_events(events, separator, stats)
    study, event = next(own, (b"", b""))
    last = b""
    for row in studies:
        current, marks, cells = row.split(separator, 2)
        if current == last:
            stats.note_repeat(current)
            continue
        last = current
        stats.studies += 1
        if marks != b"0":
            stats.study_marks[marks] += 1
        found = []
        while study == current:
            found.append(event)
            study, event = next(own, (b"", b""))
        stats.events += len(found)
        yield cells[:-1], found


def _unique_events(
    rows: Iterator[bytes], separator: bytes, stats: MergeStats
) -> Iterator[tuple[bytes, bytes]]:
    last = b""
    for row in rows:
        study, event_id, marks, cells = row.split(separator, 3)
        if event_id == last:
            stats.note_repeat(study)
            continue
        last = event_id
        if marks != b"0":
            stats.event_marks[marks] += 1
        yield study, cells[:-1]


def describe_stats(spec: Spec, stats: MergeStats) -> list[str]:
    """Return the warnings that the stats's marks stand for."""
    warnings = _describe_marks(spec.studies, stats.study_marks)
    if spec.events:
        warnings += _describe_marks(spec.events, stats.event_marks)
    more = f"{stats.unnamed} more studies have repeated records: the first of each was used."
    return [*warnings, more] if stats.unnamed else warnings


def _describe_marks(stream: Stream, counted: Counter[bytes]) -> list[str]:
    counts = (
        (mark.message, sum(times for marks, times in counted.items() if int(marks) >> bit & 1))
        for bit, mark in enumerate(stream.marks)
    )
    return [message.format(n=n) for message, n in counts if n]
