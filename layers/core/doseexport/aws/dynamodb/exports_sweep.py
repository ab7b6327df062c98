"""What the sweep writes: about messages, lost attempts, and what is over."""

from __future__ import annotations

from datetime import datetime

from doseexport.aws.dynamodb.conditions import EXPIRED, FORGET_ATTEMPT, LEASE_OVER, MINE, QUEUED
from doseexport.aws.dynamodb.export_rows import to_epoch, to_text
from doseexport.aws.dynamodb.exports_base import StoreBase
from doseexport.domain.audit import AuditEvent, record_event
from doseexport.domain.export import Export, Failure


class SweepWrites(StoreBase):
    """The sweep's part of the store."""

    def mark_sent(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Count a message sent for the attempt; False if it no longer waits."""
        sent = self._change(
            export_id,
            "SET #queued_at = :now ADD #sends :one",
            f"{QUEUED} AND {MINE}",
            attempt=attempt,
            now=to_text(now),
            one=1,
        )
        return sent is not None

    def requeue(self, export_id: str, attempt: int, now: datetime) -> Export | None:
        """Queue again, as the next attempt, an export whose worker fell silent; None if it did not."""
        requeued = self._record(
            record_event(AuditEvent.REQUEUED, export_id, attempt + 1, now),
            "SET #status = :QUEUED, #attempt = :next, #sends = :zero, #queued_at = :now"
            f" REMOVE {FORGET_ATTEMPT}",
            f"{LEASE_OVER} AND {MINE}",
            attempt=attempt,
            next=attempt + 1,
            zero=0,
            now=to_text(now),
            epoch=to_epoch(now),
        )
        return self.load(export_id) if requeued else None

    def give_up(self, export_id: str, attempt: int, failure: Failure, now: datetime) -> bool:
        """Settle as FAILED what still waits, or whose worker fell silent; False if neither."""
        return self._fail(export_id, attempt, failure, now, f"({QUEUED} OR {LEASE_OVER})")

    def finish_cleanup(self, export_id: str) -> None:
        """Stop watching an export whose objects are gone for good."""
        self._change(export_id, "REMOVE #cleanup", "#cleanup = :ORPHANED")

    def keep(self, export_id: str) -> None:
        """Cleanup only for its expiry a file that no other attempt can contest any more."""
        self._change(export_id, "SET #cleanup = :KEPT", "#cleanup = :SUPERSEDED")

    def expire(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Give up an expired file to be deleted, and forget its filters; False if it is kept for longer.

        From here on nobody can have it kept: what is deleted then is a file that no row promises.
        """
        return self._record(
            record_event(AuditEvent.EXPIRED, export_id, attempt, now),
            "SET #cleanup = :ORPHANED REMOVE #filters, #options",
            f"#cleanup = :KEPT AND {EXPIRED}",
            now=to_text(now),
        )
