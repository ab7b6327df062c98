"""What an export would hold, likely size and time: told before anything is started."""

from __future__ import annotations

import logging
import time
from typing import Any

from doseexport import catalogue
from doseexport.aws.credentials import find_database
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.catalogue import CustomRows, Frequency, Inclusions, Modality, ModalityWorkbook
from doseexport.domain.request import ExportRequest, parse_request
from doseexport.domain.rights import Caller, require_service
from doseexport.engine.estimates import estimate_file
from doseexport.engine.query import Counts, build_preview
from doseexport.errors import ExportError, UnavailableError

STATEMENT_SECONDS = 20.0
"""How long PostgreSQL may count."""
ANSWER_SECONDS = 27.0
"""How long connecting and counting may take together: API Gateway waits for 30 s."""
MOST_FREQUENT = 10

_LOGGER = logging.getLogger(__name__)
_TIMED_OUT = "OUT_OF_TIME"


def preview_export(services: Services, caller: Caller, body: object) -> dict[str, Any]:
    """Check a request as asking for it would, and count what it means; nothing is started or kept.

    Where PostgreSQL cannot count it in time, `timed_out` is true and every number null.
    RequestError: 400, 403, 422 as for asking; 503 if the database cannot answer.
    """
    require_service(caller)
    request = parse_request(body, may_see_patients=caller.may_see_patients)
    try:
        row = _ask_database(services, request)
    except ExportError as error:
        if error.code == _TIMED_OUT:
            return present_preview(request, None)
        _LOGGER.warning("preview_failed", extra={"code": error.code, **describe_error(error)})
        raise UnavailableError(error.code, error.message) from None
    return present_preview(request, row)


def present_preview(request: ExportRequest, row: Any | None) -> dict[str, Any]:
    """Return the answer, from the row that the database gave (None: it ran out of time)."""
    if row is None:
        names = ("studies", "events", "first_date", "last_date", "estimated_size", "estimated_seconds")
        return {**dict.fromkeys(names), "protocols": None, "timed_out": True}
    studies, events, widest, first_date, last_date, protocols = row
    survey = Counts(studies, events, widest)
    size, seconds = estimate_file(
        request.spec, Inclusions(request.include_names, request.include_ids), survey
    )
    return {
        "studies": studies,
        "events": events,
        "first_date": first_date,
        "last_date": last_date,
        "protocols": [{"value": value, "count": count} for value, count in protocols],
        "estimated_size": size if studies else 0,
        "estimated_seconds": seconds if studies else 0,
        "timed_out": False,
    }


def find_frequency(modality: Modality) -> Frequency:
    """Return what tells most of a modality's studies: that by which its workbook has its sheets."""
    for spec in catalogue.load_specs().values():
        if spec.modality.name == modality.name and isinstance(spec.layout, ModalityWorkbook):
            return spec.layout.sheets
        if (
            spec.modality.name == modality.name
            and isinstance(spec.layout, CustomRows)
            and spec.layout.summary
        ):
            return spec.layout.frequencies[0]
    raise LookupError(f"no workbook of {modality.name} has sheets by what its data say")


def _ask_database(services: Services, request: ExportRequest) -> Any:
    start = time.monotonic()
    database = find_database(
        services.settings,
        "doseexport:preview",
        lambda: min(STATEMENT_SECONDS, start + ANSWER_SECONDS - time.monotonic()),
    )
    (row,) = database.fetch_rows(build_preview(request, find_frequency(request.spec.modality), MOST_FREQUENT))
    return row
