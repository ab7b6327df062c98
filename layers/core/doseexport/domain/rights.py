"""Decide who may do what: every right of the service is in this module.

| group | may |
|---|---|
| exportgroup | request exports; see the list; abort, delete and set the retention of their own exports |
| admingroup | the same for everyone's exports; see everyone's schedules and usage |
| pidgroup | have patients' names and IDs in files, and open everyone's files that hold them |

pidgroup alone gives nothing: it adds a right to a caller who may already use the service. A program that
signs in by client credentials has scopes instead of groups: doseexport/export, /admin and /pid give the same.
An unknown group, scope or claim gives no right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from doseexport.errors import RequestError, forbidden

EXPORT_GROUP = "exportgroup"
ADMIN_GROUP = "admingroup"
PATIENT_GROUP = "pidgroup"
RIGHTS_OF_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "doseexport/export": EXPORT_GROUP,
        "doseexport/admin": ADMIN_GROUP,
        "doseexport/pid": PATIENT_GROUP,
    }
)
"""Group by scope: a program with the scope has the rights of the group."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or program that calls: `id` is the Cognito sub (a program's client id), `name` is shown."""

    id: str
    name: str
    groups: frozenset[str]
    is_machine: bool = False

    @property
    def may_use_service(self) -> bool:
        """Whether this caller may use the service at all."""
        return not self.groups.isdisjoint({EXPORT_GROUP, ADMIN_GROUP})

    @property
    def may_see_patients(self) -> bool:
        """Whether files for this caller may hold patients' names and IDs."""
        return self.may_use_service and PATIENT_GROUP in self.groups

    @property
    def is_admin(self) -> bool:
        """Whether this caller may abort and delete other people's exports."""
        return ADMIN_GROUP in self.groups


class HasOwner(Protocol):
    """An export, a preset or a schedule: something that has an owner (a Cognito sub)."""

    @property
    def owner(self) -> str: ...  # noqa: D102


class HasPatientData(HasOwner, Protocol):
    """An export or a schedule: something that can hold patient data, in its file or in its filters."""

    @property
    def has_patient_data(self) -> bool: ...  # noqa: D102


class ExportState(HasPatientData, Protocol):
    """An export, as far as its state decides what can be done with it."""

    @property
    def is_active(self) -> bool: ...  # noqa: D102
    @property
    def is_downloadable(self) -> bool: ...  # noqa: D102
    @property
    def can_set_retention(self) -> bool: ...  # noqa: D102


class CanBeShared(HasOwner, Protocol):
    """A preset: its owner can share it with everyone who may use the service."""

    @property
    def shared(self) -> bool: ...  # noqa: D102


# Callers


def read_groups(claim: object) -> frozenset[str]:
    """Return the groups in a `cognito:groups` claim: "[a b]" or a list of names.

    Any other shape gives no groups.
    """
    if isinstance(claim, str) and claim.startswith("[") and claim.endswith("]"):
        return frozenset(claim[1:-1].split())
    if isinstance(claim, list) and all(isinstance(name, str) for name in claim):
        return frozenset(claim)
    return frozenset()


def read_scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the groups whose rights the scopes of a program's token give. A person's token gives none."""
    scope = claims.get("scope")
    if not _is_of_program(claims) or not isinstance(scope, str):
        return frozenset()
    return frozenset(RIGHTS_OF_SCOPES[name] for name in scope.split() if name in RIGHTS_OF_SCOPES)


def read_caller(claims: Mapping[str, Any]) -> Caller:
    """Return the caller that a verified access token's claims describe.

    Raise RequestError (401) without a sub, and for an ID token, which is meant for the page alone.
    """
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        raise RequestError("NOT_SIGNED_IN", "Sign in first.", None, 401)
    if claims.get("token_use") == "id":
        raise RequestError("ACCESS_TOKEN_NEEDED", "Send an access token, not an ID token.", None, 401)
    name = claims.get("cognito:username") or claims.get("username") or sub
    if _is_of_program(claims):
        return Caller(sub, str(name), read_scopes(claims), is_machine=True)
    return Caller(sub, str(name), read_groups(claims.get("cognito:groups")))


# The service


def require_service(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller may use the service at all."""
    if not caller.may_use_service:
        raise forbidden("Exports are for members of exportgroup or admingroup only.", code="GROUP_NEEDED")


def require_person(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller is a person who may use the service."""
    require_service(caller)
    if caller.is_machine:
        raise forbidden("Only people can have presets and schedules, not programs.", code="PEOPLE_ONLY")


def require_usage(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller may see how much everyone uses the service."""
    require_service(caller)
    if not caller.is_admin:
        raise forbidden("Only a member of admingroup may see everyone's usage.")


# Patient data


def require_patient_access(fields: Iterable[str], *, may_see_patients: bool) -> None:
    """Raise RequestError (403) at the first of a request's fields that name patients, unless that is allowed.

    `fields` are include_names, include_ids and filters such as filters.patient_name.
    """
    for field in fields:
        if may_see_patients:
            continue
        if field.startswith("filters."):
            message = "This filter names patients and is for members of pidgroup only."
        else:
            message = "Names and IDs of patients are for members of pidgroup only."
        raise forbidden(message, field, "PIDGROUP_NEEDED")


def may_use_pseudonyms(caller: Caller, group: str) -> bool:
    """Return whether the caller may have pseudonyms in files, which is for members of a group by parameter.

    In exportgroup's place, everyone who may use the service may.
    """
    return caller.may_use_service and (group == EXPORT_GROUP or group in caller.groups)


def require_pseudonyms(*, may_use_pseudonyms: bool) -> None:
    """Raise RequestError (403) unless pseudonyms are allowed."""
    if not may_use_pseudonyms:
        message = "Pseudonyms are for members of another group. Ask an administrator."
        raise forbidden(message, "options.pseudonyms", "PSEUDONYMS_REFUSED")


def may_see_filters(caller: Caller, requested: HasPatientData) -> bool:
    """Return whether the caller may read the filters: a filter's value can name a patient."""
    return _may_see_contents(caller, requested)


def may_see_patient_filters(caller: Caller) -> bool:
    """Return whether the caller may read, in an audit trail, the filters that identify patients."""
    return caller.may_see_patients


# Exports


def may_see_name(caller: Caller, export: HasPatientData) -> bool:
    """Return whether the caller may read the name of the export, which is free text of its owner."""
    return _may_see_contents(caller, export)


def may_open(caller: Caller, export: HasPatientData) -> bool:
    """Return whether the caller may download the file."""
    return _may_see_contents(caller, export)


def may_change(caller: Caller, export: HasOwner) -> bool:
    """Return whether the caller may abort or delete the export, or set its retention."""
    return _is_owner_or_admin(caller, export.owner)


def require_open(caller: Caller, export: HasPatientData) -> None:
    """Raise RequestError (403) unless the caller may download the file."""
    if not may_open(caller, export):
        raise forbidden("This file names patients. Only its owner and members of pidgroup may open it.", "id")


def require_change(caller: Caller, export: HasOwner) -> None:
    """Raise RequestError (403) unless the caller may abort or delete the export, or set its retention."""
    if not may_change(caller, export):
        raise forbidden("Only its owner or a member of admingroup may change this export.", "id")


def require_audit_trail(caller: Caller, owner: str | None) -> None:
    """Raise RequestError (403) unless the caller may read the audit trail of an export of `owner`."""
    if not _is_owner_or_admin(caller, owner):
        raise forbidden("Only its owner or a member of admingroup may read this export's audit trail.", "id")


def list_rights(caller: Caller, export: ExportState) -> Iterable[str]:
    """Yield what the caller may do with the export as it is now: download, abort, delete, set_retention."""
    if export.is_downloadable and may_open(caller, export):
        yield "download"
    if may_change(caller, export):
        yield "abort" if export.is_active else "delete"
        if export.can_set_retention:
            yield "set_retention"


# Presets


def may_read_preset(caller: Caller, preset: CanBeShared) -> bool:
    """Return whether the caller may read and use the preset. Other users cannot see that it exists."""
    return caller.may_use_service and (preset.shared or preset.owner == caller.id)


def may_change_preset(caller: Caller, preset: CanBeShared) -> bool:
    """Return whether the caller may change the preset."""
    return caller.may_use_service and preset.owner == caller.id


def may_withdraw_preset(caller: Caller, preset: CanBeShared) -> bool:
    """Return whether the caller may delete or unshare the preset.

    Administrators may, too: the name of a shared preset is free text and can say too much.
    """
    return may_change_preset(caller, preset) or (preset.shared and caller.is_admin)


def require_preset_change(caller: Caller, preset: CanBeShared, changes: Mapping[str, Any]) -> None:
    """Raise RequestError (403) unless the caller may make these changes."""
    is_allowed = may_withdraw_preset if changes == {"shared": False} else may_change_preset
    if not is_allowed(caller, preset):
        raise forbidden("Only its owner may change this preset. An administrator may unshare it.", "id")


def require_preset_delete(caller: Caller, preset: CanBeShared) -> None:
    """Raise RequestError (403) unless the caller may delete the preset."""
    if not may_withdraw_preset(caller, preset):
        raise forbidden("Only its owner or a member of admingroup may delete this preset.", "id")


# Schedules


def may_read_schedule(caller: Caller, schedule: HasOwner) -> bool:
    """Return whether the caller may see and delete the schedule. Other users cannot see that it exists."""
    return _is_owner_or_admin(caller, schedule.owner)


def may_run_schedule(caller: Caller, schedule: HasOwner) -> bool:
    """Return whether the caller may change the schedule and run it now."""
    return caller.may_use_service and schedule.owner == caller.id


def may_disable_schedule(caller: Caller, schedule: HasOwner) -> bool:
    """Return whether the caller may disable the schedule, even without the rights that its request needs."""
    return _is_owner_or_admin(caller, schedule.owner)


def require_all_schedules(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller may list everyone's schedules."""
    require_service(caller)
    if not caller.is_admin:
        raise forbidden("Everyone's schedules are for members of admingroup only.", "scope")


def require_schedule_change(caller: Caller, schedule: HasOwner) -> None:
    """Raise RequestError (403) unless the caller may change the schedule, beyond disabling it."""
    if not may_run_schedule(caller, schedule):
        raise forbidden("Only its owner may change a schedule. An administrator may disable it.", "id")


def require_schedule_run(caller: Caller, schedule: HasOwner) -> None:
    """Raise RequestError (403) unless the caller may run the schedule now."""
    if not may_run_schedule(caller, schedule):
        raise forbidden("Only its owner may run a schedule.", "id")


def _is_of_program(claims: Mapping[str, Any]) -> bool:
    """Return whether a token comes from client credentials: it names the client itself, and no user."""
    is_own = claims.get("token_use") == "access" and claims.get("sub") == claims.get("client_id")
    return is_own and "username" not in claims


def _is_owner_or_admin(caller: Caller, owner: str | None) -> bool:
    return caller.may_use_service and (caller.is_admin or caller.id == owner)


def _may_see_contents(caller: Caller, requested: HasPatientData) -> bool:
    if not caller.may_use_service:
        return False
    return not requested.has_patient_data or caller.id == requested.owner or caller.may_see_patients
