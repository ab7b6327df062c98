"""Who may do what. Pure: a caller, an export, and an answer.

| group | may |
|---|---|
| exportgroup | ask; see the list; abort, delete and keep their own exports |
| admingroup | the same, on everyone's exports; see everyone's usage |
| pidgroup | have patients' names and IDs in files, and open everyone's files that hold them |

pidgroup alone opens nothing: it adds a right to a caller who may already use the service. A program that
signs in by client credentials has scopes instead of groups: doseexport/export, /admin and /pid give the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from doseexport.errors import RequestError, forbidden

if TYPE_CHECKING:
    from doseexport.domain.export import Export

EXPORT_GROUP = "exportgroup"
ADMIN_GROUP = "admingroup"
PATIENT_GROUP = "pidgroup"
SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "doseexport/export": EXPORT_GROUP,
        "doseexport/admin": ADMIN_GROUP,
        "doseexport/pid": PATIENT_GROUP,
    }
)
"""The group whose rights a program's scope gives."""


class Owned(Protocol):
    """An export or a schedule: whose it is, and whether what it asks for names patients."""

    @property
    def owner(self) -> str: ...  # noqa: D102
    @property
    def has_patient_data(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `id` is the Cognito sub (a program's client id), `name` what others see."""

    id: str
    name: str
    groups: frozenset[str]
    is_machine: bool = False

    @property
    def may_use_service(self) -> bool:
        """Whether this caller may ask for anything at all."""
        return not self.groups.isdisjoint({EXPORT_GROUP, ADMIN_GROUP})

    @property
    def may_see_patients(self) -> bool:
        """Whether files for this caller may hold patients' names and IDs."""
        return self.may_use_service and PATIENT_GROUP in self.groups

    @property
    def is_admin(self) -> bool:
        """Whether this caller may abort and delete other people's exports."""
        return ADMIN_GROUP in self.groups


def read_groups(claim: object) -> frozenset[str]:
    """Return the groups in a `cognito:groups` claim: "[a b]" or a list of names.

    Any other shape is no groups: a claim that cannot be understood gives no rights.
    """
    if isinstance(claim, str) and claim.startswith("[") and claim.endswith("]"):
        return frozenset(claim[1:-1].split())
    if isinstance(claim, list) and all(isinstance(name, str) for name in claim):
        return frozenset(claim)
    return frozenset()


def read_scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the groups whose rights the scopes of a program's token give; none for a person's."""
    scope = claims.get("scope")
    if not _is_programs(claims) or not isinstance(scope, str):
        return frozenset()
    return frozenset(SCOPES[name] for name in scope.split() if name in SCOPES)


def read_caller(claims: Mapping[str, Any]) -> Caller:
    """Return the caller that a verified token's claims describe; RequestError (401) without a sub."""
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        raise RequestError("NOT_SIGNED_IN", "Sign in first.", None, 401)
    name = claims.get("cognito:username") or claims.get("username") or sub
    if _is_programs(claims):
        return Caller(sub, str(name), read_scopes(claims), is_machine=True)
    return Caller(sub, str(name), read_groups(claims.get("cognito:groups")))


def require_service(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller may use the service at all."""
    if not caller.may_use_service:
        raise forbidden("Exports are for members of exportgroup or admingroup only.", code="GROUP_NEEDED")


def require_person(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller is a person who may use the service."""
    require_service(caller)
    if caller.is_machine:
        raise forbidden("Presets and schedules are kept by people, not by programs.", code="PEOPLE_ONLY")


def may_see_filters(caller: Caller, asked: Owned) -> bool:
    """Whether the caller may read what was asked for: a filter's value can name a patient."""
    return _may_see_contents(caller, asked)


def may_open(caller: Caller, export: Export) -> bool:
    """Whether the caller may download the file."""
    return _may_see_contents(caller, export)


def may_change(caller: Caller, export: Export) -> bool:
    """Whether the caller may abort or delete the export, or change how long its file is kept."""
    return _is_owner_or_admin(caller, export.owner)


def require_open(caller: Caller, export: Export) -> None:
    """Raise RequestError (403) unless the caller may download the file."""
    if not may_open(caller, export):
        raise forbidden(
            "This file names patients: it is for its owner and for members of pidgroup only.", "id"
        )


def require_change(caller: Caller, export: Export) -> None:
    """Raise RequestError (403) unless the caller may abort, delete or keep the export."""
    if not may_change(caller, export):
        raise forbidden("Only its owner or a member of admingroup may change this export.", "id")


def require_audit_trail(caller: Caller, owner: str | None) -> None:
    """Raise RequestError (403) unless the caller may read the trail of what `owner` asked for."""
    if not _is_owner_or_admin(caller, owner):
        raise forbidden("Only its owner or a member of admingroup may read this export's trail.", "id")


def require_usage(caller: Caller) -> None:
    """Raise RequestError (403) unless the caller may see who uses the service how much."""
    require_service(caller)
    if not caller.is_admin:
        raise forbidden("Only a member of admingroup may see everybody's usage.")


def list_rights(caller: Caller, export: Export) -> Iterable[str]:
    """Yield what the caller may ask of the export as it is now: download, abort, delete, keep."""
    if export.is_downloadable and may_open(caller, export):
        yield "download"
    if may_change(caller, export):
        yield "abort" if export.is_active else "delete"
        if export.has_retention:
            yield "set_retention"


def _is_programs(claims: Mapping[str, Any]) -> bool:
    """Tell a token by client credentials: an access token of the client itself, which names no user."""
    is_own = claims.get("token_use") == "access" and claims.get("sub") == claims.get("client_id")
    return is_own and "username" not in claims


def _is_owner_or_admin(caller: Caller, owner: str | None) -> bool:
    return caller.may_use_service and (caller.is_admin or caller.id == owner)


def _may_see_contents(caller: Caller, asked: Owned) -> bool:
    if not caller.may_use_service:
        return False
    return not asked.has_patient_data or caller.id == asked.owner or caller.may_see_patients
