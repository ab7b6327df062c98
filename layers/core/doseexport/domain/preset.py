"""Presets: requests that a person saves under a name, for themselves or for everyone who may export.

A preset never holds a filter that identifies a patient, and never includes names or IDs.
Its name is free text that cannot be checked. It is shown to users who may read the preset, and never logged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from doseexport import catalogue
from doseexport.domain.parsing import read_flag, read_name, read_object
from doseexport.domain.request import EXPORT_REQUEST_FIELDS, OPENREM_ORDER, ExportRequest, parse_request
from doseexport.domain.rights import Caller
from doseexport.domain.window import DATES, SINCE_LAST_RUN, Period, Window, parse_window
from doseexport.errors import RequestError, unprocessable

PRESET_REQUEST_FIELDS = EXPORT_REQUEST_FIELDS - {
    *("include_names", "include_ids", "retention_days", "send_mail"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset. Times are aware datetimes. A later release may no longer know what `request` names.

    `window` gives the study dates at the moment of use, or is None for those of `request`.
    """

    id: str
    owner: str
    owner_name: str
    name: str = field(repr=False)
    shared: bool
    request: ExportRequest
    created_at: datetime
    changed_at: datetime
    revision: int = 1
    window: Window | None = None

    def find_period(self, now: datetime, zone: ZoneInfo) -> Period | None:
        """Return the study dates of the window now. Return None without a window."""
        return self.window.resolve(now, zone, None) if self.window else None

    @property
    def is_usable(self) -> bool:
        """Whether this release knows the type, filters and options, and none names a patient."""
        try:
            parse_request(describe_saved(self.request), may_see_patients=False, may_use_pseudonyms=True)
        except RequestError:
            return False
        return True


def parse_preset(body: object) -> dict[str, Any]:
    """Return name, shared, request (an ExportRequest) and window of a new preset.

    Raise RequestError (422) naming the field. Fields inside `request` are named as in a request for an
    export: type, filters.age_min.
    """
    fields = _parse_fields(body)
    for name in ("name", "request"):
        if name not in fields:
            raise unprocessable("FIELD_NEEDED", "A preset has a name and a request.", name)
    _check_dates(fields["request"], fields.get("window"))
    return {"shared": False, **fields}


def parse_changes(body: object) -> dict[str, Any]:
    """Return the name, shared, request and window that a body gives. Raise RequestError (422) without any."""
    fields = _parse_fields(body)
    if not fields:
        raise unprocessable("FIELD_NEEDED", "Give at least one of name, shared, request and window.", "body")
    return fields


def make_preset(preset_id: str, caller: Caller, fields: Mapping[str, Any], now: datetime) -> Preset:
    """Return a new preset that the caller owns."""
    return Preset(preset_id, caller.id, caller.name, created_at=now, changed_at=now, **fields)


def revise_preset(preset: Preset, changes: Mapping[str, Any], now: datetime) -> Preset:
    """Return the preset's next revision. Raise RequestError (422) if it would have a window and dates."""
    revised = replace(preset, **changes, changed_at=now, revision=preset.revision + 1)
    _check_dates(revised.request, revised.window)
    return revised


def apply_preset(body: Mapping[str, Any], preset: Preset, period: Period | None) -> dict[str, Any]:
    """Return the unchecked request that a body and the preset it names make together.

    `period` has the study dates of the preset's window, if any. The body takes precedence, for each filter
    and each option. A null or blank value removes the preset's.
    Raise RequestError (422) if the body gives another type.
    """
    saved = preset.request
    given = {name: value for name, value in body.items() if name != "preset"}
    if given.get("type", saved.type) != saved.type:
        raise unprocessable("PRESET_OF_ANOTHER_TYPE", "The preset is for another export type.", "type")
    order = {} if _gives_order(given.get("filters")) else {"order": saved.order}
    filters = {**saved.filters, **(period.filters if period else {})}
    merged = {
        "filters": _merge(filters, given.get("filters"), _list_aliases(saved.type)),
        "options": _merge(saved.options, given.get("options"), {}),
    }
    return {"type": saved.type, **order, **given, **merged}


def describe_saved(request: ExportRequest) -> dict[str, Any]:
    """Return the request of a preset, as it is stored and shown."""
    return {
        "type": request.type,
        "filters": dict(request.filters),
        "order": request.order,
        "options": dict(request.options),
    }


def _merge(saved: Mapping[str, str], given: object, aliases: Mapping[str, str]) -> object:
    """Return both together. A value that is no object is returned as it is, to be refused later."""
    if given is None:
        return dict(saved)
    if not isinstance(given, Mapping):
        return given
    replaced = {aliases.get(name, name) for name in given}
    return {**{name: value for name, value in saved.items() if name not in replaced}, **given}


def _gives_order(filters: object) -> bool:
    return isinstance(filters, Mapping) and filters.get(OPENREM_ORDER) not in (None, "")


def _list_aliases(export_type: str) -> dict[str, str]:
    """Return the canonical name of each alias of a type's filters. An unknown type has none."""
    spec = catalogue.load_specs().get(export_type)
    return {alias: each.name for each in (spec.filters if spec else ()) for alias in each.aliases}


def _parse_fields(body: object) -> dict[str, Any]:
    return {name: _READERS[name](value) for name, value in read_object(body, _READERS).items()}


def _read_request(value: object) -> ExportRequest:
    fields = read_object(value, PRESET_REQUEST_FIELDS, "request")
    # Rights are checked when the preset is used, so that everyone gets the same refusal below.
    request = parse_request(fields, may_see_patients=True, may_use_pseudonyms=True)
    for name in request.filters:
        if request.spec.filter(name).identifies_patient:
            message = "This filter identifies a patient and cannot be saved."
            raise unprocessable("NO_PATIENTS_IN_PRESETS", message, f"filters.{name}")
    return request


def _read_window(value: object) -> Window | None:
    if value is None:
        return None
    if value == SINCE_LAST_RUN:
        raise unprocessable("BAD_WINDOW", "Only a schedule has a last run.", "window")
    return parse_window(value)


def _check_dates(request: ExportRequest, window: Window | None) -> None:
    if window is not None and DATES & request.filters.keys():
        raise unprocessable("WINDOW_AND_DATES", "Give either a window or date filters, not both.", "window")


_READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "name": read_name,
        "shared": partial(read_flag, field="shared"),
        "request": _read_request,
        "window": _read_window,
    }
)
