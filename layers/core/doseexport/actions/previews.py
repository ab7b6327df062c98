"""Count what an export would hold before it is requested, and estimate its size and time."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from doseexport import catalogue
from doseexport.actions.activity import record_first_rows
from doseexport.actions.features import check_features
from doseexport.actions.results import Preview
from doseexport.aws.credentials import find_database
from doseexport.aws.logging import describe_error
from doseexport.aws.metrics import count_preview_timeout
from doseexport.aws.services import Services
from doseexport.catalogue import Inclusions
from doseexport.catalogue.options import limit_events
from doseexport.catalogue.schema import Schema
from doseexport.domain.export_name import split_name
from doseexport.domain.request import ExportRequest, check_retention, parse_request
from doseexport.domain.rights import Caller, may_use_pseudonyms, require_service
from doseexport.engine.estimates import estimate_file
from doseexport.engine.first_rows import FirstTable, explain_no_rows, fetch_first_rows
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.engine.postgres_errors import QUERY_CANCELLED, TIMED_OUT
from doseexport.engine.preview_query import PreviewRow, build_preview, join_rows
from doseexport.engine.query import Counts
from doseexport.errors import ExportError, RequestError, UnavailableError, unprocessable

STATEMENT_SECONDS = 20.0
"""How long PostgreSQL may count."""
ANSWER_SECONDS = 27.0
"""How long connecting and counting may take together: API Gateway waits for 30 s."""
REPLACES = "[A-Za-z0-9-]{1,64}"
"""The pattern of a token by which a preview replaces earlier ones."""

_LOGGER = logging.getLogger(__name__)
Found = TypeVar("Found")


def preview_export(
    services: Services, caller: Caller, body: object, replaces: str | None = None
) -> Preview | None:
    """Check a request as request_export does, and count what it would hold. Nothing is started or stored.

    It stops the caller's previews that have the same token `replaces`. Return None if PostgreSQL cannot count
    in time. Raise RequestError: 400, 403 or 422 as request_export does, 409 if another preview has stopped
    this one, and 503 if the database cannot answer.
    """
    token = _read_token(caller, replaces)
    request = _check_request(services, caller, body)
    row = _ask(request, lambda: count_export(services, request, token), can_be_replaced=bool(token))
    return None if row is None else make_preview(request, row)


def show_first_rows(services: Services, caller: Caller, body: object) -> Sequence[FirstTable] | None:
    """Return the tables of a requested export with their first rows.

    Names and IDs of patients are among them if the request includes them, and then this is recorded first.
    Return None if PostgreSQL cannot read them in time. Raise RequestError as preview_export does, 422 for an
    export whose rows only its file has, and 503 for names and IDs that cannot be recorded.
    """
    request = _check_request(services, caller, body)
    if reason := explain_no_rows(request):
        raise unprocessable("NO_FIRST_ROWS", reason, "type")
    tables = _ask(request, lambda: read_first_rows(services, caller, request))
    if tables is not None and (request.include_names or request.include_ids):
        record_first_rows(services, caller, request)
    return tables


def _check_request(services: Services, caller: Caller, body: object) -> ExportRequest:
    require_service(caller)
    _, unnamed = split_name(body)
    request = parse_request(
        unnamed,
        may_see_patients=caller.may_see_patients,
        may_use_pseudonyms=may_use_pseudonyms(caller, services.settings.pseudonyms.group),
    )
    check_retention(request.retention_days, services.settings.max_retention)
    return request


def _ask(request: ExportRequest, ask: Callable[[], Found], *, can_be_replaced: bool = False) -> Found | None:
    """Return what the database answers, or None if that takes too long.

    Raise RequestError: 409 if another preview has stopped this one, and 503 if there is no answer.
    """
    try:
        return ask()
    except ExportError as error:
        if can_be_replaced and error.code == QUERY_CANCELLED:
            raise RequestError(
                "PREVIEW_REPLACED", "A newer preview has replaced this one.", None, 409
            ) from None
        if error.code in TIMED_OUT:
            count_preview_timeout(request.type, error.code)
            return None
        _LOGGER.warning("preview_failed", extra=describe_error(error))
        raise UnavailableError(error.code, error.message) from None


def _read_token(caller: Caller, given: str | None) -> str:
    """Return what the sessions of a caller's token are called by, or "" without a token.

    Raise RequestError (400) for a token that is not possible.
    """
    if given is None:
        return ""
    if not re.fullmatch(REPLACES, given, re.ASCII):
        raise RequestError("BAD_TOKEN", "A token has 1 to 64 letters, digits and hyphens.", "replaces", 400)
    return hashlib.sha256(f"{caller.id} {given}".encode()).hexdigest()[:32]


def make_preview(request: ExportRequest, row: PreviewRow) -> Preview:
    """Return the preview that the row of a preview's statement means for a request."""
    inclusions = Inclusions(request.include_names, request.include_ids)
    counts = Counts(row.studies, row.events, limit_events(request.options, row.most_events))
    size, seconds = estimate_file(request.spec, inclusions, counts)
    return Preview(row, size if row.studies else 0, seconds if row.studies else 0)


def count_export(services: Services, request: ExportRequest, token: str) -> PreviewRow:
    """Return the counts, dates and frequent values of what an export would contain.

    With a token, first stop what other sessions with the same token are counting.
    """
    database = _find_database(services, ":".join(filter(None, ("doseexport:preview", token))))
    return fetch_preview(
        database, request, lambda schema: check_features(request, schema), replaces=bool(token)
    )


def fetch_preview(
    database: Database, request: ExportRequest, check: Callable[[Schema], None], *, replaces: bool = False
) -> PreviewRow:
    """Return the counts, dates and frequent values of what an export from this database would contain.

    `check` raises if the request needs what the schema lacks. With `replaces`, first cancel what other
    sessions of the database's name are doing. Raise the errors of Database.open_snapshot.
    """
    frequency = catalogue.find_frequency(request.type)
    tables = {name for query in build_preview(request, frequency) for name in query.tables}
    with database.open_snapshot(replaces=replaces) as snapshot:
        snapshot.begin(tables)
        schema = snapshot.read_schema()
        check(schema)
        queries = build_preview(request, frequency, schema)
        (of_studies,), (of_events,) = snapshot.fetch_in_time(*queries)
    return join_rows(of_studies, of_events)


def read_first_rows(services: Services, caller: Caller, request: ExportRequest) -> Sequence[FirstTable]:
    """Return the tables of an export with their first rows."""
    database = _find_database(services, "doseexport:first-rows")
    context = RequestContext(request, caller.name, services.clock())
    return fetch_first_rows(context, database, lambda schema: check_features(request, schema))


def _find_database(services: Services, name: str) -> Database:
    start = time.monotonic()
    return find_database(
        services.settings,
        name,
        lambda: min(STATEMENT_SECONDS, start + ANSWER_SECONDS - time.monotonic()),
    )
