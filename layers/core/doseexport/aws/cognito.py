"""Find users in the Cognito user pool, because a schedule runs with its owner's present rights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from doseexport.aws.clients import ClientError, find_error_code


@dataclass(frozen=True, slots=True)
class User:
    """A user: the Cognito sub, whether the account is enabled, and its groups."""

    id: str
    is_enabled: bool
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A user as far as mail is concerned. `address` is None unless Cognito has verified it."""

    id: str
    is_enabled: bool
    address: str | None = field(repr=False)


class UserPool:
    """The user pool `pool_id`. `client` is a boto3 client of `cognito-idp`."""

    def __init__(self, client: Any, pool_id: str) -> None:
        self._client = client
        self._pool = pool_id

    def find(self, username: str) -> User | None:
        """Return the user with this name. Return None if there is none."""
        user = self._get(username)
        if user is None:
            return None
        account = {"UserPoolId": self._pool, "Username": username}
        groups = self._client.get_paginator("admin_list_groups_for_user").paginate(**account)
        names = frozenset(group["GroupName"] for page in groups for group in page["Groups"])
        return User(_read_attributes(user).get("sub", ""), user["Enabled"], names)

    def find_mailbox(self, username: str) -> Mailbox | None:
        """Return the mailbox of the user with this name. Return None if there is no such user."""
        user = self._get(username)
        if user is None:
            return None
        attributes = _read_attributes(user)
        is_verified = attributes.get("email_verified") == "true"
        address = attributes.get("email") or None
        return Mailbox(attributes.get("sub", ""), user["Enabled"], address if is_verified else None)

    def _get(self, username: str) -> dict[str, Any] | None:
        try:
            user: dict[str, Any] = self._client.admin_get_user(UserPoolId=self._pool, Username=username)
        except ClientError as error:
            if find_error_code(error) == "UserNotFoundException":
                return None
            raise
        return user


def _read_attributes(user: dict[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in user["UserAttributes"]}
