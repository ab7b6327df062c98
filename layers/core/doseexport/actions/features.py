"""Features that a release of OpenREM can lack: what the worker has seen, and what may be requested."""

from __future__ import annotations

import logging

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.catalogue.schema import FULL, Schema
from doseexport.domain.request import ExportRequest
from doseexport.errors import ExportError, unprocessable

_LOGGER = logging.getLogger(__name__)


def record_schema(services: Services, schema: Schema) -> None:
    """Record what the database has, for the catalogue. If that fails, the export goes on."""
    try:
        services.schemas.record(schema, services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("schema_not_recorded", extra=describe_error(error))


def find_schema(services: Services) -> Schema:
    """Return what the database was last seen to have. If that cannot be read, it has everything.

    The worker checks every export again, so no more than an offer can be wrong.
    """
    try:
        return services.schemas.find(services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("schema_not_read", extra=describe_error(error))
        return FULL


def check_features(request: ExportRequest, schema: Schema) -> None:
    """Raise RequestError (422) if the request needs what OpenREM's database lacks."""
    try:
        schema.require(request.spec.list_features(request.filters))
    except ExportError as error:
        raise unprocessable("NOT_IN_OPENREM", error.message, error.field or "type") from None
