"""The words the store makes its expressions of: named conditions, and how an export ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.export_rows import export_key, to_epoch, to_text
from doseexport.aws.dynamodb.table import Change
from doseexport.domain.export import Cleanup, State

AFTERLIFE = timedelta(days=7)
"""How long a row outlives its last reader, so that the sweep can clean up behind it."""

MINE = "#attempt = :attempt"
QUEUED = "#status = :QUEUED"
RUNNING = "#status = :RUNNING"
ABORTING = "#status = :ABORTING"
HELD = f"({RUNNING} OR {ABORTING})"
SETTLED = "#status IN (:COMPLETED, :FAILED, :ABORTED)"
LEASE_OVER = f"({RUNNING} AND #lease_until <= :epoch)"
NOT_RELEASED = "attribute_not_exists(#error_code)"
NOT_DELETED = "attribute_not_exists(#deleted_at)"
NOT_EXPIRED = "#expires_at > :now"
EXPIRED = "#expires_at <= :now"
RETENTION_AS_READ = "(attribute_not_exists(#retention_days) OR #retention_days = :retention_days)"
HAS_ROOM = "(attribute_not_exists(#active) OR size(#active) < :limit)"

FORGET_ATTEMPT = (
    "#lease_until, #started_at, #studies_done, #studies_total, #key, #upload_id, #error_code, #error"
)

# What every expression may name without being told: the states and the watches, by themselves.
CONSTANTS: Mapping[str, str] = {word.value: word.value for word in (*State, *Cleanup)}


@dataclass(frozen=True, slots=True)
class End:
    """How an export ends: the state, what is left to cleanup, on what condition, what else is written."""

    state: State
    cleanup: Cleanup
    condition: str
    assignments: str
    values: Mapping[str, Any]

    def change(self, export_id: str, now: datetime, kept: timedelta) -> Change:
        """Return the change; the row is shown until `kept` has passed."""
        return Change(
            export_key(export_id),
            f"SET {self.assignments} #status = :end, #cleanup = :cleanup, #finished_at = :now,"
            " #expires_at = :expires, #ttl = :ttl REMOVE #lease_until, #upload_id",
            self.condition,
            {
                **CONSTANTS,
                **self.values,
                "end": self.state.value,
                "cleanup": self.cleanup.value,
                "now": to_text(now),
                "expires": to_text(now + kept),
                "ttl": to_epoch(now + kept + AFTERLIFE),
            },
        )
