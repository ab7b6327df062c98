"""Two ordered streams become studies with their events, and every row is accounted for. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from doseexport.errors import ExportError
from doseexport.exports import Stream

Study = tuple[bytes, list[bytes]]


@dataclass(slots=True)
class Tally:
    """What passed by: studies, events, irregular rows by their marks, whether rows were repeated."""

    studies: int = 0
    events: int = 0
    study_marks: Counter[bytes] = field(default_factory=Counter)
    event_marks: Counter[bytes] = field(default_factory=Counter)
    repeats: bool = False

    def check(self, studies: int, events: int) -> None:
        """Raise ExportError unless exactly this many studies and events passed."""
        if (self.studies, self.events) != (studies, events):
            raise ExportError("ROWS_LOST", "The rows read are not the rows counted; the file was thrown away.")


def merge_streams(
    studies: Iterator[bytes], events: Iterator[bytes], separator: bytes, tally: Tally
) -> Iterator[Study]:
    """Yield each study's cells with its events' cells, as COPY wrote them, without line ends.

    Study rows are (position, marks, cells…), event rows (position, event id, marks, cells…), both
    ordered by position. Repeated rows of one study or event are dropped after the first.
    """
    own = _unique_events(events, separator, tally)
    position, event = next(own, (b"", b""))
    last = b""
    for row in studies:
        current, marks, cells = row.split(separator, 2)
        if current == last:
            tally.repeats = True
            continue
        last = current
        tally.studies += 1
        if marks != b"0":
            tally.study_marks[marks] += 1
        found = []
        while position == current:
            found.append(event)
            position, event = next(own, (b"", b""))
        tally.events += len(found)
        yield cells[:-1], found


def _unique_events(rows: Iterator[bytes], separator: bytes, tally: Tally) -> Iterator[tuple[bytes, bytes]]:
    last = b""
    for row in rows:
        position, event_id, marks, cells = row.split(separator, 3)
        if event_id == last:
            tally.repeats = True
            continue
        last = event_id
        if marks != b"0":
            tally.event_marks[marks] += 1
        yield position, cells[:-1]


def describe_marks(stream: Stream, counted: Counter[bytes]) -> list[str]:
    """Return the warnings that the counted marks of a stream stand for."""
    warnings = []
    for bit, mark in enumerate(stream.marks):
        n = sum(times for marks, times in counted.items() if int(marks) >> bit & 1)
        if n:
            warnings.append(mark.sentence.format(n=n))
    return warnings
