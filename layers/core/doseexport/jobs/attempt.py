"""Run one attempt of an export, from claim to settle.

    claim ─► write the file into the sink (engine/export_file.py) ─► manifest ─► publish

A file exists for others only once its row says COMPLETED, and only `_publish_file` makes it say so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from doseexport.actions.features import record_schema
from doseexport.aws.credentials import find_database
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.export import Export, Result, name_file, object_key
from doseexport.engine.export_file import write_export
from doseexport.engine.manifest import FileFacts, write_manifest
from doseexport.engine.plan import RequestContext
from doseexport.engine.writers.file_plan import FileReport
from doseexport.errors import AbortedError, ExportError, LeaseLostError, RetryableError
from doseexport.jobs.heartbeat import Heartbeat

_LOGGER = logging.getLogger(__name__)


def run_attempt(services: Services, export_id: str, attempt: int, seconds_left: Callable[[], float]) -> None:
    """Run one attempt of an export and always settle it.

    Do nothing if the export is not queued for this attempt.
    """
    export = services.exports.claim(export_id, attempt, services.clock())
    if export is None:
        _LOGGER.info("not_claimed", extra={"export_id": export_id, "attempt": attempt})
        return
    note = partial(record_schema, services)
    heartbeat = Heartbeat(services.exports, export, services.clock, seconds_left, note)
    try:
        with heartbeat:
            _publish_file(services, export, heartbeat, seconds_left)
    except Exception as error:  # noqa: BLE001  every failure must reach the owner
        # After the last beat, so that only one thread writes how the attempt ended.
        _settle_failure(services, export, heartbeat.reason or error)


def _publish_file(
    services: Services, export: Export, heartbeat: Heartbeat, seconds_left: Callable[[], float]
) -> None:
    created = export.created_at.astimezone(services.settings.time_zone)
    file_name = name_file(export.request.type, export.request.spec.format, created)
    key = object_key(export.id, export.attempt, file_name)
    database = find_database(services.settings, f"doseexport:{export.id}", seconds_left)
    sink = services.files.open_sink(key, lambda upload_id: _record_upload(services, export, key, upload_id))
    with ExitStack() as cleanup:
        cleanup.callback(sink.discard)
        heartbeat.guard(sink)
        report = write_export(
            RequestContext(export.request, export.owner_name, created), database, sink, heartbeat
        )
        size, sha256 = sink.finish(partial(_describe_file, export, report, file_name))
        counts = report.studies, report.events, report.warnings
        result = Result(key, file_name, size, sha256, *counts, has_manifest=True)
        # From here on the file may be published even if DynamoDB's answer is lost.
        # Only a refusal discards it.
        cleanup.pop_all()
    now, retention = services.clock(), services.settings.retention
    if not services.exports.complete(export.id, export.attempt, result, now, retention):
        sink.discard()
        raise LeaseLostError("LEASE_LOST", "The export was aborted, or another attempt has it.")


def _describe_file(export: Export, report: FileReport, file_name: str, size: int, sha256: str) -> bytes:
    return write_manifest(export.id, export.request, report, FileFacts(file_name, size, sha256))


def _record_upload(services: Services, export: Export, key: str, upload_id: str) -> None:
    if not services.exports.record_upload(export.id, export.attempt, key, upload_id):
        raise LeaseLostError("LEASE_LOST", "Another attempt has the export.")


def _settle_failure(services: Services, export: Export, error: Exception) -> None:
    """Write how the attempt ended. What may succeed next time is released for the sweep."""
    _LOGGER.warning("attempt_failed", extra={"export_id": export.id, **describe_error(error)})
    exports, attempt, now = services.exports, (export.id, export.attempt), services.clock()
    if isinstance(error, AbortedError | LeaseLostError):
        exports.settle_aborted(*attempt, now)
    elif isinstance(error, ExportError) and not isinstance(error, RetryableError):
        if not exports.fail(*attempt, error.code, error.message, now):
            exports.settle_aborted(*attempt, now)
    else:
        known = error if isinstance(error, RetryableError) else _unexpected()
        exports.release(*attempt, known.code, known.message, now)


def _unexpected() -> RetryableError:
    return RetryableError("INTERNAL", "Something went wrong in the service. Its log has the details.")
