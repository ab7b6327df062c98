"""At each sign-in, before tokens are made: map the identity provider's groups to this service's groups."""

from __future__ import annotations

import os
from typing import Any

from doseexport.aws.clients import make_client, prepare_clients
from doseexport.aws.logging import log_invocations
from doseexport.jobs.group_mapping import GroupMap, map_groups

prepare_clients("cognito-idp")


@log_invocations
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return Cognito's event (pre token generation, V2_0) with the groups that the tokens must carry.

    An error here refuses the sign-in: a right that was withdrawn must not live on in the user pool.
    """
    return map_groups(event, GroupMap.from_environment(os.environ), make_client("cognito-idp"))
