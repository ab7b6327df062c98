"""The thread beside a run: it renews the lease, writes progress, and sees what ends the run early.

It beats from claim to settle, whatever the run is blocked on: a COPY that sorts before its first
row, an upload. What ends a run: an abort, a lost lease, 30 s of Lambda time left.
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
from doseexport.domain.export import LEASE, Export, Progress, State
from doseexport.engine.progress import Stoppable
from doseexport.errors import AbortedError, ExportError, LeaseLostError

INTERVAL = 1.0
"""Seconds between beats: an abort is noticed within this time."""
INSISTS = 0.2
"""Seconds between beats once the run has to stop: a query that was just beginning did not hear the cancel."""
LAST_SECONDS = 30.0
"""Lambda time kept for throwing the file away and settling."""
GRACE = LEASE - timedelta(seconds=15)
"""How long the table may be out of reach before the lease counts as lost."""

_LOGGER = logging.getLogger(__name__)


class Heartbeat:
    """A Monitor for one attempt of one export; a context manager that beats while it is open."""

    def __init__(
        self,
        store: ExportRepository,
        export: Export,
        clock: Callable[[], datetime],
        seconds_left: Callable[[], float],
    ) -> None:
        self._store = store
        self._export = export
        self._clock = clock
        self._seconds_left = seconds_left
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
        """Cancel `blocking` when the run has to stop, and at every beat after that."""
        self._guarded.append(blocking)

    def expect(self, studies: int) -> None:
        """Learn how many studies there will be."""
        self._expected = studies

    def advance(self) -> None:
        """Count a study; raise why the run has to stop, if it has to."""
        self._done += 1
        if self.reason is not None:
            raise self.reason

    # On the heartbeat's thread

    def _run(self) -> None:
        while not self._over.wait(INTERVAL if self.reason is None else INSISTS):
            self.beat()

    def beat(self) -> None:
        """Renew the lease, unless the run has to stop: then cancel whatever it is blocked on."""
        self.reason = self.reason or self._find_reason()
        if self.reason is not None:
            for blocking in tuple(self._guarded):
                blocking.cancel()

    def _find_reason(self) -> ExportError | None:
        if self._seconds_left() < LAST_SECONDS:
            return ExportError("OUT_OF_TIME", "The export takes longer than it may; choose fewer studies.")
        try:
            state = self._renew()
        except Exception as error:  # noqa: BLE001  a beat may fail; only a long silence loses the lease
            _LOGGER.warning("beat_failed", extra={"export_id": self._export.id, **describe_error(error)})
            return _lease_lost() if self._clock() - self._last_beat > GRACE else None
        if state is None:
            return _lease_lost()
        return AbortedError("ABORTED", "The export was aborted.") if state is State.ABORTING else None

    def _renew(self) -> State | None:
        now = self._clock()
        progress = Progress(self._done, self._expected)
        state = self._store.beat(self._export.id, self._export.attempt, progress, now)
        self._last_beat = now
        return state


def _lease_lost() -> LeaseLostError:
    return LeaseLostError("LEASE_LOST", "Another attempt has the export.")
