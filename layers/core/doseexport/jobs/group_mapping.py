"""Map the groups of a hospital's identity provider to this service's groups, in tokens and in the user pool.

At every federated sign-in Cognito copies the provider's claim into the user's attribute custom:groups (the
provider's attribute mapping names the claim) and invokes map_groups before it makes tokens. The user pool is
changed too, because a schedule reads its owner's groups there when the owner is not signed in.

Users of the pool itself do not change: an administrator sets their groups.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from doseexport.domain.rights import ADMIN_GROUP, EXPORT_GROUP, PATIENT_GROUP

ATTRIBUTE = "custom:groups"
FEDERATED = "EXTERNAL_PROVIDER"

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GroupMap:
    """The provider's group for each group of this service. A group without one is not mapped."""

    provider_groups: Mapping[str, str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GroupMap:
        """Return the map in the variables of template.yaml. An empty variable maps nothing."""
        variables = {
            EXPORT_GROUP: "EXPORT_CLAIM",
            ADMIN_GROUP: "ADMIN_CLAIM",
            PATIENT_GROUP: "PATIENT_CLAIM",
        }
        found = {group: environment.get(name, "").strip() for group, name in variables.items()}
        return cls({group: name for group, name in found.items() if name})

    def map_claim(self, claim: str, current: Iterable[str]) -> frozenset[str]:
        """Return the groups of a user with this claim who is in the `current` groups."""
        claimed = read_claim(claim)
        unmapped = {group for group in current if group not in self.provider_groups}
        return frozenset(
            unmapped | {group for group, name in self.provider_groups.items() if name in claimed}
        )


def read_claim(claim: str) -> frozenset[str]:
    """Return the names in a claim: a JSON list, "[a, b]", "a,b" or "a".

    A form-encoded name is returned decoded, too.
    """
    names = _read_json(claim)
    if names is None:
        inner = claim[1:-1] if claim.startswith("[") and claim.endswith("]") else claim
        names = inner.split(",")
    plain = {name.strip() for name in names}
    return frozenset(plain | {unquote_plus(name) for name in plain}) - {""}


def map_groups(event: dict[str, Any], group_map: GroupMap, client: Any) -> dict[str, Any]:
    """Update a federated user's groups in the pool. Return the event with the groups for the token.

    `event` is Cognito's (pre token generation, V2_0). `client` is a boto3 client of `cognito-idp`.
    """
    request = event["request"]
    attributes = request["userAttributes"]
    if attributes.get("cognito:user_status") != FEDERATED:
        return event
    configuration = request.get("groupConfiguration") or {}
    current = frozenset(configuration.get("groupsToOverride") or ())
    wanted = group_map.map_claim(attributes.get(ATTRIBUTE) or "", current)
    user = {"UserPoolId": event["userPoolId"], "Username": event["userName"]}
    added, removed = sorted(wanted - current), sorted(current - wanted)
    _change_groups(client, user, added, removed)
    if added or removed:
        extra = {"caller": attributes.get("sub"), "added": added, "removed": removed}
        _LOGGER.info("groups_mapped", extra=extra)
    details = {**configuration, "groupsToOverride": sorted(wanted)}
    event["response"] = {"claimsAndScopeOverrideDetails": {"groupOverrideDetails": details}}
    return event


def _change_groups(client: Any, user: Mapping[str, str], added: list[str], removed: list[str]) -> None:
    # Groups are removed first: if a later call fails, the user has too few rights, never too many.
    for group in removed:
        client.admin_remove_user_from_group(**user, GroupName=group)
    for group in added:
        client.admin_add_user_to_group(**user, GroupName=group)


def _read_json(claim: str) -> list[str] | None:
    try:
        names = json.loads(claim)
    except ValueError:
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None
