"""What happens every minute: the only thing that queues again, gives up, expires and cleans.

| found | done |
|---|---|
| RUNNING, lease over | QUEUED as the next attempt, with a pause after a reason; FAILED after the second |
| ABORTING, lease over | ABORTED |
| QUEUED, no message sent for a minute | message sent |
| QUEUED for two minutes, queue empty | message sent again; FAILED after the fifteenth |
| QUEUED a day after it was asked for | FAILED, whatever the queue says |
| a file of a second attempt | objects of the first deleted until no worker can live that makes more |
| a file past its expiry | given up, then objects deleted |
| ended without a file, or deleted | objects deleted until no worker can live that makes more |

Every write is conditional on what was read, so two sweeps at once do no harm.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.aws.sqs import NO_PAUSE
from doseexport.domain.export import Cleanup, Export, Failure, State

ATTEMPTS = 2
SENDS = 15
UNSENT = timedelta(minutes=1)
"""After this a row without any message is one whose sending failed, not one being sent."""
UNSTARTED = timedelta(minutes=2)
"""After this a message that no longer waits is lost; if it is not, its double does no harm."""
LONGEST_WAIT = timedelta(days=1)
"""After this nobody still wants what nobody started: the queue refuses messages, or nobody reads it."""
PAUSE = timedelta(minutes=2)
"""What made a worker let go may take so long to pass: a database that restarts, or hands over."""
WORKER_LIFE = timedelta(minutes=16)
"""Lambda ends every worker after 15 minutes, and with it whatever it still uploads."""

WORKER_LOST = Failure(
    "WORKER_LOST",
    "The export's worker stopped without a word, twice. Try again, with fewer studies if it repeats.",
)
NEVER_STARTED = Failure(
    "NEVER_STARTED", "No worker took the export. Try again later, or tell your administrator."
)

_LOGGER = logging.getLogger(__name__)


def sweep(services: Services, now: datetime) -> Counter[str]:
    """Look after every export that needs it; return how often each thing was done.

    `broken` counts exports that could not be looked after; they are logged, and tried again next time.
    """
    return _Sweep(services, now).run()


class _Sweep:
    def __init__(self, services: Services, now: datetime) -> None:
        self._store = services.exports
        self._files = services.files
        self._queue = services.queue
        self._now = now
        self._done: Counter[str] = Counter()
        self._is_queue_empty = cache(services.queue.is_empty)

    def run(self) -> Counter[str]:
        for export_id in self._find():
            self._look_after_safely(export_id)
        return self._done

    def _find(self) -> Iterator[str]:
        """Yield ids of what may need care; of the kept files only those whose time is over."""
        for cleanup in (Cleanup.ACTIVE, Cleanup.SUPERSEDED, Cleanup.ORPHANED):
            for page in self._store.list_for_cleanup(cleanup):
                yield from (position.id for position in page)
        for ids in self._store.list_expired(self._now):
            yield from ids

    def _look_after_safely(self, export_id: str) -> None:
        try:
            export = self._store.load(export_id)
            if export is not None:
                self._look_after(export)
        except Exception as error:  # noqa: BLE001  one broken row must not stop the others' care
            self._done["broken"] += 1
            _LOGGER.warning("sweep_failed", extra={"export_id": export_id, **describe_error(error)})

    def _look_after(self, export: Export) -> None:
        """Decide by the row, not by the index: the index can be old."""
        if export.cleanup is Cleanup.ORPHANED:
            self._clean(export)
        elif export.cleanup is Cleanup.SUPERSEDED:
            self._clean_beside(export)
        elif export.cleanup is Cleanup.RETAINED:
            self._expire(export)
        elif export.state is State.QUEUED:
            self._look_after_waiting(export)
        elif export.is_lease_over(self._now):
            self._look_after_silent(export)

    def _look_after_waiting(self, export: Export) -> None:
        waited = self._now - export.queued_at
        if waited >= UNSTARTED and self._now - export.created_at >= LONGEST_WAIT:
            self._give_up(export, NEVER_STARTED)
        elif export.sends == 0:
            if waited >= UNSENT:
                self._send(export, "resent")
        elif waited >= UNSTARTED and self._is_queue_empty():
            if export.sends < SENDS:
                self._send(export, "resent")
            else:
                self._give_up(export, NEVER_STARTED)

    def _look_after_silent(self, export: Export) -> None:
        if export.state is State.ABORTING:
            if self._store.settle_aborted(export.id, export.attempt, self._now):
                self._done["aborted"] += 1
                self._files.delete_export(export.id)
        elif export.attempt < ATTEMPTS:
            self._queue_again(export)
        else:
            self._give_up(export, export.failure or WORKER_LOST)

    def _queue_again(self, export: Export) -> None:
        queued = self._store.requeue(export.id, export.attempt, self._now)
        if queued is None:
            return
        self._send(queued, "requeued", PAUSE if export.failure else NO_PAUSE)
        self._files.delete_export(queued.id, keep_attempt=queued.attempt)

    def _give_up(self, export: Export, failure: Failure) -> None:
        if self._store.give_up(export.id, export.attempt, failure, self._now):
            self._done["failed"] += 1
            self._files.delete_export(export.id)

    def _send(self, export: Export, what: str, pause: timedelta = NO_PAUSE) -> None:
        self._queue.send(export.id, export.attempt, export.owner, pause)
        self._store.mark_sent(export.id, export.attempt, self._now)
        self._done[what] += 1

    def _expire(self, export: Export) -> None:
        if self._store.expire(export.id, export.attempt, self._now):
            self._done["expired"] += 1
            self._files.delete_export(export.id)
            self._store.finish_cleanup(export.id)

    def _clean(self, export: Export) -> None:
        self._files.delete_export(export.id)
        if self._has_outlived_workers(export):
            self._store.finish_cleanup(export.id)
            self._done["cleaned"] += 1

    def _clean_beside(self, export: Export) -> None:
        self._files.delete_export(export.id, keep_attempt=export.attempt)
        if self._has_outlived_workers(export):
            self._store.keep(export.id)
            self._done["cleaned"] += 1

    def _has_outlived_workers(self, export: Export) -> bool:
        """Whether every worker that ever had the export is gone: none begins once it has ended."""
        return self._now - (export.finished_at or export.created_at) >= WORKER_LIFE
