"""Create users in the local stack's user pool, read their mail, and sign them in as a browser does."""

import json
import secrets
import urllib.request
from dataclasses import dataclass
from typing import Any

from local.stack.service import fetch
from local.stack.stack import Stack

EXPORT, ADMIN, PATIENTS = "exportgroup", "admingroup", "pidgroup"


@dataclass(frozen=True)
class User:
    """A user who can sign in."""

    name: str
    password: str
    groups: tuple[str, ...]


def create(stack: Stack, name: str, *groups: str, password: str = "", has_mail: bool = False) -> User:
    """Create a user in these groups, with a random password unless one is given.

    With `has_mail` the user has the verified address name@hospital.example.
    """
    pool = stack.resource("UserPool")
    cognito = stack.cloud.client("cognito-idp")
    # The prefix satisfies the pool's password policy; the rest is random.
    user = User(name, password or f"Aa1-{secrets.token_urlsafe(15)}", groups)
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        TemporaryPassword=user.password,
        MessageAction="SUPPRESS",
        UserAttributes=_make_address(name) if has_mail else [],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=user.password, Permanent=True)
    for group in groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    return user


def _make_address(name: str) -> list[dict[str, str]]:
    return [
        {"Name": "email", "Value": f"{name}@hospital.example"},
        {"Name": "email_verified", "Value": "true"},
    ]


def invite(stack: Stack, name: str, *groups: str) -> None:
    """Create a user as docs/operations.md says: Cognito mails a temporary password, and no other exists."""
    pool = stack.resource("UserPool")
    cognito = stack.cloud.client("cognito-idp")
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        UserAttributes=_make_address(name),
        DesiredDeliveryMediums=["EMAIL"],
    )
    for group in groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)


def read_mail(stack: Stack, name: str) -> list[str]:
    """Return the texts of the mails to a user's address, of Cognito and of the service, oldest first."""
    reply = fetch(urllib.request.Request(f"{stack.cloud.endpoint}/_ministack/ses/messages"))  # noqa: S310 - loopback
    mails = [mail for account in json.loads(reply.body)["messages"].values() for mail in account]
    return [mail["BodyText"] for mail in mails if f"{name}@hospital.example" in mail["To"]]


def create_demo_users(stack: Stack, password: str = "") -> list[User]:
    """Create the users of the demo: one per set of rights, and one without rights."""
    return [
        create(stack, "physicist", EXPORT, password=password, has_mail=True),
        create(stack, "admin", ADMIN, EXPORT, password=password, has_mail=True),
        create(stack, "privileged", PATIENTS, EXPORT, password=password, has_mail=True),
        create(stack, "visitor", password=password),
    ]


def sign_in(stack: Stack, user: User) -> str:
    """Return an access token for the API."""
    token: str = request_tokens(stack, user)["AccessToken"]
    return token


def request_tokens(stack: Stack, user: User) -> dict[str, Any]:
    """Return all tokens of a sign-in, as Cognito answers them."""
    reply = stack.cloud.client("cognito-idp").initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=stack.resource("UserPoolClient"),
        AuthParameters={"USERNAME": user.name, "PASSWORD": user.password},
    )
    result: dict[str, Any] = reply["AuthenticationResult"]
    return result
