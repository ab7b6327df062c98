"""Handle every export that needs it, every minute: only the sweep requeues, gives up, expires and cleans.

| found | done |
|---|---|
| RUNNING, lease over | QUEUED for the second attempt, delayed if the worker gave a reason; then FAILED |
| ABORTING, lease over | ABORTED |
| QUEUED, no message sent for a minute | message sent |
| QUEUED for two minutes, queue empty | message sent again; FAILED after the fifteenth |
| QUEUED a day after it was requested | FAILED |
| a file of a second attempt | objects of the first deleted until no worker of it can be alive |
| a file past its expiry | marked for deletion, then its objects deleted |
| ended without a file, or deleted | objects deleted until no worker can be alive that makes more |

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
from doseexport.aws.sqs import NO_DELAY
from doseexport.domain.export import Cleanup, Export, Failure, State

ATTEMPTS = 2
SENDS = 15
UNSENT = timedelta(minutes=1)
"""A row without a message for so long is one whose message could not be sent."""
UNSTARTED = timedelta(minutes=2)
"""A message that has left the queue for so long is lost. If it is not, a second one does no harm."""
LONGEST_WAIT = timedelta(days=1)
"""An export that waits for so long is given up: the queue refuses messages, or nobody reads it."""
RETRY_DELAY = timedelta(minutes=2)
"""How long the next attempt waits for the reason of the last one to pass, such as a database restart."""
WORKER_LIFE = timedelta(minutes=16)
"""Longer than any worker lives: Lambda ends each after 15 minutes, with all its uploads."""

WORKER_LOST = Failure(
    "WORKER_LOST",
    "The export's worker stopped unexpectedly, twice. Try again, with fewer studies if it happens again.",
)
NEVER_STARTED = Failure(
    "NEVER_STARTED", "No worker took the export. Try again later, or contact your administrator."
)

_LOGGER = logging.getLogger(__name__)


def sweep_exports(services: Services, now: datetime) -> Counter[str]:
    """Handle every export that needs it. Return how often each thing was done.

    `broken` counts exports that could not be handled. They are logged, and tried again next time.
    """
    return _Sweep(services, now).run()


class _Sweep:
    def __init__(self, services: Services, now: datetime) -> None:
        self._exports = services.exports
        self._files = services.files
        self._queue = services.queue
        self._now = now
        self._done: Counter[str] = Counter()
        self._is_queue_empty = cache(services.queue.is_empty)

    def run(self) -> Counter[str]:
        for export_id in self._find():
            self._handle_safely(export_id)
        return self._done

    def _find(self) -> Iterator[str]:
        """Yield the ids of exports that may need handling. Of retained files, only expired ones."""
        for cleanup in (Cleanup.ACTIVE, Cleanup.SUPERSEDED, Cleanup.ORPHANED):
            for page in self._exports.list_for_cleanup(cleanup):
                yield from (position.id for position in page)
        for ids in self._exports.list_expired(self._now):
            yield from ids

    def _handle_safely(self, export_id: str) -> None:
        try:
            export = self._exports.load(export_id)
            if export is not None:
                self._handle(export)
        except Exception as error:  # noqa: BLE001  one broken row must not stop the others
            self._done["broken"] += 1
            _LOGGER.warning("sweep_failed", extra={"export_id": export_id, **describe_error(error)})

    def _handle(self, export: Export) -> None:
        """Decide by the row, not by the index, which can be old."""
        if export.cleanup is Cleanup.ORPHANED:
            self._clean(export)
        elif export.cleanup is Cleanup.SUPERSEDED:
            self._clean_beside(export)
        elif export.cleanup is Cleanup.RETAINED:
            self._expire(export)
        elif export.state is State.QUEUED:
            self._handle_queued(export)
        elif export.is_lease_over(self._now):
            self._handle_lease_over(export)

    def _handle_queued(self, export: Export) -> None:
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

    def _handle_lease_over(self, export: Export) -> None:
        if export.state is State.ABORTING:
            if self._exports.settle_aborted(export.id, export.attempt, self._now):
                self._done["aborted"] += 1
                self._files.delete_export(export.id)
        elif export.attempt < ATTEMPTS:
            self._queue_again(export)
        else:
            self._give_up(export, export.failure or WORKER_LOST)

    def _queue_again(self, export: Export) -> None:
        queued = self._exports.requeue(export.id, export.attempt, self._now)
        if queued is None:
            return
        self._send(queued, "requeued", RETRY_DELAY if export.failure else NO_DELAY)
        self._files.delete_export(queued.id, keep_attempt=queued.attempt)

    def _give_up(self, export: Export, failure: Failure) -> None:
        if self._exports.give_up(export.id, export.attempt, failure, self._now):
            self._done["failed"] += 1
            self._files.delete_export(export.id)

    def _send(self, export: Export, what: str, delay: timedelta = NO_DELAY) -> None:
        self._queue.send(export.id, export.attempt, export.owner, delay)
        self._exports.mark_sent(export.id, export.attempt, self._now)
        self._done[what] += 1

    def _expire(self, export: Export) -> None:
        if self._exports.expire(export.id, export.attempt, self._now):
            self._done["expired"] += 1
            self._files.delete_export(export.id)
            self._exports.finish_cleanup(export.id)

    def _clean(self, export: Export) -> None:
        self._files.delete_export(export.id)
        if self._has_outlived_workers(export):
            self._exports.finish_cleanup(export.id)
            self._done["cleaned"] += 1

    def _clean_beside(self, export: Export) -> None:
        self._files.delete_export(export.id, keep_attempt=export.attempt)
        if self._has_outlived_workers(export):
            self._exports.mark_retained(export.id)
            self._done["cleaned"] += 1

    def _has_outlived_workers(self, export: Export) -> bool:
        """Return whether every worker of the export is dead: none starts after the export has ended."""
        return self._now - (export.finished_at or export.created_at) >= WORKER_LIFE
