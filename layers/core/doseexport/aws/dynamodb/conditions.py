"""The conditions that the export repository's writes are made of, and how an export ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from doseexport.aws.dynamodb.export_rows import export_key
from doseexport.aws.dynamodb.table import Change
from doseexport.domain.export import Cleanup, State
from doseexport.domain.timestamps import to_epoch, to_text

PURGE_DELAY = timedelta(days=7)
"""How long a hidden row stays, so that the sweep can delete its objects."""

SAME_ATTEMPT = "#attempt = :attempt"
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
SAME_RETENTION = "(attribute_not_exists(#retention_days) OR #retention_days = :retention_days)"
FORGOTTEN = "#filters, #options, #name, #schedule_name, #is_clean"
"""The attributes that are removed when an export is deleted or expires."""
HAS_ROOM = "(attribute_not_exists(#active) OR size(#active) < :limit)"
# Time alone is not enough: the retention of a file that is being deleted must not change.
HAS_FILE = (
    f"#status = :COMPLETED AND {NOT_DELETED} AND {NOT_EXPIRED} AND #cleanup IN (:RETAINED, :SUPERSEDED)"
)

ATTEMPT_FIELDS = (
    "#lease_until, #started_at, #studies_done, #studies_total, #key, #upload_id, #error_code, #error"
)
"""The attributes of an attempt that are removed when the attempt is lost."""

# Every expression may use the names of states and cleanups as values.
CONSTANTS: Mapping[str, str] = {word.value: word.value for word in (*State, *Cleanup)}


@dataclass(frozen=True, slots=True)
class End:
    """How an export ends: its state, the condition, and what else is written.

    `cleanup` is None for an export that has no objects.
    """

    state: State
    cleanup: Cleanup | None
    condition: str
    assignments: str
    values: Mapping[str, Any]

    def make_change(self, export_id: str, now: datetime, shown_for: timedelta) -> Change:
        """Return the change of the row, which reads show until `shown_for` has passed."""
        return Change(
            export_key(export_id),
            f"SET {self.assignments} #status = :end, #finished_at = :now, #expires_at = :expires, #ttl = :ttl"
            f"{', #cleanup = :cleanup' if self.cleanup else ''}"
            f" REMOVE #lease_until, #upload_id{'' if self.cleanup else ', #cleanup'}",
            self.condition,
            {
                **CONSTANTS,
                **self.values,
                "end": self.state.value,
                "cleanup": self.cleanup,
                "now": to_text(now),
                "expires": to_text(now + shown_for),
                "ttl": to_epoch(now + shown_for + PURGE_DELAY),
            },
        )
