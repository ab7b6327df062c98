"""What a worker writes of the export it has; what the trail need not know is written without an entry."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.conditions import (
    ABORTING,
    HELD,
    MINE,
    NOT_RELEASED,
    QUEUED,
    RETENTION_AS_READ,
    RUNNING,
    End,
)
from doseexport.aws.dynamodb.export_rows import to_epoch, to_text
from doseexport.aws.dynamodb.exports_base import StoreBase
from doseexport.domain.audit import AuditEvent, record_completion, record_event
from doseexport.domain.export import LEASE, Cleanup, Export, Failure, Progress, Result, State

# The life of a lease:
#
#     claim          beat  beat  beat        complete · fail · settle_aborted
#     │ +60 s        │ +60 │ +60 │ +60       │ the lease ends with the export
#     ├──────────────┴─────┴─────┴───────────┤
#     │
#     └── silence ──────────── lease_until ──► sweep: requeue (attempt + 1), give_up or settle_aborted
#     └── release: lease_until = now ────────► the same, at once
#
# Every write of a worker names its attempt. Once requeue has counted on, the old worker's writes
# are refused, whatever it still believes.


class WorkerWrites(StoreBase):
    """A worker's part of the store."""

    def claim(self, export_id: str, attempt: int, now: datetime) -> Export | None:
        """Take the export for one attempt; None if another has it or it no longer waits."""
        claimed = self._record(
            record_event(AuditEvent.STARTED, export_id, attempt, now),
            "SET #status = :RUNNING, #started_at = :now, #lease_until = :lease, #studies_done = :zero"
            " REMOVE #studies_total, #error_code, #error",
            f"{QUEUED} AND {MINE}",
            attempt=attempt,
            now=to_text(now),
            lease=_lease(now),
            zero=0,
        )
        return self.load(export_id) if claimed else None

    def beat(self, export_id: str, attempt: int, progress: Progress, now: datetime) -> State | None:
        """Renew the lease and write progress; RUNNING, or ABORTING if the worker shall stop.

        None: the attempt has lost the export, or let go of it.
        """
        export = self._change(
            export_id,
            "SET #lease_until = :lease, #studies_done = :studies_done, #studies_total = :studies_total",
            f"{MINE} AND {HELD} AND {NOT_RELEASED}",
            attempt=attempt,
            lease=_lease(now),
            studies_done=progress.studies_done,
            studies_total=progress.studies_total,
        )
        return None if export is None else export.state

    def note_upload(self, export_id: str, attempt: int, key: str, upload_id: str) -> bool:
        """Write which upload is under way, before its first part; False if the export is lost."""
        noted = self._change(
            export_id,
            "SET #key = :key, #upload_id = :upload_id",
            f"{MINE} AND {HELD}",
            attempt=attempt,
            key=key,
            upload_id=upload_id,
        )
        return noted is not None

    def complete(
        self, export_id: str, attempt: int, result: Result, now: datetime, retention: timedelta
    ) -> bool:
        """Publish the file: the only thing that does. False if aborted or lost meanwhile.

        It is kept as long as its row says, for `retention` if that says nothing.
        """
        entry = record_completion(export_id, attempt, now, result)
        for _ in range(3):  # somebody may change how long it is kept between the two
            export = self.load(export_id)
            if export is None or (export.state, export.attempt) != (State.RUNNING, attempt):
                return False
            days = export.retention_days or retention.days
            if self._settle_as_read(export, entry, _publish(attempt, result, days), timedelta(days=days)):
                return True
        return False

    def fail(self, export_id: str, attempt: int, code: str, message: str, now: datetime) -> bool:
        """Settle as FAILED; False if aborted or lost meanwhile."""
        return self._fail(export_id, attempt, Failure(code, message), now, RUNNING)

    def settle_aborted(self, export_id: str, attempt: int, now: datetime) -> bool:
        """Settle as ABORTED what is ABORTING; False if nobody asked for that, or if it is lost."""
        return self._abort(record_event(AuditEvent.ABORTED, export_id, attempt, now), ABORTING)

    def release(self, export_id: str, attempt: int, code: str, message: str, now: datetime) -> bool:
        """Let go of the export for a reason that may pass: the sweep queues it again, or gives up."""
        released = self._change(
            export_id,
            "SET #lease_until = :epoch, #error_code = :code, #error = :message",
            f"{MINE} AND {HELD}",
            attempt=attempt,
            epoch=to_epoch(now),
            code=code,
            message=message,
        )
        return released is not None


def _publish(attempt: int, result: Result, retention_days: int) -> End:
    return End(
        State.COMPLETED,
        Cleanup.RETAINED if attempt == 1 else Cleanup.SUPERSEDED,
        f"{RUNNING} AND {MINE} AND {RETENTION_AS_READ}",
        "#key = :key, #file_name = :file_name, #size = :size, #sha256 = :sha256, #studies = :studies,"
        " #events = :events, #warnings = :warnings, #has_manifest = :has_manifest,"
        " #studies_done = :studies, #studies_total = :studies, #retention_days = :retention_days,",
        {"attempt": attempt, "retention_days": retention_days, **_describe(result)},
    )


def _describe(result: Result) -> dict[str, Any]:
    return {**asdict(result), "warnings": list(result.warnings)}


def _lease(now: datetime) -> int:
    return to_epoch(now + LEASE)
