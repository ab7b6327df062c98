"""Write the metrics of the service, as log lines from which CloudWatch makes them (embedded metric format).

One line describes one event. Export type, code and id are in the line, but are no dimensions: each
combination of dimensions would be a metric of its own, and cost as much. Nothing names a patient.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from doseexport.domain.export import Export, Result
from doseexport.domain.notification import MailFailure

SERVICE = "doseexport"
"""The only dimension. The namespace, which template.yaml sets, contains the name of the stack."""


class Metric(StrEnum):
    """The name of a metric.

    EXPORT_FAULTS is 1 for an export that failed through no fault of its request, and 0 for one that completed
    or failed otherwise. So its sum counts faults of the service, and its average is their share.
    """

    EXPORTS_COMPLETED = "ExportsCompleted"
    EXPORTS_FAILED = "ExportsFailed"
    EXPORTS_ABORTED = "ExportsAborted"
    EXPORT_FAULTS = "ExportFaults"
    EXPORT_STUDIES = "ExportStudies"
    EXPORT_BYTES = "ExportBytes"
    EXPORT_SECONDS = "ExportSeconds"
    QUEUE_SECONDS = "QueueSeconds"
    PREVIEWS_TIMED_OUT = "PreviewsTimedOut"
    SWEEP_BROKEN = "SweepBroken"
    SWEEP_LEFT = "SweepLeft"
    MAILS_SENT = "MailsSent"
    MAILS_REFUSED = "MailsRefused"


UNITS: Mapping[Metric, MetricUnit] = {
    Metric.EXPORT_BYTES: MetricUnit.Bytes,
    Metric.EXPORT_SECONDS: MetricUnit.Seconds,
    Metric.QUEUE_SECONDS: MetricUnit.Seconds,
}
"""The units of metrics that are no counts."""

REQUEST_FAILURES = frozenset({"NOT_IN_OPENREM", "NO_STUDIES", "NO_VALUES", "SEVERAL_STUDIES", "TOO_WIDE"})
"""Codes of failures for which only the request can be the reason. Any other code needs an engineer."""


def count_start(export: Export) -> None:
    """Write how long an export waited for the worker that has claimed it."""
    _write({Metric.QUEUE_SECONDS: export.measure_wait()}, _describe(export))


def count_completion(export: Export, result: Result, now: datetime) -> None:
    """Count a completed export, its studies and bytes, and how long its attempt took."""
    values = {
        Metric.EXPORTS_COMPLETED: 1,
        Metric.EXPORT_FAULTS: 0,
        Metric.EXPORT_STUDIES: result.studies,
        Metric.EXPORT_BYTES: result.size,
        Metric.EXPORT_SECONDS: export.measure_run(now),
    }
    _write(values, _describe(export))


def count_failure(export: Export, code: str) -> None:
    """Count an export that has failed for good."""
    is_fault = code not in REQUEST_FAILURES
    values = {Metric.EXPORTS_FAILED: 1, Metric.EXPORT_FAULTS: int(is_fault)}
    _write(values, {**_describe(export), "code": code})


def count_abort(export: Export) -> None:
    """Count an export that was aborted."""
    _write({Metric.EXPORTS_ABORTED: 1}, _describe(export))


def count_preview_timeout(export_type: str, code: str) -> None:
    """Count a preview that PostgreSQL could not count in time."""
    _write({Metric.PREVIEWS_TIMED_OUT: 1}, {"type": export_type, "code": code})


def count_sweep(counts: Mapping[str, int]) -> None:
    """Count the exports that a sweep could not handle, and those that it had no time for."""
    _write({Metric.SWEEP_BROKEN: counts.get("broken", 0), Metric.SWEEP_LEFT: counts.get("left", 0)}, {})


def count_owner_mail(export_id: str, failure: MailFailure | None) -> None:
    """Count a mail to the owner of an export, and whether SES refused it."""
    is_refused = failure is MailFailure.MAIL_REFUSED
    values = {Metric.MAILS_SENT: int(failure is None), Metric.MAILS_REFUSED: int(is_refused)}
    _write(values, {"export_id": export_id, "code": failure or ""})


def _describe(export: Export) -> dict[str, str | int]:
    return {"export_id": export.id, "type": export.request.type, "attempt": export.attempt}


def _write(values: Mapping[Metric, float], details: Mapping[str, str | int]) -> None:
    # Metrics of Powertools share their state, and the sweep has threads.
    namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", SERVICE)
    metrics = EphemeralMetrics(namespace=namespace, service=SERVICE)
    for metric, value in values.items():
        metrics.add_metric(metric, UNITS.get(metric, MetricUnit.Count), value)
    for name, detail in details.items():
        metrics.add_metadata(name, detail)
    metrics.flush_metrics()
