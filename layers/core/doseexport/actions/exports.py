"""What people do with exports: one function per request of the API, from a caller to a domain object.

Everyone who may use the service sees that an export exists. So 403 is for what a caller may not do to it, and
404 only for exports that are unknown, deleted or expired.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

from doseexport.actions.activity import record_activity, record_reading, record_trail_reading
from doseexport.actions.features import check_features, find_schema
from doseexport.actions.listing import find_page, parse_list_query
from doseexport.actions.presets import load_for_use
from doseexport.actions.results import AuditTrail, Deletions, Download, ExportPage, Link
from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error, find_correlation_id
from doseexport.aws.metrics import count_abort
from doseexport.aws.services import Services
from doseexport.aws.sqs import Message
from doseexport.domain.audit import find_owner_id
from doseexport.domain.export import Export, Result, State, is_id, make_export, make_id, name_manifest
from doseexport.domain.export_name import find_label, label_file, split_name
from doseexport.domain.request import (
    ExportRequest,
    bad_retention,
    check_mail,
    check_retention,
    parse_request,
    parse_retention,
)
from doseexport.domain.rights import (
    Caller,
    may_use_pseudonyms,
    require_audit_trail,
    require_change,
    require_open,
    require_service,
)
from doseexport.domain.schedule import Schedule
from doseexport.errors import RequestError, UnavailableError, unprocessable

MAX_DELETED = 100
"""The most exports that one request may delete: the longest page of the list."""
DELETED_AT_ONCE = 8
"""How many of them wait for S3 at the same time: each waits for it three times."""
MAX_KEY = 255
"""The most characters of an Idempotency-Key."""

_LOGGER = logging.getLogger(__name__)


def request_export(
    services: Services, caller: Caller, body: object, idempotency_key: str | None = None
) -> Export:
    """Check a request, write its export's row and send its message. Return the export.

    The body may name a preset. The same key with the same request returns the same export.
    Raise RequestError: 400, 403, 409, 422, 429.
    """
    require_service(caller)
    name, unnamed = split_name(body)
    full_body = load_for_use(services, caller, unnamed)
    request = parse_request(
        full_body,
        may_see_patients=caller.may_see_patients,
        may_use_pseudonyms=may_use_pseudonyms(caller, services.settings.pseudonyms.group),
    )
    check_key(idempotency_key)
    check_mail(
        send_mail=request.send_mail,
        has_sender=services.settings.has_mail_sender,
        is_machine=caller.is_machine,
    )
    if any(request.spec.list_features(request.filters)):
        check_features(request, find_schema(services))
    record_activity(services, caller)
    return enqueue_export(services, caller, request, make_id(caller.id, idempotency_key), name=name)


def enqueue_export(  # noqa: PLR0913  the last two are for exports that have them
    services: Services,
    caller: Caller,
    request: ExportRequest,
    export_id: str,
    schedule: Schedule | None = None,
    *,
    name: str | None = None,
) -> Export:
    """Write the row of an export and send its message, for a request that is already checked.

    A second call with the same id returns the first call's export. Raise RequestError: 403, 409, 422, 429.
    """
    require_service(caller)
    check_retention(request.retention_days, services.settings.max_retention)
    requested = replace(
        make_export(export_id, caller.id, caller.name, request, services.clock()),
        retention_days=request.retention_days or services.settings.retention.days,
        name=name,
        schedule_id=schedule.id if schedule else None,
        schedule_name=schedule.terms.name if schedule else None,
        correlation_id=find_correlation_id(),
    )
    settings = services.settings
    limit, rate = settings.max_active_exports, settings.max_requests_per_minute
    export = services.exports.create(requested, limit, rate)
    if export is None:
        wait = services.exports.find_rate_wait(caller.id, requested.created_at, rate)
        raise _too_many_active(limit) if wait is None else _too_many_requests(rate, wait)
    _check_repeat(requested, export, services)
    if export.state is State.QUEUED:
        _send(services, export)
    return export


def check_key(key: str | None) -> None:
    """Raise RequestError (400) unless the key is None or a valid Idempotency-Key."""
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise RequestError(
            "BAD_IDEMPOTENCY_KEY",
            f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.",
            "Idempotency-Key",
            400,
        )


def list_exports(services: Services, caller: Caller, parameters: Mapping[str, str]) -> ExportPage:
    """Return a page of exports, newest first. Raise RequestError (400) naming the parameter."""
    require_service(caller)
    query = parse_list_query(parameters)
    record_activity(services, caller)
    exports, cursor = find_page(services, caller, query)
    record_reading(services, caller, exports)
    return ExportPage(exports, cursor)


def get_export(services: Services, caller: Caller, export_id: str) -> Export:
    """Return one export. Raise RequestError: 404."""
    return _read(services, caller, _find(services, caller, export_id))


def abort_export(services: Services, caller: Caller, export_id: str) -> Export:
    """Stop a queued or running export and return it. Raise RequestError: 403, 404, 409."""
    require_change(caller, _find(services, caller, export_id))
    now = services.clock()
    export = services.exports.request_abort(export_id, caller, now)
    if export is None or export.is_gone(now):
        raise _not_found()
    if export.state is State.ABORTED and export.finished_at == now:
        count_abort(export)  # it was queued; a worker or the sweep records the abort of a running one
    if export.state not in {State.ABORTING, State.ABORTED}:
        raise _conflict("NOT_ACTIVE", "This export has ended: there is nothing to abort.")
    return _read(services, caller, export)


def download_export(services: Services, caller: Caller, export_id: str) -> Download:
    """Record a download in the audit trail, and return links to the file and its manifest.

    Raise RequestError: 403, 404, 409.
    """
    export = _find(services, caller, export_id)
    require_open(caller, export)
    if not export.is_downloadable or export.result is None:
        raise _conflict("NOT_READY", "There is no file: the export has not completed.")
    if not services.exports.issue_link(export, caller, services.clock()):
        raise _not_found()  # deleted or expired since it was read
    return _make_links(services, export.result, find_label(caller, export))


def delete_export(services: Services, caller: Caller, export_id: str) -> None:
    """Delete one export that has ended: at once for every read, then its objects.

    Raise RequestError: 403, 404, 409.
    """
    require_change(caller, _find(services, caller, export_id))
    if not services.exports.delete(export_id, caller, services.clock()):
        _find(services, caller, export_id)
        raise _conflict("STILL_ACTIVE", "This export is still in progress. Abort it first.")
    _delete_objects(services, export_id)


def delete_exports(services: Services, caller: Caller, body: object) -> Deletions:
    """Delete the exports in {"ids": [...]}. Raise RequestError (422) for any other body."""
    require_service(caller)
    ids = _parse_ids(body)
    with ThreadPoolExecutor(DELETED_AT_ONCE, "delete") as pool:
        refusals = pool.map(partial(_try_delete, services, caller), ids)
    found = dict(zip(ids, refusals, strict=True))
    refused = {export_id: error for export_id, error in found.items() if error is not None}
    return Deletions([export_id for export_id in ids if export_id not in refused], refused)


def _try_delete(services: Services, caller: Caller, export_id: str) -> RequestError | None:
    """Delete one export. Return why it was refused or failed, or None. A failure must not hide the others."""
    try:
        delete_export(services, caller, export_id)
    except RequestError as error:
        return error
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("not_deleted", extra={"export_id": export_id, **describe_error(error)})
        return UnavailableError("NOT_DELETED", "This export could not be deleted now. Try again in a minute.")
    return None


def set_retention(services: Services, caller: Caller, export_id: str, body: object) -> Export:
    """Set the retention of an export's file from {"retention_days": N}. Return the export.

    Raise RequestError: 403, 404, 409, 422.
    """
    export = _find(services, caller, export_id)
    require_change(caller, export)
    days, now = parse_retention(body, services.settings.max_retention), services.clock()
    if export.finished_at is not None and export.finished_at + timedelta(days=days) <= now:
        raise bad_retention("That retention period has already passed. Delete the export instead.")
    changed = services.exports.set_retention(export_id, days, caller, now)
    if changed is None:
        _find(services, caller, export_id)
        raise _conflict("NO_FILE_TO_RETAIN", "This export has no file and will have none.")
    return _read(services, caller, changed)


def get_audit_trail(services: Services, caller: Caller, export_id: str) -> AuditTrail:
    """Return the audit trail of an export, even of a deleted one. Raise RequestError: 403, 404."""
    require_service(caller)
    entries = services.audit.read(export_id) if is_id(export_id) else []
    if not entries:
        raise _not_found()
    require_audit_trail(caller, find_owner_id(entries))
    record_trail_reading(services, caller, entries)
    return AuditTrail(export_id, entries)


def _find(services: Services, caller: Caller, export_id: str) -> Export:
    require_service(caller)
    export = services.exports.get(export_id, services.clock()) if is_id(export_id) else None
    if export is None:
        raise _not_found()
    return export


def _read(services: Services, caller: Caller, export: Export) -> Export:
    record_reading(services, caller, [export])
    return export


def _check_repeat(requested: Export, export: Export, services: Services) -> None:
    """Refuse a key that was used for another request, or for an export that is deleted or expired."""
    is_gone = export.is_gone(services.clock())  # then it has forgotten its name
    is_other = (export.name, export.schedule_id) != (requested.name, requested.schedule_id)
    if export.fingerprint != requested.fingerprint or (not is_gone and is_other):
        message = "This Idempotency-Key was used for another request. Use a new key."
        raise unprocessable("IDEMPOTENCY_MISMATCH", message, "Idempotency-Key")
    if is_gone:
        message = "This Idempotency-Key belongs to an export that is deleted or expired. Use a new key."
        raise RequestError("IDEMPOTENCY_KEY_SPENT", message, "Idempotency-Key", 409)


def _send(services: Services, export: Export) -> None:
    """Send the export's message. If that fails, the sweep sends it, because the row is written."""
    try:
        services.queue.send(Message(export.id, export.attempt, export.correlation_id), export.owner)
        services.exports.mark_sent(export.id, export.attempt, services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("send_failed", extra={"export_id": export.id, **describe_error(error)})


def _make_links(services: Services, file: Result, label: str) -> Download:
    seconds, file_name = services.settings.download_seconds, label_file(file.file_name, label)

    def presign(key: str, name: str) -> Link:
        return Link(services.files.presign(key, name, seconds), name)

    manifest = presign(name_manifest(file.key), name_manifest(file_name)) if file.has_manifest else None
    return Download(presign(file.key, file_name), file.size, file.sha256, seconds, manifest)


def _delete_objects(services: Services, export_id: str) -> None:
    """Delete an export's objects. If that fails, the sweep deletes them: no read shows the export now."""
    try:
        services.files.delete_export(export_id)
    except (ClientError, BotoCoreError, OSError) as error:
        _LOGGER.warning("delete_failed", extra={"export_id": export_id, **describe_error(error)})


def _parse_ids(body: object) -> list[str]:
    ids = body.get("ids") if isinstance(body, Mapping) and set(body) == {"ids"} else None
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_DELETED:
        message = f'The body must be {{"ids": [...]}} with 1 to {MAX_DELETED} ids.'
        raise unprocessable("BAD_IDS", message, "ids")
    if not all(isinstance(export_id, str) for export_id in ids):
        raise unprocessable("BAD_IDS", "Every id must be a string.", "ids")
    return list(dict.fromkeys(ids))


def _too_many_active(limit: int) -> RequestError:
    message = f"{limit} exports are already in progress. Wait for one, or abort one."
    return RequestError("TOO_MANY_ACTIVE", message, None, 429)


def _too_many_requests(rate: int, wait: int) -> RequestError:
    message = f"You can request {rate} exports per minute. Try again in {wait} seconds."
    return RequestError("TOO_MANY_REQUESTS", message, None, 429, wait)


def _not_found() -> RequestError:
    message = "There is no such export. It may have expired or been deleted."
    return RequestError("NOT_FOUND", message, "id", 404)


def _conflict(code: str, message: str) -> RequestError:
    return RequestError(code, message, "id", 409)
