"""Record what users do beside their changes: when they were last active, and which patients they read."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain import audit
from doseexport.domain.audit import AuditEntry, find_owner_id
from doseexport.domain.export import Export
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller, may_see_filters, may_see_patient_filters
from doseexport.errors import UnavailableError

_LOGGER = logging.getLogger(__name__)


def record_activity(services: Services, caller: Caller) -> None:
    """Record that a person uses the service now. If that fails, the request goes on."""
    if caller.is_machine:
        return
    try:
        services.users.record_activity(caller.id, services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("activity_not_recorded", extra=describe_error(error))


def record_reading(services: Services, caller: Caller, exports: Iterable[Export]) -> None:
    """Record that a caller reads filters of other users' exports that can name patients."""
    for export in exports:
        if export.has_patient_data and may_see_filters(caller, export) and caller.id != export.owner:
            services.audit.write_reading(export.id, caller, services.clock())


def record_trail_reading(services: Services, caller: Caller, entries: Sequence[AuditEntry]) -> None:
    """Record the same for the audit trail of one export, which holds the filters, too."""
    names_patients = any(entry.names_patients for entry in entries)
    if may_see_patient_filters(caller) and names_patients and caller.id != find_owner_id(entries):
        services.audit.write_reading(entries[0].export_id, caller, services.clock())


def record_first_rows(services: Services, caller: Caller, request: ExportRequest) -> None:
    """Record that a caller is about to be shown names or IDs of patients in the first rows of a request.

    Raise UnavailableError (503) if that cannot be recorded: then they must not be shown.
    """
    entry = audit.make_first_rows_entry(request, services.clock(), caller)
    try:
        is_written = services.audit.write_first_rows(entry)
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("first_rows_not_recorded", extra=describe_error(error))
        is_written = False
    if not is_written:
        message = "The audit trail cannot be written, so no names and IDs are shown. Try again later."
        raise UnavailableError("AUDIT_TRAIL_UNAVAILABLE", message)
