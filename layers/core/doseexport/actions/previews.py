"""Count what an export would hold before it is requested, and estimate its size and time."""

from __future__ import annotations

import logging
import time

from doseexport import catalogue
from doseexport.actions.features import check_features
from doseexport.actions.results import Preview
from doseexport.aws.credentials import find_database
from doseexport.aws.logging import describe_error
from doseexport.aws.metrics import record_preview_timeout
from doseexport.aws.services import Services
from doseexport.catalogue import CustomRows, Frequency, Inclusions, Modality, ModalityWorkbook
from doseexport.catalogue.options import limit_events
from doseexport.catalogue.schema import Schema
from doseexport.domain.request import ExportRequest, check_retention, parse_request
from doseexport.domain.rights import Caller, require_service
from doseexport.engine.estimates import estimate_file
from doseexport.engine.preview_query import PreviewRow, build_preview
from doseexport.engine.query import Counts, Query
from doseexport.errors import ExportError, UnavailableError

STATEMENT_SECONDS = 20.0
"""How long PostgreSQL may count."""
ANSWER_SECONDS = 27.0
"""How long connecting and counting may take together: API Gateway waits for 30 s."""
MOST_FREQUENT = 10

_LOGGER = logging.getLogger(__name__)
_TIMED_OUT = frozenset({"OUT_OF_TIME", "TABLES_LOCKED"})


def preview_export(services: Services, caller: Caller, body: object) -> Preview | None:
    """Check a request as request_export does, and count what it would hold. Nothing is started or stored.

    Return None if PostgreSQL cannot count in time. Raise RequestError: 400, 403 or 422 as request_export
    does, and 503 if the database cannot answer.
    """
    require_service(caller)
    request = parse_request(body, may_see_patients=caller.may_see_patients)
    check_retention(request.retention_days, services.settings.max_retention)
    try:
        row = count_export(services, request)
    except ExportError as error:
        if error.code in _TIMED_OUT:
            record_preview_timeout(request.type, error.code)
            return None
        _LOGGER.warning("preview_failed", extra={"code": error.code, **describe_error(error)})
        raise UnavailableError(error.code, error.message) from None
    return make_preview(request, row)


def make_preview(request: ExportRequest, row: PreviewRow) -> Preview:
    """Return the preview that the row of a preview's statement means for a request."""
    inclusions = Inclusions(request.include_names, request.include_ids)
    counts = Counts(row.studies, row.events, limit_events(request.options, row.most_events))
    size, seconds = estimate_file(request.spec, inclusions, counts)
    return Preview(row, size if row.studies else 0, seconds if row.studies else 0)


def find_frequency(modality: Modality) -> Frequency:
    """Return the value that characterises a modality's studies: its workbook has a sheet for each."""
    for spec in catalogue.load_specs().values():
        if spec.modality.name != modality.name:
            continue
        if isinstance(spec.layout, ModalityWorkbook):
            return spec.layout.sheets
        if isinstance(spec.layout, CustomRows) and spec.layout.summary:
            return spec.layout.frequencies[0]
    raise LookupError(f"no workbook of {modality.name} has a sheet for each value of a column")


def count_export(services: Services, request: ExportRequest) -> PreviewRow:
    """Return the counts, dates and frequent values of what an export would contain."""
    start = time.monotonic()
    database = find_database(
        services.settings,
        "doseexport:preview",
        lambda: min(STATEMENT_SECONDS, start + ANSWER_SECONDS - time.monotonic()),
    )
    frequency = find_frequency(request.spec.modality)

    def build_query(schema: Schema) -> Query:
        check_features(request, schema)
        return build_preview(request, frequency, MOST_FREQUENT, schema)

    (row,) = database.fetch_rows(build_preview(request, frequency, MOST_FREQUENT).tables, build_query)
    return PreviewRow(*row)
