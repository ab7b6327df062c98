"""One run of an export, from claim to settle: the only place that knows the order.

    claim ─► snapshot ─► survey ─► two COPY streams ─► merge ─► writer ─► sink ─► manifest ─► publish

A file exists for others only when its row says COMPLETED, and only `_publish_file` makes it say so.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from doseexport.credentials import find_database
from doseexport.database import Database, Snapshot
from doseexport.errors import AbortedError, ExportError, LeaseLostError, RetryableError
from doseexport.export import Export, Result, name_file, object_key
from doseexport.exports import Spec, Wishes
from doseexport.heartbeat import Heartbeat
from doseexport.logs import describe_error
from doseexport.manifest import FileFacts, write_manifest
from doseexport.monitor import Monitor
from doseexport.plan import Asked, plan_layout
from doseexport.query import build_queries
from doseexport.request import ExportRequest
from doseexport.rows import Tally, describe_tally, merge_streams
from doseexport.services import Services
from doseexport.survey import Survey
from doseexport.writers import Sink, Writer, find_writer
from doseexport.writers.layout import Report

_LOGGER = logging.getLogger(__name__)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(services: Services, export_id: str, attempt: int, seconds_left: Callable[[], float]) -> None:
    """Run one attempt of an export and settle it, however it ends; nothing if it is not ours to run."""
    export = services.store.claim(export_id, attempt, services.clock())
    if export is None:
        _LOGGER.info("not_claimed", extra={"export_id": export_id, "attempt": attempt})
        return
    heartbeat = Heartbeat(services.store, export, services.clock, seconds_left)
    try:
        with heartbeat:
            _publish_file(services, export, heartbeat, seconds_left)
    except Exception as error:  # noqa: BLE001  every failure must reach the person who asked
        # After the last beat, so that only one thread writes how the attempt ended.
        _settle_failure(services, export, heartbeat.reason or error)


def write_export(asked: Asked, database: Database, sink: Sink, monitor: Monitor) -> Report:
    """Write the whole file into the sink and return what is in it; the sink is not yet finished."""
    spec = asked.request.spec
    writer_type = find_writer(spec)
    tally = Tally()
    with explain_disk_errors(), ExitStack() as cleanup:
        with database.open_snapshot() as snapshot:
            monitor.guard(snapshot)
            wishes = _list_wishes(asked.request, snapshot)
            queries = build_queries(asked.request, wishes)
            snapshot.begin(queries, writer_type.copy_format)
            survey = snapshot.survey(queries)
            _check_survey(spec, survey)
            monitor.expect(survey.studies)
            layout = plan_layout(asked, wishes, survey, snapshot.count_frequencies(queries))
            writer = writer_type(sink, layout, spec.layout)
            cleanup.callback(writer.discard)
            studies, events = snapshot.stream(queries, writer.copy_format)
            for study in merge_streams(studies, events, writer.separator, tally):
                writer.write(study)
                monitor.advance()
            tally.check(survey.studies, survey.events if spec.events else None)
            warnings = describe_tally(spec, tally) + snapshot.explain_repeats(spec, tally.repeated)
            report = Report(survey.studies, survey.events, tuple(warnings), snapshot_at=snapshot.taken_at())
        return _finish_file(writer, report)


def _check_survey(spec: Spec, survey: Survey) -> None:
    if not survey.studies:
        raise ExportError("NO_STUDIES", "No study matches the filters, so there is no file.")
    if spec.needs and survey.studies > 1:
        raise ExportError("SEVERAL_STUDIES", "Several studies match: this file is for one, so name its id.")


def _list_wishes(request: ExportRequest, snapshot: Snapshot) -> Wishes:
    standard = request.spec.has_standard_names and snapshot.has_standard_names()
    return Wishes(request.names, request.ids, standard)


def _finish_file(writer: Writer, report: Report) -> Report:
    writer.end()
    whole = replace(report, warnings=(*report.warnings, *writer.warnings), exclusions=writer.exclusions)
    return replace(whole, sheets=tuple(writer.finish(whole)))


def _publish_file(
    services: Services, export: Export, heartbeat: Heartbeat, seconds_left: Callable[[], float]
) -> None:
    created = export.created_at.astimezone(services.settings.time_zone)
    file_name = name_file(export.request.type, export.request.spec.format, created)
    key = object_key(export.id, export.attempt, file_name)
    database = find_database(services.settings, f"doseexport:{export.id}", seconds_left)
    sink = services.files.open_sink(key, lambda upload_id: _note_upload(services, export, key, upload_id))
    with ExitStack() as cleanup:
        cleanup.callback(sink.discard)
        heartbeat.guard(sink)
        report = write_export(Asked(export.request, export.owner_name, created), database, sink, heartbeat)
        size, sha256 = sink.finish(partial(_describe_file, export, report, file_name))
        counts = report.studies, report.events, report.warnings
        result = Result(key, file_name, size, sha256, *counts, has_manifest=True)
        # From here on the file may be published even if the answer never comes: only a no discards it.
        cleanup.pop_all()
    now, retention = services.clock(), services.settings.retention
    if not services.store.complete(export.id, export.attempt, result, now, retention):
        sink.discard()
        raise LeaseLostError("LEASE_LOST", "The export was aborted, or another attempt has it.")


def _describe_file(export: Export, report: Report, file_name: str, size: int, sha256: str) -> bytes:
    return write_manifest(export.id, export.request, report, FileFacts(file_name, size, sha256))


def _note_upload(services: Services, export: Export, key: str, upload_id: str) -> None:
    if not services.store.note_upload(export.id, export.attempt, key, upload_id):
        raise LeaseLostError("LEASE_LOST", "Another attempt has the export.")


def _settle_failure(services: Services, export: Export, error: Exception) -> None:
    """Write down how the attempt ended; what may go better next time is left to the sweep."""
    _LOGGER.warning("attempt_failed", extra={"export_id": export.id, **describe_error(error)})
    store, mine, now = services.store, (export.id, export.attempt), services.clock()
    if isinstance(error, AbortedError | LeaseLostError):
        store.settle_aborted(*mine, now)
    elif isinstance(error, ExportError) and not isinstance(error, RetryableError):
        if not store.fail(*mine, error.code, error.sentence, now):
            store.settle_aborted(*mine, now)
    else:
        known = error if isinstance(error, RetryableError) else _unexpected()
        store.release(*mine, known.code, known.sentence, now)


def _unexpected() -> RetryableError:
    return RetryableError("INTERNAL", "Something went wrong in the service; its log has the details.")


@contextmanager
def explain_disk_errors() -> Iterator[None]:
    """Turn a full disk, quota or file size limit into ExportError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise ExportError("NO_SPACE", "The file is larger than the space there is for it.") from error
