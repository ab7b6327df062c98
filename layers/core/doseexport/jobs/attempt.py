"""Run one attempt of an export, from claim to settle.

    claim ─► write the file into the sink (engine/export_file.py) ─► manifest ─► publish

A file exists for others only once its row says COMPLETED, and only `_publish_file` makes it say so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial

from doseexport.actions.features import record_schema
from doseexport.aws.credentials import find_database
from doseexport.aws.logging import describe_error
from doseexport.aws.metrics import count_abort, count_completion, count_failure, count_start
from doseexport.aws.services import Services
from doseexport.catalogue.options import PSEUDONYMS
from doseexport.domain.export import Export, Result, State, make_object_key, name_file
from doseexport.domain.export_name import label_file
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
    count_start(export)
    _LOGGER.info("attempt_started", extra={**_describe(export), "waited_seconds": export.measure_wait()})
    note = partial(record_schema, services)
    heartbeat = Heartbeat(services.exports, export, services.clock, seconds_left, note)
    try:
        with heartbeat:
            result = _publish_file(services, export, heartbeat, seconds_left)
    except Exception as error:  # noqa: BLE001  every failure must reach the owner
        # After the last beat, so that only one thread writes how the attempt ended.
        _settle_failure(services, export, heartbeat.reason or error)
    else:
        _report_completion(export, result, services.clock())


def _publish_file(
    services: Services, export: Export, heartbeat: Heartbeat, seconds_left: Callable[[], float]
) -> Result:
    created = export.created_at.astimezone(services.settings.time_zone)
    file_name = name_file(export.request.type, export.request.spec.format, created)
    key = make_object_key(export.id, export.attempt, file_name)
    context = RequestContext(
        export.request, export.owner_name, created, _find_pseudonym_key(services, export)
    )
    database = find_database(services.settings, f"doseexport:{export.id}", seconds_left)
    sink = services.files.open_sink(key, lambda upload_id: _record_upload(services, export, key, upload_id))
    with ExitStack() as cleanup:
        cleanup.callback(sink.discard)
        heartbeat.guard(sink)
        report = write_export(context, database, sink, heartbeat)
        size, sha256 = sink.finish(partial(_describe_file, export, report, file_name))
        counts = report.studies, report.events, report.warnings
        result = Result(key, file_name, size, sha256, *counts, has_manifest=True, answer=report.answer)
        # From here on the file may be published even if DynamoDB's answer is lost.
        # Only a refusal discards it.
        cleanup.pop_all()
    now, retention = services.clock(), services.settings.retention
    if not services.exports.complete(export.id, export.attempt, result, now, retention):
        sink.discard()
        raise LeaseLostError("LEASE_LOST", "The export was aborted, or another attempt has it.")
    return result


def _find_pseudonym_key(services: Services, export: Export) -> bytes | None:
    project = export.request.options.get(PSEUDONYMS.name)
    return None if project is None else services.pseudonym_keys.find(project)


def _describe_file(export: Export, report: FileReport, file_name: str, size: int, sha256: str) -> bytes:
    facts = FileFacts(label_file(file_name, export.name), size, sha256)
    return write_manifest(export.id, export.request, report, facts, export.name)


def _record_upload(services: Services, export: Export, key: str, upload_id: str) -> None:
    if not services.exports.record_upload(export.id, export.attempt, key, upload_id):
        raise LeaseLostError("LEASE_LOST", "Another attempt has the export.")


def _settle_failure(services: Services, export: Export, error: Exception) -> None:
    """Write how the attempt ended. What may succeed next time is released for the sweep."""
    known = error if isinstance(error, ExportError) else _unexpected()
    now = services.clock()
    outcome = _settle(services, export, known, now)
    if outcome == State.ABORTED:
        count_abort(export)
        _LOGGER.info("attempt_ended", extra=_describe_end(export, outcome, now))
        return
    if outcome == State.FAILED:
        count_failure(export, known.code)
    extra = {**_describe_end(export, outcome, now), **describe_error(error), "code": known.code}
    _LOGGER.warning("attempt_ended", extra=extra)


def _settle(services: Services, export: Export, error: ExportError, now: datetime) -> str:
    """Return the state that the attempt gave the export, or RELEASED (to the sweep) or LOST (to another)."""
    exports, attempt = services.exports, (export.id, export.attempt)
    if isinstance(error, RetryableError):
        return "RELEASED" if exports.release(*attempt, error.code, error.message, now) else "LOST"
    is_final = not isinstance(error, AbortedError | LeaseLostError)
    if is_final and exports.fail(*attempt, error.code, error.message, now):
        return State.FAILED
    return State.ABORTED if exports.settle_aborted(*attempt, now) else "LOST"


def _report_completion(export: Export, result: Result, now: datetime) -> None:
    count_completion(export, result, now)
    extra = {**_describe_end(export, State.COMPLETED, now), "studies": result.studies, "bytes": result.size}
    _LOGGER.info("attempt_ended", extra=extra)


def _describe(export: Export) -> dict[str, object]:
    return {"export_id": export.id, "attempt": export.attempt, "type": export.request.type}


def _describe_end(export: Export, outcome: str, now: datetime) -> dict[str, object]:
    return {**_describe(export), "outcome": outcome, "seconds": export.measure_run(now)}


def _unexpected() -> RetryableError:
    return RetryableError("INTERNAL", "Something went wrong in the service. Its log has the details.")
