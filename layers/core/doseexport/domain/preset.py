"""Presets: what people ask for again and again, kept under a name for themselves or for everybody. Pure.

A preset holds no filter that tells who a patient is, whoever keeps it, and asks for no names and no IDs. Its
own name is free text that nobody can check: it is shown to those who may read the preset, and never logged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from doseexport import catalogue
from doseexport.actions.views import format_time
from doseexport.domain.parsing import read_flag, read_name, read_object
from doseexport.domain.request import FIELDS, OPENREM_ORDER, ExportRequest, parse_request
from doseexport.domain.rights import Caller
from doseexport.errors import RequestError, forbidden, unprocessable

REQUEST_FIELDS = FIELDS - {"include_names", "include_ids", "retention_days"}
ONE_STUDY = frozenset({"accession_number", "study_uid"})
"""Filters that lead to one patient, though they name none: the page keeps them out of addresses, too."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset as its row says; times are aware datetimes. This release may refuse its `request`."""

    id: str
    owner: str
    owner_name: str
    name: str = field(repr=False)
    shared: bool
    request: ExportRequest
    created_at: datetime
    changed_at: datetime
    revision: int = 1

    @property
    def is_usable(self) -> bool:
        """Whether this release still knows type, filters and options, and none names a patient."""
        try:
            parse_request(describe_saved(self.request), may_see_patients=False)
        except RequestError:
            return False
        return True


def parse_preset(body: object) -> dict[str, Any]:
    """Return name, shared and request (an ExportRequest) of a new preset; RequestError (422) names the field.

    What is wrong inside `request` is named as in a request for an export: type, filters.age_min.
    """
    fields = _parse_fields(body)
    for name in ("name", "request"):
        if name not in fields:
            raise unprocessable("FIELD_NEEDED", "A preset has a name and a request.", name)
    return {"shared": False, **fields}


def parse_changes(body: object) -> dict[str, Any]:
    """Return those of name, shared and request that a body gives, at least one; RequestError (422)."""
    fields = _parse_fields(body)
    if not fields:
        raise unprocessable("FIELD_NEEDED", "Give at least one of name, shared and request.", "body")
    return fields


def make_preset(preset_id: str, caller: Caller, fields: Mapping[str, Any], now: datetime) -> Preset:
    """Return a new preset of the caller's."""
    return Preset(preset_id, caller.id, caller.name, created_at=now, changed_at=now, **fields)


def change(preset: Preset, changes: Mapping[str, Any], now: datetime) -> Preset:
    """Return the preset's next revision."""
    return replace(preset, **changes, changed_at=now, revision=preset.revision + 1)


def apply_preset(body: Mapping[str, Any], preset: Preset) -> dict[str, Any]:
    """Return the request for an export that a body makes of its preset; it is still to be checked.

    What the body gives wins: of filters and options each by its name, where null or blank leaves the
    preset's out. RequestError (422) if the body gives another type.
    """
    saved = preset.request
    given = {name: value for name, value in body.items() if name != "preset"}
    if given.get("type", saved.type) != saved.type:
        raise unprocessable("PRESET_OF_ANOTHER_TYPE", "The preset is for another export type.", "type")
    order = {} if _gives_order(given.get("filters")) else {"order": saved.order}
    merged = {
        "filters": _merge(saved.filters, given.get("filters"), _list_names(saved.type)),
        "options": _merge(saved.options, given.get("options"), {}),
    }
    return {"type": saved.type, **order, **given, **merged}


def _merge(saved: Mapping[str, str], given: object, names: Mapping[str, str]) -> object:
    """Return both together; what is given and is no object passes as it is, to be refused."""
    if given is None:
        return dict(saved)
    if not isinstance(given, Mapping):
        return given
    replaced = {names.get(name, name) for name in given}
    return {**{name: value for name, value in saved.items() if name not in replaced}, **given}


def _gives_order(filters: object) -> bool:
    return isinstance(filters, Mapping) and filters.get(OPENREM_ORDER) not in (None, "")


def _list_names(export_type: str) -> dict[str, str]:
    """Return a type's filters by their other names; none of a type that is no more."""
    spec = catalogue.load_specs().get(export_type)
    return {alias: each.name for each in (spec.filters if spec else ()) for alias in each.aliases}


def _parse_fields(body: object) -> dict[str, Any]:
    return {name: _READERS[name](value) for name, value in read_object(body, _READERS).items()}


def _read_request(value: object) -> ExportRequest:
    asked = read_object(value, REQUEST_FIELDS, "request")
    request = parse_request(asked, may_see_patients=True)  # so that everybody is refused alike
    for name in request.filters:
        if request.spec.filter(name).pid or name in ONE_STUDY:
            message = "This filter tells who a patient is: no preset keeps it."
            raise unprocessable("NO_PATIENTS_IN_PRESETS", message, f"filters.{name}")
    return request


_READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {"name": read_name, "shared": partial(read_flag, field="shared"), "request": _read_request}
)


def may_read(caller: Caller, preset: Preset) -> bool:
    """Whether the caller may read and use the preset; nobody else knows that it exists."""
    return caller.may_use_service and (preset.shared or preset.owner == caller.id)


def may_change(caller: Caller, preset: Preset) -> bool:
    """Whether the caller may change the preset as they like."""
    return caller.may_use_service and preset.owner == caller.id


def may_withdraw(caller: Caller, preset: Preset) -> bool:
    """Whether the caller may delete or unshare it: admins, too, for a shared name can say too much."""
    return may_change(caller, preset) or (preset.shared and caller.is_admin)


def require_change(caller: Caller, preset: Preset, changes: Mapping[str, Any]) -> None:
    """Raise RequestError (403) unless the caller may make these changes."""
    allows = may_withdraw if changes == {"shared": False} else may_change
    if not allows(caller, preset):
        raise forbidden("Only its owner may change this preset; a member of admingroup may unshare it.", "id")


def require_delete(caller: Caller, preset: Preset) -> None:
    """Raise RequestError (403) unless the caller may delete the preset."""
    if not may_withdraw(caller, preset):
        raise forbidden("Only its owner or a member of admingroup may delete this preset.", "id")


def describe_saved(request: ExportRequest) -> dict[str, Any]:
    """Return a preset's request as it is kept, shown and given again."""
    return {
        "type": request.type,
        "filters": dict(request.filters),
        "order": request.order,
        "options": dict(request.options),
    }


def present_preset(preset: Preset, caller: Caller) -> dict[str, Any]:
    """Return the preset as a JSON object; `links` say what the caller may do with it."""
    itself = f"/presets/{preset.id}"
    rights = {"change": may_change(caller, preset), "delete": may_withdraw(caller, preset)}
    return {
        "id": preset.id,
        "name": preset.name,
        "shared": preset.shared,
        "owner_name": preset.owner_name,
        "mine": preset.owner == caller.id,
        "created_at": format_time(preset.created_at),
        "changed_at": format_time(preset.changed_at),
        "request": describe_saved(preset.request),
        "usable": preset.is_usable,
        "links": {"self": itself, **{right: itself for right, given in rights.items() if given}},
    }
