"""The use cases with the JSON that the API answers: what a caller gets, without HTTP around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from doseexport.actions import exports, presets, previews, schedules, usage, views
from doseexport.aws.services import Services
from doseexport.domain.export import Export
from doseexport.domain.preset import Preset
from doseexport.domain.rights import Caller
from doseexport.errors import RequestError

Json = dict[str, Any]


def assert_refused(
    status: int, code: str, call: Callable[..., object], *arguments: object, field: object = ...
) -> RequestError:
    """Assert that a call is refused thus. Return the error."""
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    assert (caught.value.status, caught.value.code) == (status, code)
    if field is not ...:
        assert caught.value.field == field
    return caught.value


def show(services: Services, caller: Caller, export: Export) -> Json:
    return views.view_export(export, caller, services.clock())


def request_export(services: Services, caller: Caller, body: object, key: str | None = None) -> Json:
    return show(services, caller, exports.request_export(services, caller, body, key))


def list_exports(services: Services, caller: Caller, parameters: Mapping[str, str]) -> Json:
    page = exports.list_exports(services, caller, parameters)
    return views.view_exports(page, caller, services.clock())


def get_export(services: Services, caller: Caller, export_id: str) -> Json:
    return show(services, caller, exports.get_export(services, caller, export_id))


def abort_export(services: Services, caller: Caller, export_id: str) -> Json:
    return show(services, caller, exports.abort_export(services, caller, export_id))


def set_retention(services: Services, caller: Caller, export_id: str, body: object) -> Json:
    return show(services, caller, exports.set_retention(services, caller, export_id, body))


def download_export(services: Services, caller: Caller, export_id: str) -> Json:
    return views.view_download(exports.download_export(services, caller, export_id))


def delete_exports(services: Services, caller: Caller, body: object) -> Json:
    return views.view_deletions(exports.delete_exports(services, caller, body))


def show_audit_trail(services: Services, caller: Caller, export_id: str) -> Json:
    return views.view_audit_trail(exports.get_audit_trail(services, caller, export_id), caller)


def show_preset(services: Services, caller: Caller, preset: Preset) -> Json:
    return views.view_preset(preset, caller, services.clock(), services.settings.time_zone)


def create_preset(services: Services, caller: Caller, body: object) -> Json:
    return show_preset(services, caller, presets.create_preset(services, caller, body))


def list_presets(services: Services, caller: Caller) -> Json:
    return views.view_presets(
        presets.list_presets(services, caller), caller, services.clock(), services.settings.time_zone
    )


def get_preset(services: Services, caller: Caller, preset_id: str) -> Json:
    return show_preset(services, caller, presets.get_preset(services, caller, preset_id))


def change_preset(services: Services, caller: Caller, preset_id: str, body: object) -> Json:
    return show_preset(services, caller, presets.change_preset(services, caller, preset_id, body))


def create_schedule(services: Services, caller: Caller, body: object) -> Json:
    schedule = schedules.create_schedule(services, caller, body)
    return views.view_schedule(schedule, caller, services.clock())


def list_schedules(services: Services, caller: Caller, parameters: Mapping[str, str]) -> Json:
    found = schedules.list_schedules(services, caller, parameters)
    return views.view_schedules(found, caller, services.clock())


def get_schedule(services: Services, caller: Caller, schedule_id: str) -> Json:
    schedule = schedules.get_schedule(services, caller, schedule_id)
    return views.view_schedule(schedule, caller, services.clock())


def change_schedule(services: Services, caller: Caller, schedule_id: str, changes: object) -> Json:
    schedule = schedules.change_schedule(services, caller, schedule_id, changes)
    return views.view_schedule(schedule, caller, services.clock())


def run_schedule_now(services: Services, caller: Caller, schedule_id: str, key: str | None = None) -> Json:
    return show(services, caller, schedules.run_schedule_now(services, caller, schedule_id, key))


def show_usage(services: Services, caller: Caller, parameters: Mapping[str, str]) -> Json:
    return views.view_usage(usage.get_usage(services, caller, parameters))


def preview_export(services: Services, caller: Caller, body: object) -> Json:
    return views.view_preview(previews.preview_export(services, caller, body))
