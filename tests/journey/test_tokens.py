"""The API accepts only valid tokens that its pool signed for its client."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack

from tests.journey.conftest import UserPool

Json = dict[str, Any]
HOUR = 3600


def encode(value: bytes | Json) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(part: str) -> Json:
    found: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


class Forge:
    """Makes tokens like a good one, with the pool's own key: each differs in what a test changes, alone."""

    def __init__(self, stack: Stack, good: str) -> None:
        pool = stack.resource("UserPool")
        (path,) = stack.folder.rglob(f"{pool}-access.pem")
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.header, self.claims = (decode(part) for part in good.split(".")[:2])

    def sign(self, key: rsa.RSAPrivateKey | None = None, header: Json | None = None, **claims: Any) -> str:
        """A claim of None is left out."""
        said = {name: value for name, value in (self.claims | claims).items() if value is not None}
        text = f"{encode(self.header | (header or {}))}.{encode(said)}"
        signature = (key or self.key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{encode(signature)}"

    def sign_with_public_key(self) -> str:
        """HS256, its secret the public key: who lets the token choose the algorithm takes it for good."""
        text = f"{encode(self.header | {'alg': 'HS256'})}.{encode(self.claims)}"
        return f"{text}.{encode(hmac.new(self.public, text.encode(), hashlib.sha256).digest())}"

    def leave_unsigned(self, algorithm: str) -> str:
        return f"{encode(self.header | {'alg': algorithm})}.{encode(self.claims)}."


@pytest.fixture(scope="module")
def forge(stack: Stack, people: UserPool) -> Forge:
    assert people.physicist.token is not None
    return Forge(stack, people.physicist.token)


def status(stack: Stack, token: str) -> int:
    return Service(stack.url, token).call("GET", "/exports").status


def test_forge_makes_valid_tokens(stack: Stack, forge: Forge) -> None:
    assert status(stack, forge.sign()) == 200
    assert status(stack, forge.sign(exp=int(time.time()) + HOUR)) == 200


def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk_of(key: rsa.RSAPrivateKey) -> Json:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "e": "AQAB", "n": encode(numbers.n.to_bytes(256, "big"))}


def with_own_key_inside(forge: Forge) -> str:
    key = other_key()
    return forge.sign(key, {"jwk": jwk_of(key)})


def swap_claims(forge: Forge) -> str:
    header, _, signature = forge.sign().split(".")
    return f"{header}.{encode(forge.claims | {'cognito:groups': ['admingroup', 'pidgroup']})}.{signature}"


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "expired an hour ago": lambda forge: forge.sign(exp=int(time.time()) - HOUR),
    "expired a minute ago": lambda forge: forge.sign(exp=int(time.time()) - 60),
    "not valid yet": lambda forge: forge.sign(nbf=int(time.time()) + HOUR),
    "of another issuer": lambda forge: forge.sign(iss="https://login.example/eu-west-2_evil"),
    "of a pool whose id begins like ours": lambda forge: forge.sign(iss=f"{forge.claims['iss']}x"),
    "without issuer": lambda forge: forge.sign(iss=None),
    "for another client": lambda forge: forge.sign(client_id="another"),
    "for no client": lambda forge: forge.sign(client_id=None),
    "for another audience": lambda forge: forge.sign(client_id=None, aud="another"),
    "unsigned": lambda forge: forge.leave_unsigned("none"),
    "unsigned, loudly": lambda forge: forge.leave_unsigned("NONE"),
    "unsigned, slyly": lambda forge: forge.leave_unsigned("nOnE"),
    "unsigned, as if signed": lambda forge: forge.leave_unsigned("RS256"),
    "signed by the public key": Forge.sign_with_public_key,
    "signed by another key": lambda forge: forge.sign(other_key()),
    "signed by a key it brings along": with_own_key_inside,
    "of a key that is not the pool's": lambda forge: forge.sign(other_key(), {"kid": "another"}),
    "of a key that is a file": lambda forge: forge.sign(other_key(), {"kid": "../../../dev/null"}),
    "with an empty signature": lambda forge: forge.sign().rpartition(".")[0] + ".",
    "with half a signature": lambda forge: forge.sign()[:-100],
    "with another's claims": swap_claims,
    "of two parts": lambda forge: forge.sign().rpartition(".")[0],
    "of four parts": lambda forge: forge.sign() + ".x",
    "no JSON": lambda forge: f"{encode(b'x')}.{encode(b'y')}.{encode(b'z')}",
    "a list": lambda forge: f"{encode(forge.header)}.{encode(b'[]')}.{encode(b'z')}",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_token_that_is_foreign_or_out_of_date_is_refused(stack: Stack, forge: Forge, name: str) -> None:
    assert status(stack, FORGERIES[name](forge)) == 401


@pytest.mark.parametrize("scheme", ["Basic {}", "{} {}", "Token {}", "Bearer", ""])
def test_valid_token_in_the_wrong_form_is_refused(stack: Stack, forge: Forge, scheme: str) -> None:
    token = forge.sign()
    headers = {"Authorization": scheme.format(token, token)}
    assert Service(stack.url).call("GET", "/exports", headers=headers).status == 401


def test_valid_token_in_the_address_is_ignored(stack: Stack, forge: Forge) -> None:
    for name in ("access_token", "token", "Authorization"):
        assert Service(stack.url).call("GET", f"/exports?{name}={forge.sign()}").status == 401


def test_token_of_another_pool_is_refused(stack: Stack, people: UserPool) -> None:
    cognito = stack.cloud.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="x", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    password = "Aa1-another-pool-password"
    cognito.admin_create_user(UserPoolId=pool, Username="physicist", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="physicist", Password=password, Permanent=True)
    cognito.create_group(UserPoolId=pool, GroupName=users.ADMIN)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="physicist", GroupName=users.ADMIN)
    tokens = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client,
        AuthParameters={"USERNAME": "physicist", "PASSWORD": password},
    )["AuthenticationResult"]
    for name in ("AccessToken", "IdToken", "RefreshToken"):
        assert replace(people.physicist, token=tokens[name]).call("GET", "/exports").status == 401


def test_refresh_token_is_refused(stack: Stack) -> None:
    user = users.create(stack, "refresher", users.EXPORT)
    tokens = stack.cloud.client("cognito-idp").initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=stack.resource("UserPoolClient"),
        AuthParameters={"USERNAME": user.name, "PASSWORD": user.password},
    )["AuthenticationResult"]
    assert status(stack, tokens["AccessToken"]) == 200
    assert status(stack, tokens["RefreshToken"]) in {401, 403}
