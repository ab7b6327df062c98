"""The export of one file from one snapshot of the database, by a worker or on the command line.

snapshot ─► counts ─► two COPY streams ─► merge ─► writer ─► sink
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from doseexport.catalogue import Inclusions, Spec
from doseexport.catalogue.schema import STANDARD_NAME_SETTINGS, STANDARD_NAMES, Schema
from doseexport.engine.merge import MergeStats, merge_streams
from doseexport.engine.plan import RequestContext, hide_studies, log_warnings, plan_file
from doseexport.engine.postgres import Database
from doseexport.engine.progress import Monitor
from doseexport.engine.pseudonyms import prepare_pseudonyms
from doseexport.engine.query import Counts, build_queries, list_tables
from doseexport.engine.snapshot import Snapshot
from doseexport.engine.study_warnings import (
    Concerned,
    StudyWarning,
    count_warnings,
    describe_warnings,
    list_ids,
    shows_accession_numbers,
)
from doseexport.engine.tables import TableProgress, write_tables
from doseexport.engine.writers import Sink, StudyWriter, Writer, find_writer
from doseexport.engine.writers.file_plan import FileReport
from doseexport.engine.writers.tables import TablesWriter
from doseexport.errors import ExportError

MISSING_NAMES = (
    "Standard names are not in this file, because the database has no {tables}."
    " An administrator must complete the upgrade of OpenREM, or restore these tables."
)
UNREADABLE_NAMES = (
    "Standard names are not in this file, because the database user may not read {tables}."
    " After an upgrade, an administrator must run docs/read_only_role.sql again."
)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_export(context: RequestContext, database: Database, sink: Sink, monitor: Monitor) -> FileReport:
    """Write the complete file to the sink and return its report. The caller completes the sink.

    The rows read must be the rows counted. Raise ExportError if they differ, if no study matches, or if the
    type exports one study and several match. Raise RetryableError if the database connection is lost.
    """
    spec = context.request.spec
    writer_type = find_writer(spec)
    pseudonyms = prepare_pseudonyms(context.request, context.pseudonym_key)
    stats = MergeStats()
    with explain_disk_errors(), ExitStack() as cleanup:
        with database.open_snapshot() as snapshot:
            monitor.guard(snapshot)
            snapshot.begin(list_tables(context.request))
            schema = snapshot.read_schema()
            monitor.note_schema(schema)
            schema.require(spec.list_features(context.request.filters))
            standard, unread = find_standard_names(spec, snapshot, schema)
            inclusions = Inclusions(context.request.include_names, context.request.include_ids, standard)
            queries = build_queries(context.request, inclusions, schema)
            snapshot.start_longest(queries, writer_type.copy_format)
            counts = snapshot.count(queries)
            _check_counts(spec, counts)
            monitor.expect(counts.studies)
            frequencies = snapshot.count_frequencies(queries)
            plan = plan_file(context, inclusions, counts, frequencies, database.time_zone)
            plan = log_warnings(plan, stats.log)
            if pseudonyms:
                plan = hide_studies(plan)
            writer = writer_type(sink, plan, spec.layout)
            cleanup.callback(writer.discard)
            if isinstance(writer, TablesWriter):
                streams = snapshot.stream_tables(queries, writer.copy_format)
                write_tables(streams, writer, stats, TableProgress(monitor, counts), pseudonyms)
            else:
                studies, events = snapshot.stream(queries, writer.copy_format)
                if pseudonyms:
                    studies = pseudonyms.change(studies, writer.separator)
                _write_studies(studies, events, writer, stats, monitor)
            stats.check_totals(counts.studies, counts.events if spec.events else None)
            report = FileReport(
                counts.studies,
                counts.events,
                snapshot_at=snapshot.taken_at(),
                time_zone=database.time_zone if spec.has_event_times else None,
                dictionary=plan.dictionary,
                pseudonym_key_id=pseudonyms.key_id if pseudonyms else "",
            )
            found = _FoundWarnings(spec, stats, snapshot, names_studies=pseudonyms is None)
        return _finish_file(writer, report, unread, found)


def _write_studies(
    studies: Iterator[bytes],
    events: Iterator[bytes],
    writer: StudyWriter,
    stats: MergeStats,
    monitor: Monitor,
) -> None:
    for study in merge_streams(studies, events, writer.separator, stats):
        writer.write(study)
        monitor.advance()


def _check_counts(spec: Spec, counts: Counts) -> None:
    if not counts.studies:
        raise ExportError("NO_STUDIES", "No study matches the filters, so there is no file.")
    if spec.needs and counts.studies > 1:
        raise ExportError(
            "SEVERAL_STUDIES",
            "Several studies match, but this file holds one study. Enter its Study ID or Study UID.",
        )


def find_standard_names(spec: Spec, snapshot: Snapshot, schema: Schema) -> tuple[bool, list[str]]:
    """Return whether the file has standard names, and warnings of their tables if it cannot have them."""
    tables = STANDARD_NAMES.tables
    if not spec.has_standard_names or not tables & schema.tables:
        return False, []
    missing, unreadable = tables - schema.tables, tables & schema.unreadable
    if STANDARD_NAME_SETTINGS not in missing | unreadable and not snapshot.has_standard_names():
        return False, []
    found = ((MISSING_NAMES, missing), (UNREADABLE_NAMES, unreadable))
    warnings = [message.format(tables=", ".join(sorted(names))) for message, names in found if names]
    return not warnings, warnings


class _FoundWarnings:
    """The warnings about studies: those of their rows, of repeated rows, and of the writer.

    What they show of the database is read at once. The writer can add more at its end, when the snapshot is
    over, but about no further study.
    """

    def __init__(self, spec: Spec, stats: MergeStats, snapshot: Snapshot, *, names_studies: bool) -> None:
        self._spec = spec
        self._stats = stats
        self._names_studies = names_studies
        self._repeats = snapshot.explain_repeats(spec, stats.repeated)
        shown = shows_accession_numbers(spec)
        self._numbers = snapshot.find_accession_numbers(list_ids(self._list())) if shown else {}

    def describe(self) -> list[StudyWarning]:
        """Return the warnings that are known by now."""
        found = self._list()
        warnings = describe_warnings(found, self._numbers) if self._names_studies else count_warnings(found)
        if self._stats.more_repeated:
            more = f"{self._stats.more_repeated} more studies have repeated records"
            warnings.append(StudyWarning(f"{more}: the first of each was used."))
        return warnings

    def _list(self) -> list[tuple[str, Concerned]]:
        spec, stats = self._spec, self._stats
        return [
            *stats.study_flags.describe(spec.studies),
            *(stats.event_flags.describe(spec.events) if spec.events else ()),
            *self._repeats,
            *stats.log.describe(),
        ]


def _add_warnings(report: FileReport, warnings: list[StudyWarning]) -> FileReport:
    messages = tuple(each.message for each in warnings)
    return replace(report, warnings=messages, study_warnings=tuple(each for each in warnings if each.studies))


def _finish_file(writer: Writer, report: FileReport, unread: list[str], found: _FoundWarnings) -> FileReport:
    """Write the end of the file, and return the report with all warnings and the writer's sheets."""
    writer.end()
    whole = _add_warnings(report, [*map(StudyWarning, unread), *found.describe()])
    whole = replace(whole, warnings=(*whole.warnings, *writer.warnings), exclusions=writer.exclusions)
    whole = replace(whole, answer=writer.answer)
    return replace(whole, sheets=tuple(writer.finish(whole)))


@contextmanager
def explain_disk_errors() -> Iterator[None]:
    """Raise ExportError instead of OSError for a full disk, a quota or a limit of the file size."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise ExportError("NO_SPACE", "The file does not fit into the available disk space.") from error
