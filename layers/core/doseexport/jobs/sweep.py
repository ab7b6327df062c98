"""Every minute, requeue, fail, expire or clean up the exports that need it.

| found | done |
|---|---|
| RUNNING, lease over | QUEUED for the second attempt, delayed if the worker gave a reason; then FAILED |
| ABORTING, lease over | ABORTED |
| QUEUED, no message sent for a minute | message sent |
| QUEUED for two minutes, queue empty | message sent again; FAILED after the fifteenth |
| QUEUED a day after it was requested | FAILED |
| a file of a second attempt | objects of the first deleted, and again when no worker of it can be alive |
| a file past its expiry | marked for deletion, then its objects deleted |
| ended without a file, or deleted | objects deleted, and again when no worker can be alive that makes more |

Every write is conditional on what was read, so two sweeps at once do no harm.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache
from itertools import chain, islice

from doseexport.aws.logging import describe_error
from doseexport.aws.metrics import count_abort, count_failure, count_sweep
from doseexport.aws.services import Services
from doseexport.aws.sqs import NO_DELAY, Message
from doseexport.domain.export import CLOCK_TOLERANCE, Cleanup, Export, Failure, State

ATTEMPTS = 2
SENDS = 15
UNSENT = timedelta(minutes=1)
"""A row without a message this long is one whose message could not be sent."""
UNSTARTED = timedelta(minutes=2)
"""A message that has left the queue this long is lost. If it is not, a second one does no harm."""
LONGEST_WAIT = timedelta(days=1)
"""An export that waits this long is given up: the queue refuses messages, or no worker reads it."""
RETRY_DELAY = timedelta(minutes=2)
"""How long the next attempt waits for the reason of the last one to pass, such as a database restart."""
WORKERS = 8
"""Threads that handle exports at once: each mostly waits for DynamoDB and S3."""
BATCH = 100
"""Rows that are read at once: as many as one BatchGetItem reads."""
RESERVED_SECONDS = 10.0
"""Seconds of Lambda time left at which no further export is handled, so that those in work can finish."""
WORKER_LIFE = timedelta(minutes=15) + CLOCK_TOLERANCE
"""Longer than any worker lives: Lambda ends each after 15 minutes, with all its uploads."""

WORKER_LOST = Failure(
    "WORKER_LOST",
    "The export's worker stopped unexpectedly, twice. Try again, with fewer studies if it happens again.",
)
NEVER_STARTED = Failure(
    "NEVER_STARTED", "No worker took the export. Try again later, or contact your administrator."
)

_LOGGER = logging.getLogger(__name__)


def sweep_exports(
    services: Services, now: datetime, seconds_left: Callable[[], float] = lambda: math.inf
) -> Counter[str]:
    """Handle the exports that need it, until little time is left. Return how often each thing was done.

    `broken` counts exports that could not be handled: they are logged, and tried again next time. `left`
    counts exports that this sweep had no time for, and that the next one handles.
    """
    counts = _Sweep(services, now, seconds_left).run()
    count_sweep(counts)
    return counts


class _Sweep:
    def __init__(self, services: Services, now: datetime, seconds_left: Callable[[], float]) -> None:
        self._exports = services.exports
        self._indexes = services.indexes
        self._files = services.files
        self._queue = services.queue
        self._now = now
        self._seconds_left = seconds_left
        self._done: Counter[str] = Counter()
        self._is_queue_empty = cache(services.queue.is_empty)

    def run(self) -> Counter[str]:
        with ThreadPoolExecutor(WORKERS, "sweep") as pool:
            for export_ids in _batch(self._find()):
                if self._is_late():
                    self._done["left"] += len(export_ids)
                    continue
                exports = self._load(export_ids)
                for done in pool.map(self._handle_safely, filter(self._needs_handling, exports)):
                    self._done.update(done)
        return self._done

    def _find(self) -> Iterator[str]:
        """Yield the ids of exports that may need handling, the most urgent first."""
        yield from self._list(Cleanup.ACTIVE)
        yield from chain.from_iterable(self._indexes.list_expired(self._now))
        yield from self._list(Cleanup.SUPERSEDED)
        yield from self._list(Cleanup.ORPHANED)

    def _list(self, cleanup: Cleanup) -> Iterator[str]:
        for page in self._indexes.list_for_cleanup(cleanup):
            yield from (position.id for position in page)

    def _load(self, export_ids: list[str]) -> list[Export]:
        """Return the exports that can be read. Log and count the others, which the next sweep tries again."""
        try:
            return self._exports.load_many(export_ids)
        except (KeyError, ValueError) as error:
            if len(export_ids) > 1:  # one unreadable row must not hide the others
                return list(chain.from_iterable(self._load([export_id]) for export_id in export_ids))
            self._record_broken(error, export_id=export_ids[0])
        except Exception as error:  # noqa: BLE001  DynamoDB may answer for the next batch
            self._record_broken(error, exports=len(export_ids))
        return []

    def _record_broken(self, error: Exception, **details: str | int) -> None:
        self._done["broken"] += int(details.get("exports", 1))
        _LOGGER.warning("sweep_failed", extra={**details, **describe_error(error)})

    def _needs_handling(self, export: Export) -> bool:
        """Return whether there is something to do.

        After the first deletion, wait until no worker can write, then delete again.
        """
        is_waiting = export.cleanup in {Cleanup.SUPERSEDED, Cleanup.ORPHANED} and export.is_clean
        return not is_waiting or self._has_outlived_workers(export)

    def _is_late(self) -> bool:
        return self._seconds_left() < RESERVED_SECONDS

    def _handle_safely(self, export: Export) -> list[str]:
        if self._is_late():
            return ["left"]
        done: list[str] = []
        try:
            done.extend(self._handle(export))
        except Exception as error:  # noqa: BLE001  one broken row must not stop the others
            _LOGGER.warning("sweep_failed", extra={**_describe(export), **describe_error(error)})
            done.append("broken")
        return done

    def _handle(self, export: Export) -> Iterator[str]:
        """Yield what was done. The row decides, not the index, which can be old."""
        if export.cleanup is Cleanup.ORPHANED:
            yield from self._clean(export)
        elif export.cleanup is Cleanup.SUPERSEDED:
            yield from self._clean_beside(export)
        elif export.cleanup is Cleanup.RETAINED:
            yield from self._expire(export)
        elif export.state is State.QUEUED:
            yield from self._handle_queued(export)
        elif export.is_lease_over(self._now):
            yield from self._handle_lease_over(export)

    def _handle_queued(self, export: Export) -> Iterator[str]:
        waited = self._now - export.queued_at
        if waited >= UNSTARTED and self._now - export.created_at >= LONGEST_WAIT:
            yield from self._give_up(export, NEVER_STARTED)
        elif export.sends == 0:
            if waited >= UNSENT:
                yield self._send(export, "resent")
        elif waited >= UNSTARTED and self._is_queue_empty():
            if export.sends < SENDS:
                yield self._send(export, "resent")
            else:
                yield from self._give_up(export, NEVER_STARTED)

    def _handle_lease_over(self, export: Export) -> Iterator[str]:
        if export.state is State.ABORTING:
            if self._exports.settle_aborted(export.id, export.attempt, self._now):
                count_abort(export)
                yield "aborted"
                self._files.delete_export(export.id)
        elif export.attempt < ATTEMPTS:
            yield from self._queue_again(export)
        else:
            yield from self._give_up(export, export.failure or WORKER_LOST)

    def _queue_again(self, export: Export) -> Iterator[str]:
        queued = self._exports.requeue(export.id, export.attempt, self._now)
        if queued is None:
            return
        yield self._send(queued, "requeued", RETRY_DELAY if export.failure else NO_DELAY)
        self._files.delete_export(queued.id, except_attempt=queued.attempt)

    def _give_up(self, export: Export, failure: Failure) -> Iterator[str]:
        if self._exports.give_up(export.id, export.attempt, failure, self._now):
            count_failure(export, failure.code)
            _LOGGER.warning("given_up", extra={**_describe(export), "code": failure.code})
            yield "failed"
            self._files.delete_export(export.id)

    def _send(self, export: Export, what: str, delay: timedelta = NO_DELAY) -> str:
        self._queue.send(Message(export.id, export.attempt, export.correlation_id), export.owner, delay)
        self._exports.mark_sent(export.id, export.attempt, self._now)
        _LOGGER.info(what, extra=_describe(export))
        return what

    def _expire(self, export: Export) -> Iterator[str]:
        if self._exports.expire(export.id, export.attempt, self._now):
            yield "expired"
            self._files.delete_export(export.id)
            self._exports.finish_cleanup(export.id)

    def _clean(self, export: Export) -> Iterator[str]:
        self._files.delete_export(export.id)
        if self._has_outlived_workers(export):
            self._exports.finish_cleanup(export.id)
            yield "cleaned"
        else:
            self._exports.mark_clean(export.id)

    def _clean_beside(self, export: Export) -> Iterator[str]:
        self._files.delete_export(export.id, except_attempt=export.attempt)
        if self._has_outlived_workers(export):
            self._exports.mark_retained(export.id)
            yield "cleaned"
            yield from self._expire(export)
        else:
            self._exports.mark_clean(export.id)

    def _has_outlived_workers(self, export: Export) -> bool:
        """Return whether every worker of the export is dead: none starts after the export has ended."""
        return self._now - (export.finished_at or export.created_at) >= WORKER_LIFE


def _describe(export: Export) -> dict[str, object]:
    """Return what log lines say of an export. Its correlation id is that of its request."""
    correlation = {} if export.correlation_id is None else {"correlation_id": export.correlation_id}
    return {"export_id": export.id, "attempt": export.attempt, **correlation}


def _batch(export_ids: Iterator[str]) -> Iterator[list[str]]:
    """Yield lists of different ids. An export that changes meanwhile can be in two indexes."""
    while batch := list(dict.fromkeys(islice(export_ids, BATCH))):
        yield batch
