"""Groups of a hospital's identity provider become ours, in the token and in the pool.

Cognito writes the provider's claim into the pool's attribute custom:groups at every federated sign-in (the
provider's attribute mapping says which claim), then asks before it makes tokens. Membership in the pool
follows too, added and removed, because schedules look there while nobody is signed in.
Accounts of the pool itself are left alone: their groups are an administrator's.
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
    """Which of the provider's groups stands for each of ours; ours that are not in it stay as they are."""

    words: Mapping[str, str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GroupMap:
        """Read what template.yaml gives; empty variables map nothing."""
        variables = {
            EXPORT_GROUP: "EXPORT_CLAIM",
            ADMIN_GROUP: "ADMIN_CLAIM",
            PATIENT_GROUP: "PATIENT_CLAIM",
        }
        found = {group: environment.get(name, "").strip() for group, name in variables.items()}
        return cls({group: word for group, word in found.items() if word})

    def choose(self, current: Iterable[str], claim: str) -> frozenset[str]:
        """Return the groups of somebody who has the `current` ones and comes with this claim."""
        words = read_claim(claim)
        kept = {group for group in current if group not in self.words}
        return frozenset(kept | {group for group, word in self.words.items() if word in words})


def read_claim(claim: str) -> frozenset[str]:
    """Return the names in a claim: a JSON list, "[a, b]", "a,b" or "a"; form-encoded ones as both."""
    names = _read_json(claim)
    if names is None:
        inner = claim[1:-1] if claim.startswith("[") and claim.endswith("]") else claim
        names = inner.split(",")
    plain = {name.strip() for name in names}
    return frozenset(plain | {unquote_plus(name) for name in plain}) - {""}


def map_groups(event: dict[str, Any], group_map: GroupMap, client: Any) -> dict[str, Any]:
    """Bring the pool up to date with a federated person's claim; return the event with the token's groups.

    `event` is Cognito's (pre token generation, V2_0), `client` a cognito-idp client.
    """
    request = event["request"]
    attributes = request["userAttributes"]
    if attributes.get("cognito:user_status") != FEDERATED:
        return event
    configuration = request.get("groupConfiguration") or {}
    current = frozenset(configuration.get("groupsToOverride") or ())
    wanted = group_map.choose(current, attributes.get(ATTRIBUTE) or "")
    person = {"UserPoolId": event["userPoolId"], "Username": event["userName"]}
    # What is lost first: if the rest fails, nobody has more than they should.
    for group in sorted(current - wanted):
        client.admin_remove_user_from_group(**person, GroupName=group)
    for group in sorted(wanted - current):
        client.admin_add_user_to_group(**person, GroupName=group)
    if current != wanted:
        changes = {"added": sorted(wanted - current), "removed": sorted(current - wanted)}
        _LOGGER.info("groups_mapped", extra={"caller": attributes.get("sub"), **changes})
    details = {**configuration, "groupsToOverride": sorted(wanted)}
    event["response"] = {"claimsAndScopeOverrideDetails": {"groupOverrideDetails": details}}
    return event


def _read_json(claim: str) -> list[str] | None:
    try:
        names = json.loads(claim)
    except ValueError:
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None
