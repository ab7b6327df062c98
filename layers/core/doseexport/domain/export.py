"""An export: its row, its states, and the ways between them. Pure.

         ┌──────────── lease over ────────────┐
         ▼                                    │
──► QUEUED ──► RUNNING ──► COMPLETED          │
      │ │         │ ├────► FAILED             │
      │ │         │ └───────────────────────┘
      │ │         └──► ABORTING ──► ABORTED
      │ └──► FAILED  (nobody ever started it)
      └────► ABORTED
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from doseexport.domain.request import ExportRequest

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{32}")
LEASE = timedelta(seconds=60)
"""How far ahead each heartbeat moves the lease."""


class State(StrEnum):
    """Where an export stands."""

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
    """What the sweep has to look after; a row it need not look at has no cleanup.

    SUPERSEDED: a file is kept, and a worker that lost the export may still make another one.
    """

    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"
    RETAINED = "RETAINED"
    ORPHANED = "ORPHANED"


@dataclass(frozen=True, slots=True)
class Progress:
    """Studies written so far, and the studies there will be (None: not counted yet)."""

    studies_done: int = 0
    studies_total: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A finished file: its object key, its size in bytes, its SHA-256 in hexadecimal, what is in it.

    A file of before there were manifests has none.
    """

    key: str
    file_name: str
    size: int
    sha256: str
    studies: int
    events: int
    warnings: tuple[str, ...] = ()
    has_manifest: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an export failed: a code for a program, a message for a person."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export as its row says. All times are aware datetimes in UTC.

    `lease_until` is in epoch seconds; `sends` counts the messages sent for this attempt;
    `failure` on a running export is why its worker released it; `retention_days` is how many days after its
    end its file is kept (None: not decided yet); `schedule_id` is None if a person requested it.
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

    @property
    def is_active(self) -> bool:
        """Whether the export still waits, runs or stops."""
        return self.state in ACTIVE

    @property
    def was_never_started(self) -> bool:
        """Whether no worker ever claimed the export, so that it has no objects."""
        return self.attempt == 1 and self.started_at is None

    @property
    def is_downloadable(self) -> bool:
        """Whether there is a finished file."""
        return self.state is State.COMPLETED and self.result is not None

    @property
    def has_retention(self) -> bool:
        """Whether there is a file, or one may come, whose time can be changed."""
        return self.state in {State.QUEUED, State.RUNNING, State.COMPLETED}

    def is_gone(self, now: datetime) -> bool:
        """Whether no read may show the export any more: deleted, or past its expiry."""
        return self.deleted_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def is_lease_over(self, now: datetime) -> bool:
        """Whether the worker has been silent for longer than its lease."""
        return self.lease_until is not None and self.lease_until <= now.timestamp()


def make_export(export_id: str, owner: str, owner_name: str, request: ExportRequest, now: datetime) -> Export:
    """Return a new export, waiting for its first attempt."""
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
    """Return an id of 32 url-safe characters: always the same for an owner's key, else random."""
    if idempotency_key is None:
        return secrets.token_urlsafe(24)
    digest = hashlib.sha256(f"{owner}\n{idempotency_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_id(text: object) -> bool:
    """Whether a text has the shape of an id."""
    return isinstance(text, str) and ID_PATTERN.fullmatch(text) is not None


def name_file(export_type: str, suffix: str, when: datetime) -> str:
    """Return a file name of type, date and time, nothing else: ct-xlsx_2026-11-23_1130.xlsx.

    `when` is in the time zone that its reader lives in; `suffix` comes without a dot.
    """
    return f"{export_type}_{when:%Y-%m-%d_%H%M}.{suffix}"


def name_manifest(file: str) -> str:
    """Return what the manifest beside a file is called, by the file's name, path or key."""
    return f"{file}.manifest.json"


def object_key(export_id: str, attempt: int, file_name: str) -> str:
    """Return the key of one attempt's file: no two attempts share one."""
    return f"{object_prefix(export_id)}{attempt}/{file_name}"


def object_prefix(export_id: str) -> str:
    """Return what the keys of all attempts of an export begin with; ValueError if it is not an id."""
    if not is_id(export_id):
        raise ValueError("not an export id")
    return f"exports/{export_id}/"
