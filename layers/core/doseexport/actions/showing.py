"""Exports and trails as they are shown: who reads what another's export of patients asks is in its trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doseexport.actions.views import present, present_entry
from doseexport.aws.services import Services
from doseexport.domain.audit import AuditEntry, find_owner
from doseexport.domain.export import Export
from doseexport.domain.rights import Caller, may_see_filters


def show(services: Services, caller: Caller, export: Export) -> dict[str, Any]:
    """Return an export as the caller may see it."""
    if export.has_patient_data and may_see_filters(caller, export):
        _note(services, caller, export.id, export.owner)
    return present(export, caller, services.clock())


def show_entries(services: Services, caller: Caller, entries: Sequence[AuditEntry]) -> list[dict[str, Any]]:
    """Return the entries of one trail, of which there are some, as the caller may see them."""
    if caller.may_see_patients and any(
        entry.request and entry.request["patient_filters"] for entry in entries
    ):
        _note(services, caller, entries[0].export_id, find_owner(entries))
    return [present_entry(entry, caller) for entry in entries]


def _note(services: Services, caller: Caller, export_id: str, owner: str | None) -> None:
    if caller.id != owner:
        services.audit.record_reading_once(export_id, caller, services.clock())
