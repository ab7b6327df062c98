"""What people do with presets: one plain function each, from a caller to JSON.

What somebody keeps for themselves is nobody else's to know of: for all others it is 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from doseexport.aws.services import Services
from doseexport.domain.export import is_id, make_id
from doseexport.domain.preset import (
    Preset,
    apply_preset,
    change,
    make_preset,
    may_read,
    parse_changes,
    parse_preset,
    present_preset,
    require_change,
    require_delete,
)
from doseexport.domain.rights import Caller, require_person, require_service
from doseexport.errors import RequestError, unprocessable

MAX_PRESETS = 50
"""Presets that one person may keep."""
MOST_SHARED = 200
"""Shared presets in a list: the newest."""
_TRIES = 5


def create_preset(services: Services, caller: Caller, body: object) -> dict[str, Any]:
    """Keep a preset: {"name", "request", "shared"}; return it. RequestError: 403, 409, 422."""
    require_person(caller)
    preset = make_preset(make_id(caller.id, None), caller, parse_preset(body), services.clock())
    if not services.presets.create(preset, MAX_PRESETS):
        raise _conflict("TOO_MANY_PRESETS", f"You have {MAX_PRESETS} presets; delete one first.", None)
    return present_preset(preset, caller)


def list_presets(services: Services, caller: Caller) -> dict[str, Any]:
    """Return one's own presets and those that are shared, by name; `complete`: whether these are all."""
    require_service(caller)
    shared, complete = services.presets.list_shared(MOST_SHARED)
    found = {preset.id: preset for preset in (*shared, *services.presets.list_owned(caller.id))}
    presets = sorted(found.values(), key=lambda preset: (preset.name.casefold(), preset.id))
    return {"presets": [present_preset(preset, caller) for preset in presets], "complete": complete}


def get_preset(services: Services, caller: Caller, preset_id: str) -> dict[str, Any]:
    """Return one preset. RequestError: 404."""
    return present_preset(_find(services, caller, preset_id), caller)


def change_preset(services: Services, caller: Caller, preset_id: str, body: object) -> dict[str, Any]:
    """Change name, shared or request, as the body gives them. RequestError: 403, 404, 409, 422."""
    require_service(caller)
    changes = parse_changes(body)

    def write(preset: Preset) -> Preset | None:
        require_change(caller, preset, changes)
        following = change(preset, changes, services.clock())
        return following if services.presets.replace(preset, following) else None

    return present_preset(_insist(services, caller, preset_id, write), caller)


def delete_preset(services: Services, caller: Caller, preset_id: str) -> None:
    """Delete one preset. RequestError: 403, 404, 409."""

    def write(preset: Preset) -> Preset | None:
        require_delete(caller, preset)
        return preset if services.presets.delete(preset) else None

    _insist(services, caller, preset_id, write)


def load_for_use(services: Services, caller: Caller, body: object) -> object:
    """Return the body of a request with the preset that it names worked in; without one as it is.

    What comes out is not checked yet. RequestError (422): preset, type.
    """
    if not isinstance(body, Mapping) or "preset" not in body:
        return body
    preset = _load(services, caller, body["preset"])
    if preset is None:
        raise unprocessable("UNKNOWN_PRESET", "There is no such preset, or none that you may use.", "preset")
    return apply_preset(body, preset)


def _insist(
    services: Services, caller: Caller, preset_id: str, write: Callable[[Preset], Preset | None]
) -> Preset:
    """Write to the preset as it is now; what another write overtook is done again on what that left."""
    for _ in range(_TRIES):
        written = write(_find(services, caller, preset_id))
        if written is not None:
            return written
    raise _conflict("PRESET_BUSY", "Others change this preset at the same time; try again.", "id")


def _find(services: Services, caller: Caller, preset_id: str) -> Preset:
    require_service(caller)
    preset = _load(services, caller, preset_id)
    if preset is None:
        raise RequestError("NOT_FOUND", "There is no such preset, or it is not shared.", "id", 404)
    return preset


def _load(services: Services, caller: Caller, preset_id: object) -> Preset | None:
    """Return the preset if the caller may read it; an unknown one and a hidden one look alike."""
    preset = services.presets.load(preset_id) if isinstance(preset_id, str) and is_id(preset_id) else None
    return preset if preset is not None and may_read(caller, preset) else None


def _conflict(code: str, message: str, field: str | None) -> RequestError:
    return RequestError(code, message, field, 409)
