"""What each HTTP request does: one plain function each, from a caller to JSON.

Everybody in the service sees that an export exists; so what you may not do to it is 403, and 404 is for
exports that are unknown, deleted or expired.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from doseexport.actions.activity import record_activity
from doseexport.actions.listing import find_page, parse_list_query
from doseexport.actions.presets import load_for_use
from doseexport.actions.showing import show, show_entries
from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.domain.audit import find_owner
from doseexport.domain.export import Export, Result, State, is_id, make_export, make_id, name_manifest
from doseexport.domain.request import (
    ExportRequest,
    bad_retention,
    check_retention,
    parse_request,
    parse_retention,
)
from doseexport.domain.rights import (
    Caller,
    require_audit_trail,
    require_change,
    require_open,
    require_service,
)
from doseexport.errors import RequestError, unprocessable

MAX_DELETED = 100
"""Exports that one call may delete."""
MAX_KEY = 255
"""Characters of an Idempotency-Key."""

_LOGGER = logging.getLogger(__name__)


def request_export(
    services: Services, caller: Caller, body: object, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Check a request, made of a preset or not, write its row and send its message; return the export.

    The same key and request give the same export again. RequestError: 400, 403, 409, 422, 429.
    """
    require_service(caller)
    whole = load_for_use(services, caller, body)
    request = parse_request(whole, may_see_patients=caller.may_see_patients)
    check_key(idempotency_key)
    record_activity(services, caller)
    return enqueue_export(services, caller, request, make_id(caller.id, idempotency_key))


def enqueue_export(
    services: Services, caller: Caller, request: ExportRequest, export_id: str, schedule_id: str | None = None
) -> dict[str, Any]:
    """Do the same for a request that is checked already, under an id that stands for it."""
    require_service(caller)
    check_retention(request.retention_days, services.settings.max_retention)
    now = services.clock()
    asked = replace(
        make_export(export_id, caller.id, caller.name, request, now),
        retention_days=request.retention_days or services.settings.retention.days,
        schedule_id=schedule_id,
    )
    limit = services.settings.max_active_exports
    export = services.exports.create(asked, limit)
    if export is None:
        raise RequestError(
            "TOO_MANY_ACTIVE", f"You have {limit} exports under way; wait for one or abort one.", None, 429
        )
    _check_repeat(asked, export, services)
    if export.state is State.QUEUED:
        _send(services, export)
    return show(services, caller, export)


def check_key(key: str | None) -> None:
    """Raise RequestError (400) unless it is an Idempotency-Key, or none."""
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise RequestError(
            "BAD_IDEMPOTENCY_KEY",
            f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.",
            "Idempotency-Key",
            400,
        )


def list_exports(services: Services, caller: Caller, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of exports, newest first, and `next_cursor` (null: the last page).

    RequestError: 400 naming the parameter.
    """
    require_service(caller)
    query = parse_list_query(parameters)
    record_activity(services, caller)
    page, cursor = find_page(services, caller, query)
    return {"exports": [show(services, caller, export) for export in page], "next_cursor": cursor}


def get_export(services: Services, caller: Caller, export_id: str) -> dict[str, Any]:
    """Return one export. RequestError: 404."""
    export = _find(services, caller, export_id)
    return show(services, caller, export)


def abort_export(services: Services, caller: Caller, export_id: str) -> dict[str, Any]:
    """Stop an export that waits or runs; return it. RequestError: 403, 404, 409."""
    require_change(caller, _find(services, caller, export_id))
    now = services.clock()
    export = services.exports.request_abort(export_id, caller, now)
    if export is None or export.is_gone(now):
        raise _not_found()
    if export.state not in {State.ABORTING, State.ABORTED}:
        raise _conflict("NOT_ACTIVE", "This export has ended: there is nothing to stop.")
    return show(services, caller, export)


def download_export(services: Services, caller: Caller, export_id: str) -> dict[str, Any]:
    """Write the trail and return links that download the file and its manifest for some minutes.

    RequestError: 403, 404, 409.
    """
    export = _find(services, caller, export_id)
    require_open(caller, export)
    if not export.is_downloadable or export.result is None:
        raise _conflict("NOT_READY", "There is no file: the export has not completed.")
    seconds = services.settings.download_seconds
    file = export.result
    if not services.exports.issue_link(export, caller, services.clock()):
        raise _not_found()  # deleted or expired since it was read
    url = services.files.presign(file.key, file.file_name, seconds)
    return {
        "url": url,
        "file_name": file.file_name,
        "size": file.size,
        "sha256": file.sha256,
        "seconds": seconds,
        "manifest": _link_manifest(services, file, seconds) if file.has_manifest else None,
    }


def delete_export(services: Services, caller: Caller, export_id: str) -> None:
    """Delete one export that has ended: from every read at once, then its files.

    RequestError: 403, 404, 409.
    """
    require_change(caller, _find(services, caller, export_id))
    if not services.exports.delete(export_id, caller, services.clock()):
        _find(services, caller, export_id)
        raise _conflict("STILL_ACTIVE", "This export is still under way; abort it first.")
    _delete_files(services, export_id)


def set_retention(services: Services, caller: Caller, export_id: str, body: object) -> dict[str, Any]:
    """Keep the file for {"retention_days": N} from the export's end, longer or shorter; return the export.

    RequestError: 403, 404, 409, 422.
    """
    export = _find(services, caller, export_id)
    require_change(caller, export)
    days, now = parse_retention(body, services.settings.max_retention), services.clock()
    if export.finished_at is not None and export.finished_at + timedelta(days=days) <= now:
        raise bad_retention("So many days from its end are over already; delete it instead.")
    kept = services.exports.set_retention(export_id, days, caller, now)
    if kept is None:
        _find(services, caller, export_id)
        raise _conflict("NOTHING_TO_KEEP", "This export has no file and will have none.")
    return show(services, caller, kept)


def show_audit_trail(services: Services, caller: Caller, export_id: str) -> dict[str, Any]:
    """Return what happened to an export, even to a deleted one, oldest first. RequestError: 403, 404."""
    require_service(caller)
    entries = services.audit.read(export_id) if is_id(export_id) else []
    if not entries:
        raise _not_found()
    require_audit_trail(caller, find_owner(entries))
    return {"id": export_id, "entries": show_entries(services, caller, entries)}


def delete_exports(services: Services, caller: Caller, body: object) -> dict[str, Any]:
    """Delete many: {"ids": [...]}; return which are, and why others are not. RequestError: 422."""
    require_service(caller)
    deleted: list[str] = []
    refused: list[dict[str, str]] = []
    for export_id in _parse_ids(body):
        try:
            delete_export(services, caller, export_id)
            deleted.append(export_id)
        except RequestError as error:
            refused.append({"id": export_id, "code": error.code, "message": error.message})
    return {"deleted": deleted, "refused": refused}


def _link_manifest(services: Services, file: Result, seconds: int) -> dict[str, str]:
    name = name_manifest(file.file_name)
    return {"url": services.files.presign(name_manifest(file.key), name, seconds), "file_name": name}


def _find(services: Services, caller: Caller, export_id: str) -> Export:
    require_service(caller)
    export = services.exports.get(export_id, services.clock()) if is_id(export_id) else None
    if export is None:
        raise _not_found()
    return export


def _check_repeat(asked: Export, export: Export, services: Services) -> None:
    """Refuse a key that was used for something else, or for what is gone."""
    if export.fingerprint != asked.fingerprint:
        message = "This Idempotency-Key was used for another request; use a new key."
        raise unprocessable("IDEMPOTENCY_MISMATCH", message, "Idempotency-Key")
    if export.is_gone(services.clock()):
        message = "This Idempotency-Key belongs to an export that is deleted or expired; use a new key."
        raise RequestError("IDEMPOTENCY_KEY_SPENT", message, "Idempotency-Key", 409)


def _send(services: Services, export: Export) -> None:
    """Send the export's message; if that fails the sweep will, so the row's promise stands."""
    try:
        services.queue.send(export.id, export.attempt, export.owner)
        services.exports.mark_sent(export.id, export.attempt, services.clock())
    except (ClientError, BotoCoreError) as error:
        _LOGGER.warning("send_failed", extra={"export_id": export.id, **describe_error(error)})


def _delete_files(services: Services, export_id: str) -> None:
    """Delete an export's objects; if that fails the sweep will: no read shows them any more."""
    try:
        services.files.delete_export(export_id)
    except (ClientError, BotoCoreError, OSError) as error:
        _LOGGER.warning("delete_failed", extra={"export_id": export_id, **describe_error(error)})


def _parse_ids(body: object) -> list[str]:
    ids = body.get("ids") if isinstance(body, Mapping) and set(body) == {"ids"} else None
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_DELETED:
        raise unprocessable(
            "BAD_IDS", f'The body must be {{"ids": [...]}} with 1 to {MAX_DELETED} ids.', "ids"
        )
    if not all(isinstance(export_id, str) for export_id in ids):
        raise unprocessable("BAD_IDS", "Every id must be a text.", "ids")
    return list(dict.fromkeys(ids))


def _not_found() -> RequestError:
    return RequestError(
        "NOT_FOUND", "There is no such export; it may have expired or been deleted.", "id", 404
    )


def _conflict(code: str, message: str) -> RequestError:
    return RequestError(code, message, "id", 409)
