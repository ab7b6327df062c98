"""A refusal names the field and has no effect."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from local.stack import users
from local.stack.service import Reply, Service
from local.stack.stack import Stack

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold, UserPool

UNKNOWN = "A" * 32


@pytest.fixture
def nothing_happens(backstage: Backstage) -> Iterator[None]:
    """Table and queue are the same after the test."""
    until(lambda: backstage.waiting() == 0)
    before = backstage.states()
    yield
    assert backstage.states() == before
    assert backstage.waiting() == 0


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decode(part: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def altered(token: str) -> str:
    header, claims, signature = token.split(".")
    return f"{header}.{encode(decode(claims) | {'cognito:groups': ['admingroup']})}.{signature}"


def unsigned(token: str) -> str:
    header, claims, _ = token.split(".")
    return f"{encode(decode(header) | {'alg': 'none'})}.{claims}."


def signed_by_another(token: str) -> str:
    header, claims, _ = token.split(".")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = key.sign(f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("forge", [altered, unsigned, signed_by_another, lambda _: "nonsense"])
def test_forged_token_opens_nothing(physicist: Service, forge: Callable[[str], str]) -> None:
    assert physicist.token is not None
    forged = replace(physicist, token=forge(physicist.token))
    assert forged.request_export(type="ct-csv").status == 401
    assert forged.call("GET", "/exports").status == 401


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/exports"),
        ("GET", "/exports"),
        ("GET", "/export-types"),
        ("POST", "/exports/preview"),
        ("GET", "/suggestions"),
        ("DELETE", "/exports"),
        ("GET", f"/exports/{UNKNOWN}"),
        ("DELETE", f"/exports/{UNKNOWN}"),
        ("POST", f"/exports/{UNKNOWN}/abort"),
        ("POST", f"/exports/{UNKNOWN}/download"),
    ],
)
def test_request_without_token_or_group_is_refused(people: UserPool, method: str, path: str) -> None:
    assert replace(people.physicist, token=None).call(method, path, {"type": "ct-csv"}).status == 401
    refused = people.nobody.call(method, path, {"type": "ct-csv"})
    assert (refused.status, refused.json["code"]) == (403, "GROUP_NEEDED")


def test_token_of_another_client_of_the_same_pool_is_refused(stack: Stack) -> None:
    cognito = stack.cloud.client("cognito-idp")
    pool = stack.resource("UserPool")
    user = users.create(stack, "wanderer", users.EXPORT)
    other = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    signed_in = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=other,
        AuthParameters={"USERNAME": user.name, "PASSWORD": user.password},
    )
    foreign = Service(stack.url, signed_in["AuthenticationResult"]["AccessToken"])
    assert foreign.call("GET", "/exports").status == 401
    assert Service(stack.url, users.sign_in(stack, user)).call("GET", "/exports").status == 200


def test_health_needs_no_token(stack: Stack) -> None:
    health = Service(stack.url).call("GET", "/health")
    assert (health.status, health.json["status"]) == (200, "ok")


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, "body"),
        ([], 422, "body"),
        ({}, 422, "type"),
        ({"type": "ct-pdf"}, 422, "type"),
        ({"type": "ct-csv", "colour": "red"}, 422, "colour"),
        ({"type": "ct-csv", "include_names": "yes"}, 422, "include_names"),
        ({"type": "ct-csv", "include_names": True}, 403, "include_names"),
        ({"type": "ct-csv", "include_ids": True}, 403, "include_ids"),
        ({"type": "ct-csv", "order": "by luck"}, 422, "order"),
        ({"type": "ct-csv", "filters": {"moon": "full"}}, 422, "filters.moon"),
        ({"type": "ct-csv", "filters": {"date_from": "yesterday"}}, 422, "filters.date_from"),
        ({"type": "ct-csv", "filters": {"date_from": "2026-02-30"}}, 422, "filters.date_from"),
        ({"type": "ct-csv", "filters": {"dlp_min": "much"}}, 422, "filters.dlp_min"),
        (
            {"type": "ct-csv", "filters": {"date_from": "2026-02-01", "date_to": "2026-01-01"}},
            422,
            "filters.date_from",
        ),
        ({"type": "ct-csv", "filters": {"patient_id": "1"}}, 403, "filters.patient_id"),
        ({"type": "ct-csv", "filters": {"station_name": "x" * 65_536}}, 413, "body"),
    ],
)
def test_invalid_or_forbidden_request_starts_nothing(
    physicist: Service, body: object, status: int, field: str
) -> None:
    assert_refused(physicist.call("POST", "/exports", body), status, field)
    assert_refused(physicist.call("POST", "/exports/preview", body), status, field)


def assert_refused(reply: Reply, status: int, field: str | None) -> None:
    assert (reply.status, reply.json["field"]) == (status, field), reply.body
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert reply.json["status"] == status
    assert reply.json["code"]
    assert reply.json["detail"].endswith(".")


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("export_id", [UNKNOWN, "x", "a%20b"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", "/abort"), ("POST", "/download"), ("DELETE", "")]
)
def test_unknown_export_is_not_found(physicist: Service, method: str, path: str, export_id: str) -> None:
    assert_refused(physicist.call(method, f"/exports/{export_id}{path}"), 404, "id")


def test_running_export_has_no_file_and_cannot_be_deleted(physicist: Service, database_held: Hold) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-csv").json
        assert_refused(physicist.call("POST", f"/exports/{requested['id']}/download"), 409, "id")
        assert_refused(physicist.call("DELETE", f"/exports/{requested['id']}"), 409, "id")
    export = physicist.wait(requested["id"])
    assert_refused(physicist.call("POST", f"/exports/{export['id']}/abort"), 409, "id")
    assert physicist.get(export["id"]) == export


def test_active_exports_are_limited_to_five(
    people: UserPool, database_held: Hold, backstage: Backstage
) -> None:
    with database_held():
        requested = [people.physicist.request_export(type="ct-csv").json["id"] for _ in range(5)]
        before = backstage.states().keys()
        refused = people.physicist.request_export(type="ct-csv")
        assert (refused.status, refused.json["code"]) == (429, "TOO_MANY_ACTIVE")
        assert backstage.states().keys() == before
        other = people.colleague.request_export(type="ct-csv")
        assert other.status == 202
    for export_id in requested:
        assert people.physicist.wait(export_id)["state"] == "COMPLETED"
    assert people.colleague.wait(other.json["id"])["state"] == "COMPLETED"
    assert (
        people.physicist.wait(people.physicist.request_export(type="ct-csv").json["id"])["state"]
        == "COMPLETED"
    )
