"""The results of use cases that are not a single domain object: pages, links, reports and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from doseexport.catalogue import Modality, Spec
from doseexport.catalogue.filters import DEFAULT_ORDER
from doseexport.domain.audit import AuditEntry
from doseexport.domain.export import Export
from doseexport.domain.preset import Preset
from doseexport.domain.schedule import ComingRun, Run
from doseexport.engine.preview_query import PreviewRow
from doseexport.errors import RequestError


@dataclass(frozen=True, slots=True)
class ExportPage:
    """One page of a list, in the order of the list. `next_cursor` is None on the last page."""

    exports: Sequence[Export]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A presigned link, and the name under which the file is saved."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Download:
    """Links that hold for `seconds`: the file, with its size in bytes and SHA-256, and its manifest."""

    file: Link
    size: int
    sha256: str
    seconds: int
    manifest: Link | None


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The audit trail of one export, oldest entry first."""

    export_id: str
    entries: Sequence[AuditEntry]


@dataclass(frozen=True, slots=True)
class Deletions:
    """The ids that were deleted, and for the others the reason why not."""

    deleted: Sequence[str]
    refused: Mapping[str, RequestError]


@dataclass(frozen=True, slots=True)
class PresetList:
    """Presets by name. `is_complete` is false if there are more shared ones."""

    presets: Sequence[Preset]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class SchedulePreview:
    """The coming runs of a schedule. `continues` is whether they start where the last file ended."""

    runs: Sequence[ComingRun]
    continues: bool


@dataclass(frozen=True, slots=True)
class RunList:
    """The runs of a schedule, newest first. `is_complete` is false if there are older ones."""

    runs: Sequence[Run]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What an export would hold, and estimates of its file: bytes, and seconds until it is ready."""

    found: PreviewRow
    estimated_size: int
    estimated_seconds: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Texts with the number of studies that have each, most frequent first.

    `is_complete` is false if there are more. Where the database could not answer in time, `letters_needed` is
    the number of letters to ask again with, or else None.
    """

    values: Sequence[tuple[str, int]]
    is_complete: bool = True
    letters_needed: int | None = None


@dataclass(frozen=True, slots=True)
class OwnerUsage:
    """The exports of one owner, counted by how they ended. The name is that of the newest export.

    `active` exports are queued, running or aborting. `studies` and `bytes` are of all files that were made,
    `bytes_retained` of those that can still be downloaded.
    """

    owner: str
    owner_name: str
    requested: int
    active: int
    completed: int
    failed: int
    aborted: int
    studies: int
    bytes: int
    bytes_retained: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A month (2026-11), whether all its exports are counted, and its owners, those with most bytes first.

    `first_rows` are the month's entries of the audit trail about first rows, newest first. There are older
    ones if `has_all_first_rows` is false.
    """

    month: str
    is_complete: bool
    owners: Sequence[OwnerUsage]
    first_rows: Sequence[AuditEntry]
    has_all_first_rows: bool


@dataclass(frozen=True, slots=True)
class ModalityEntry:
    """One modality and its export types, by name."""

    modality: Modality
    specs: tuple[Spec, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every modality, by name. Files are retained for `retention`; a user may set up to `max_retention`.

    The columns of the types are shown if `has_columns` holds. `has_mail` is whether owners can get a mail.
    """

    modalities: tuple[ModalityEntry, ...]
    retention: timedelta
    max_retention: timedelta
    default_order: str = DEFAULT_ORDER
    has_columns: bool = True
    has_mail: bool = False
