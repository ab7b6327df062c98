"""What people do with presets: one function per request of the API, from a caller to a domain object.

A preset that is not shared exists for its owner only: everyone else gets 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from doseexport.actions.results import PresetList
from doseexport.aws.services import Services
from doseexport.domain import preset as presets
from doseexport.domain.export import is_id, make_id
from doseexport.domain.preset import Preset, apply_preset, make_preset, parse_changes, parse_preset
from doseexport.domain.rights import (
    Caller,
    may_read_preset,
    require_person,
    require_preset_change,
    require_preset_delete,
    require_service,
)
from doseexport.errors import RequestError, unprocessable

MAX_PRESETS = 50
"""The most presets of one owner."""
MAX_SHARED = 200
"""The most shared presets in a list: the newest ones."""
_TRIES = 5


def create_preset(services: Services, caller: Caller, body: object) -> Preset:
    """Save a preset from {"name", "request", "shared"}. Raise RequestError: 403, 409, 422."""
    require_person(caller)
    preset = make_preset(make_id(caller.id, None), caller, parse_preset(body), services.clock())
    if not services.presets.create(preset, MAX_PRESETS):
        _require_free_name(services, preset)
        raise _conflict("TOO_MANY_PRESETS", f"You have {MAX_PRESETS} presets. Delete one first.", None)
    return preset


def list_presets(services: Services, caller: Caller) -> PresetList:
    """Return the caller's own presets and the shared ones. Raise RequestError: 403."""
    require_service(caller)
    shared, is_complete = services.presets.list_shared(MAX_SHARED)
    found = {preset.id: preset for preset in (*shared, *services.presets.list_owned(caller.id))}
    by_name = sorted(found.values(), key=lambda preset: (preset.name.casefold(), preset.id))
    return PresetList(by_name, is_complete)


def get_preset(services: Services, caller: Caller, preset_id: str) -> Preset:
    """Return one preset. Raise RequestError: 403, 404."""
    return _find(services, caller, preset_id)


def change_preset(services: Services, caller: Caller, preset_id: str, body: object) -> Preset:
    """Change name, shared or request, as the body gives them. Raise RequestError: 403, 404, 409, 422."""
    require_service(caller)
    changes = parse_changes(body)

    def write(preset: Preset) -> Preset | None:
        require_preset_change(caller, preset, changes)
        following = presets.revise_preset(preset, changes, services.clock())
        if services.presets.replace(preset, following):
            return following
        _require_free_name(services, following)
        return None

    return _retry(services, caller, preset_id, write)


def delete_preset(services: Services, caller: Caller, preset_id: str) -> None:
    """Delete one preset. Raise RequestError: 403, 404, 409."""

    def write(preset: Preset) -> Preset | None:
        require_preset_delete(caller, preset)
        return preset if services.presets.delete(preset) else None

    _retry(services, caller, preset_id, write)


def load_for_use(services: Services, caller: Caller, body: object) -> object:
    """Return the unchecked body of a request, merged with the preset it names.

    Raise RequestError (422) naming preset or type.
    """
    if not isinstance(body, Mapping) or "preset" not in body:
        return body
    preset = _load_named(services, caller, body)
    return apply_preset(body, preset, preset.find_period(services.clock(), services.settings.time_zone))


def load_for_schedule(services: Services, caller: Caller, body: object) -> object:
    """Return the unchecked body of a schedule, merged with the preset it names, whose window it takes.

    Raise RequestError (422) naming preset or type.
    """
    if not isinstance(body, Mapping) or "preset" not in body:
        return body
    preset = _load_named(services, caller, body)
    window = {"window": preset.window.name} if preset.window else {}
    return window | apply_preset(body, preset, None)


def _load_named(services: Services, caller: Caller, body: Mapping[str, object]) -> Preset:
    preset = _load(services, caller, body["preset"])
    if preset is None:
        raise unprocessable("UNKNOWN_PRESET", "There is no such preset, or you may not use it.", "preset")
    return preset


def _require_free_name(services: Services, preset: Preset) -> None:
    """Raise RequestError (409) if another preset of its owner has the preset's name."""
    if services.presets.is_name_taken(preset):
        message = "You have a preset of this name already. Choose another name, or change that preset."
        raise _conflict("NAME_TAKEN", message, "name")


def _retry(
    services: Services, caller: Caller, preset_id: str, write: Callable[[Preset], Preset | None]
) -> Preset:
    """Write to the preset as it is now. Repeat a write that lost a race."""
    for _ in range(_TRIES):
        written = write(_find(services, caller, preset_id))
        if written is not None:
            return written
    raise _conflict("PRESET_BUSY", "Others are changing this preset. Try again.", "id")


def _find(services: Services, caller: Caller, preset_id: str) -> Preset:
    require_service(caller)
    preset = _load(services, caller, preset_id)
    if preset is None:
        raise RequestError("NOT_FOUND", "There is no such preset, or it is not shared.", "id", 404)
    return preset


def _load(services: Services, caller: Caller, preset_id: object) -> Preset | None:
    """Return the preset if the caller may read it. An unknown preset and a hidden one look alike."""
    preset = services.presets.load(preset_id) if isinstance(preset_id, str) and is_id(preset_id) else None
    return preset if preset is not None and may_read_preset(caller, preset) else None


def _conflict(code: str, message: str, field: str | None) -> RequestError:
    return RequestError(code, message, field, 409)
