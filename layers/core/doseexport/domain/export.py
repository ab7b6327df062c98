"""An export, its states, and the transitions between them.

         ┌──────────── lease over ────────────┐
         ▼                                    │
──► QUEUED ──► RUNNING ──► COMPLETED          │
      │ │         │ ├────► FAILED             │
      │ │         │ └───────────────────────┘
      │ │         └──► ABORTING ──► ABORTED
      │ └──► FAILED  (no worker ever started it)
      └────► ABORTED
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from doseexport.domain.request import ExportRequest

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{32}")
CLOCK_TOLERANCE = timedelta(seconds=90)
"""How far a worker's clock may be behind the clock of the sweep, which decides whether a lease is over."""
LEASE = CLOCK_TOLERANCE + timedelta(seconds=30)
"""How far ahead each heartbeat moves the lease, by the worker's clock. It survives slow beats and a short
outage of DynamoDB."""


class State(StrEnum):
    """The state of an export."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    ABORTING = "ABORTING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"


TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.QUEUED: frozenset({State.RUNNING, State.ABORTED, State.FAILED}),
        State.RUNNING: frozenset({State.QUEUED, State.ABORTING, State.COMPLETED, State.FAILED}),
        State.ABORTING: frozenset({State.ABORTED}),
        State.COMPLETED: frozenset(),
        State.FAILED: frozenset(),
        State.ABORTED: frozenset(),
    }
)
"""Every state, and the states that may come next."""

SETTLED = frozenset(state for state, following in TRANSITIONS.items() if not following)
ACTIVE = frozenset(State) - SETTLED


class Cleanup(StrEnum):
    """Why the sweep must handle an export. A row without one needs no further handling.

    ACTIVE: the export has not ended. SUPERSEDED: a file is retained, but a worker of an earlier attempt may
    still write another one. RETAINED: a file waits for its expiry. ORPHANED: the objects must be deleted.
    """

    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"
    RETAINED = "RETAINED"
    ORPHANED = "ORPHANED"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many studies are written, and how many there will be (None until they are counted)."""

    studies_done: int = 0
    studies_total: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A finished file: its object key, its size in bytes, its SHA-256 in hexadecimal, and its contents.

    `has_manifest` is whether a manifest is stored beside the file. `answer` is what an audit found, in one
    line, or empty.
    """

    key: str
    file_name: str
    size: int
    sha256: str
    studies: int
    events: int
    warnings: tuple[str, ...] = ()
    has_manifest: bool = False
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an export failed: a code for programs and a message for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. All times are aware datetimes in UTC.

    `lease_until` is in epoch seconds. `sends` counts the messages sent for this attempt. `failure` of a
    running export is the reason why its worker released it. `retention_days` counts from the end of the
    export. `schedule_id` is None if a user requested the export directly. `correlation_id` finds the log
    lines of the request in which the export was requested. `name` is what its owner calls it, and
    `schedule_name` what they call its schedule. Both are free text that is never logged.
    """

    id: str
    owner: str
    owner_name: str
    created_at: datetime
    request: ExportRequest
    has_patient_data: bool
    fingerprint: str
    queued_at: datetime
    state: State = State.QUEUED
    attempt: int = 1
    sends: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    lease_until: int | None = None
    upload_id: str | None = None
    progress: Progress = Progress()
    result: Result | None = None
    failure: Failure | None = None
    schedule_id: str | None = None
    cleanup: Cleanup | None = Cleanup.ACTIVE
    retention_days: int | None = None
    is_clean: bool = False
    correlation_id: str | None = None
    name: str | None = field(default=None, repr=False)
    schedule_name: str | None = field(default=None, repr=False)

    @property
    def is_active(self) -> bool:
        """Whether the export is queued, running or aborting."""
        return self.state in ACTIVE

    @property
    def was_never_started(self) -> bool:
        """Whether no worker ever claimed the export, so that it has no objects."""
        return self.attempt == 1 and self.started_at is None

    @property
    def is_downloadable(self) -> bool:
        """Whether the export has a finished file."""
        return self.state is State.COMPLETED and self.result is not None

    @property
    def can_set_retention(self) -> bool:
        """Whether the retention can be set: the export has a file or may get one."""
        return self.state in {State.QUEUED, State.RUNNING, State.COMPLETED}

    def measure_wait(self) -> float:
        """Return how many seconds the export waited for the worker that took it, or 0 if none has."""
        return (
            0.0 if self.started_at is None else max(0.0, (self.started_at - self.queued_at).total_seconds())
        )

    def measure_run(self, now: datetime) -> float:
        """Return how many seconds ago a worker took the export, or 0 if none has."""
        return 0.0 if self.started_at is None else (now - self.started_at).total_seconds()

    def is_gone(self, now: datetime) -> bool:
        """Return whether the export is deleted or expired, so that no read may show it."""
        return self.deleted_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def is_lease_over(self, now: datetime) -> bool:
        """Return whether the worker has not renewed its lease in time."""
        return self.lease_until is not None and self.lease_until <= now.timestamp()


def make_export(export_id: str, owner: str, owner_name: str, request: ExportRequest, now: datetime) -> Export:
    """Return a new export, queued for its first attempt."""
    return Export(
        id=export_id,
        owner=owner,
        owner_name=owner_name,
        created_at=now,
        request=request,
        has_patient_data=request.has_patient_data,
        fingerprint=request.fingerprint,
        queued_at=now,
        retention_days=request.retention_days,
    )


def make_id(owner: str, idempotency_key: str | None) -> str:
    """Return an id of 32 URL-safe characters.

    The same owner and key always give the same id. Without a key the id is random.
    """
    if idempotency_key is None:
        return secrets.token_urlsafe(24)
    digest = hashlib.sha256(f"{owner}\n{idempotency_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_id(text: object) -> bool:
    """Return whether a value has the form of an id."""
    return isinstance(text, str) and ID_PATTERN.fullmatch(text) is not None


def name_file(export_type: str, suffix: str, when: datetime) -> str:
    """Return a file name made of type, date and time only, such as ct-xlsx_2026-11-23_1130.xlsx.

    `when` is in the time zone of the service's users. `suffix` has no dot.
    """
    return f"{export_type}_{when:%Y-%m-%d_%H%M}.{suffix}"


def name_manifest(file: str) -> str:
    """Return the name, path or key of a file's manifest, which is stored beside the file."""
    return f"{file}.manifest.json"


def make_object_key(export_id: str, attempt: int, file_name: str) -> str:
    """Return the key of one attempt's file. No two attempts share a key."""
    return f"{make_object_prefix(export_id)}{attempt}/{file_name}"


def make_object_prefix(export_id: str) -> str:
    """Return the prefix of the keys of all attempts. Raise ValueError if `export_id` is not an id."""
    if not is_id(export_id):
        raise ValueError("not an export id")
    return f"exports/{export_id}/"
