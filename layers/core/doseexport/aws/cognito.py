"""Find users in the Cognito user pool, because a schedule runs with its owner's present rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doseexport.aws.clients import ClientError, error_code


@dataclass(frozen=True, slots=True)
class User:
    """A user: the Cognito sub, whether the account is enabled, and its groups."""

    id: str
    is_enabled: bool
    groups: frozenset[str]


class UserPool:
    """The user pool `pool_id`. `client` is a boto3 client of `cognito-idp`."""

    def __init__(self, client: Any, pool_id: str) -> None:
        self._client = client
        self._pool = pool_id

    def find(self, username: str) -> User | None:
        """Return the user with this name. Return None if there is none."""
        account = {"UserPoolId": self._pool, "Username": username}
        try:
            user = self._client.admin_get_user(**account)
        except ClientError as error:
            if error_code(error) == "UserNotFoundException":
                return None
            raise
        attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
        groups = self._client.get_paginator("admin_list_groups_for_user").paginate(**account)
        names = frozenset(group["GroupName"] for page in groups for group in page["Groups"])
        return User(attributes.get("sub", ""), user["Enabled"], names)
