"""One whole file of one snapshot, for whoever wants it: the worker, or a person without AWS.

snapshot ─► survey ─► two COPY streams ─► merge ─► writer ─► sink
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from doseexport.catalogue import Inclusions, Spec
from doseexport.domain.request import ExportRequest
from doseexport.engine.merge import MergeStats, describe_stats, merge_streams
from doseexport.engine.plan import RequestContext, plan_layout
from doseexport.engine.postgres import Database, Snapshot
from doseexport.engine.progress import Monitor
from doseexport.engine.query import build_queries
from doseexport.engine.survey import Counts
from doseexport.engine.writers import Sink, Writer, find_writer
from doseexport.engine.writers.file_plan import FileReport
from doseexport.errors import ExportError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_export(asked: RequestContext, database: Database, sink: Sink, monitor: Monitor) -> FileReport:
    """Write the whole file into the sink and return what is in it; the sink is not yet finished."""
    spec = asked.request.spec
    writer_type = find_writer(spec)
    stats = MergeStats()
    with explain_disk_errors(), ExitStack() as cleanup:
        with database.open_snapshot() as snapshot:
            monitor.guard(snapshot)
            inclusions = _list_wishes(asked.request, snapshot)
            queries = build_queries(asked.request, inclusions)
            snapshot.begin(queries, writer_type.copy_format)
            survey = snapshot.survey(queries)
            _check_survey(spec, survey)
            monitor.expect(survey.studies)
            layout = plan_layout(asked, inclusions, survey, snapshot.count_frequencies(queries))
            writer = writer_type(sink, layout, spec.layout)
            cleanup.callback(writer.discard)
            studies, events = snapshot.stream(queries, writer.copy_format)
            for study in merge_streams(studies, events, writer.separator, stats):
                writer.write(study)
                monitor.advance()
            stats.check(survey.studies, survey.events if spec.events else None)
            warnings = describe_stats(spec, stats) + snapshot.explain_repeats(spec, stats.repeated)
            report = FileReport(
                survey.studies, survey.events, tuple(warnings), snapshot_at=snapshot.taken_at()
            )
        return _finish_file(writer, report)


def _check_survey(spec: Spec, survey: Counts) -> None:
    if not survey.studies:
        raise ExportError("NO_STUDIES", "No study matches the filters, so there is no file.")
    if spec.needs and survey.studies > 1:
        raise ExportError("SEVERAL_STUDIES", "Several studies match: this file is for one, so name its id.")


def _list_wishes(request: ExportRequest, snapshot: Snapshot) -> Inclusions:
    standard = request.spec.has_standard_names and snapshot.has_standard_names()
    return Inclusions(request.include_names, request.include_ids, standard)


def _finish_file(writer: Writer, report: FileReport) -> FileReport:
    writer.end()
    whole = replace(report, warnings=(*report.warnings, *writer.warnings), exclusions=writer.exclusions)
    return replace(whole, sheets=tuple(writer.finish(whole)))


@contextmanager
def explain_disk_errors() -> Iterator[None]:
    """Turn a full disk, quota or file size limit into ExportError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise ExportError("NO_SPACE", "The file is larger than the space there is for it.") from error
