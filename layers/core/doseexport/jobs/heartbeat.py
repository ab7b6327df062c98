"""Renew the lease and write the progress of an attempt on a thread, and stop the attempt when it must stop.

The thread beats from claim to settle, even while the attempt is blocked by an upload or by a COPY that sorts
before its first row. An attempt stops for an abort, a lost lease, or 30 s of Lambda time left.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.logging import describe_error
from doseexport.catalogue.schema import Schema
from doseexport.domain.export import Export, Progress, State
from doseexport.engine.progress import Stoppable
from doseexport.errors import AbortedError, ExportError, LeaseLostError

INTERVAL = 1.0
"""Seconds between beats: an abort is noticed within this time."""
REPEATED_CANCEL = 0.2
"""Seconds between beats once the attempt must stop, because a query that is just starting misses a cancel."""
LAST_SECONDS = 30.0
"""Seconds of Lambda time reserved for discarding the file and settling."""
GRACE = timedelta(seconds=45)
"""How long DynamoDB may be out of reach before the lease counts as lost. The attempt stops before the sweep
can requeue the export."""

_LOGGER = logging.getLogger(__name__)


class Heartbeat:
    """The progress monitor of one attempt: a context manager that beats while it is open."""

    def __init__(
        self,
        exports: ExportRepository,
        export: Export,
        clock: Callable[[], datetime],
        seconds_left: Callable[[], float],
        on_schema: Callable[[Schema], None] = lambda _: None,
    ) -> None:
        self._exports = exports
        self._export = export
        self._clock = clock
        self._seconds_left = seconds_left
        self._on_schema = on_schema
        self._expected: int | None = None
        self._done = 0
        self._guarded: list[Stoppable] = []
        self._over = threading.Event()
        self._last_beat = clock()
        self.reason: ExportError | None = None
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def guard(self, blocking: Stoppable) -> None:
        """Cancel `blocking` when the attempt must stop, and at every beat after that."""
        self._guarded.append(blocking)

    def note_schema(self, schema: Schema) -> None:
        """Pass on what the database has."""
        self._on_schema(schema)

    def expect(self, studies: int) -> None:
        """Set how many studies there will be."""
        self._expected = studies

    def advance(self) -> None:
        """Count a study. Raise the reason if the attempt must stop."""
        self._done += 1
        if self.reason is not None:
            raise self.reason

    # On the heartbeat's thread

    def _run(self) -> None:
        while not self._over.wait(INTERVAL if self.reason is None else REPEATED_CANCEL):
            self.beat()

    def beat(self) -> None:
        """Renew the lease. If the attempt must stop, cancel everything that it is blocked on."""
        self.reason = self.reason or self._find_reason()
        if self.reason is not None:
            for blocking in tuple(self._guarded):
                blocking.cancel()

    def _find_reason(self) -> ExportError | None:
        if self._seconds_left() < LAST_SECONDS:
            return ExportError(
                "OUT_OF_TIME", "The export took longer than Lambda allows. Choose fewer studies."
            )
        try:
            state = self._renew()
        except Exception as error:  # noqa: BLE001  one failed beat is harmless, a long silence is not
            _LOGGER.warning("beat_failed", extra={"export_id": self._export.id, **describe_error(error)})
            return _lease_lost() if self._clock() - self._last_beat > GRACE else None
        if state is None:
            return _lease_lost()
        return AbortedError("ABORTED", "The export was aborted.") if state is State.ABORTING else None

    def _renew(self) -> State | None:
        now = self._clock()
        progress = Progress(self._done, self._expected)
        state = self._exports.beat(self._export.id, self._export.attempt, progress, now)
        self._last_beat = now
        return state


def _lease_lost() -> LeaseLostError:
    return LeaseLostError("LEASE_LOST", "Another attempt has the export.")
