"""The merge of two ordered streams, studies and events, into studies with their events.

Every row is counted, so that a file with missing rows is never delivered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from doseexport.engine.study_warnings import FlaggedRows, WarningLog
from doseexport.errors import ExportError

Study = tuple[bytes, list[bytes]]
ROWS_LOST = (
    "ROWS_LOST",
    "The rows read are not the rows counted, so the file was discarded. Export it again.",
)
MOST_REPEATED = 10_000
"""Studies with repeated rows that are remembered by id, so that memory stays constant."""


@dataclass(slots=True)
class MergeStats:
    """The numbers of studies and events, their flagged rows, and the studies with repeated rows.

    `log` has the warnings about the study that is being written. `repeated` holds the ids of at most
    MOST_REPEATED studies, and `more_repeated` counts the others.
    """

    studies: int = 0
    events: int = 0
    study_flags: FlaggedRows = field(default_factory=FlaggedRows)
    event_flags: FlaggedRows = field(default_factory=FlaggedRows)
    log: WarningLog = field(default_factory=WarningLog)
    repeated: set[bytes] = field(default_factory=set)
    more_repeated: int = 0

    def record_repeat(self, study: bytes) -> None:
        """Remember the id of a study with repeated rows."""
        if len(self.repeated) < MOST_REPEATED:
            self.repeated.add(study)
        elif study not in self.repeated:
            self.more_repeated += 1

    def check_totals(self, studies: int, events: int | None) -> None:
        """Raise ExportError unless these numbers were merged. `events` is None if no events are read."""
        if (self.studies, self.events) != (studies, events or 0):
            raise ExportError(*ROWS_LOST)


def merge_streams(
    studies: Iterator[bytes], events: Iterator[bytes], separator: bytes, stats: MergeStats
) -> Iterator[Study]:
    """Yield each study's cells with the cells of its events, as COPY wrote them, without line ends.

    Study rows are (study id, flags, cells…) and event rows (study id, event id, flags, cells…), both in the
    same order of studies. Only the first of the repeated rows of a study or an event is used.
    """
    own = _unique_events(events, separator, stats)
    study, event = next(own, (b"", b""))
    last = b""
    for row in studies:
        current, flags, cells = row.split(separator, 2)
        if current == last:
            stats.record_repeat(current)
            continue
        last = current
        stats.studies += 1
        if flags != b"0":
            stats.study_flags.add(flags, current)
        found = []
        while study == current:
            found.append(event)
            study, event = next(own, (b"", b""))
        stats.events += len(found)
        stats.log.study = current
        yield cells[:-1], found
    stats.log.study = b""


def _unique_events(
    rows: Iterator[bytes], separator: bytes, stats: MergeStats
) -> Iterator[tuple[bytes, bytes]]:
    last = b""
    for row in rows:
        study, event_id, flags, cells = row.split(separator, 3)
        if event_id == last:
            stats.record_repeat(study)
            continue
        last = event_id
        if flags != b"0":
            stats.event_flags.add(flags, study)
        yield study, cells[:-1]
