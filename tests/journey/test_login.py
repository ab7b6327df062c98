"""With a login domain: managed login by code and PKCE, groups of a provider, other front ends by CORS."""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from local.stack import users
from local.stack.build import ROOT
from local.stack.service import Reply, Service, fetch
from local.stack.stack import Stack

FRONT_END = "https://front.example"


@pytest.fixture(scope="module")
def hospital(sample_url: str) -> Iterator[Stack]:
    """A service of a hospital with single sign-on, and with a front end of its own."""
    with Stack(
        sample_url,
        LoginDomainPrefix="hospital",
        ExportClaim="Medical Physics",
        PatientClaim="Named Patients",
        FrontEndOrigins=f"{FRONT_END},https://other.example",
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def ada(hospital: Stack) -> users.User:
    return users.create(hospital, "ada", users.EXPORT)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, **form: str) -> Reply:
    """Post a form as a browser does, and return where it leads instead of following it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        answer = opener.open(url, urlencode(form).encode())
    except urllib.error.HTTPError as redirected:
        answer = redirected
    with answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, headers, answer.read())


class Browser:
    """What the page does to sign in: RFC 7636, with S256."""

    def __init__(self, stack: Stack) -> None:
        self.configuration = fetch(f"{stack.url}/config.json").json
        self.login = self.configuration["login"]
        self.page = f"{stack.url}/"
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.requested = {
            "response_type": "code",
            "client_id": self.configuration["client_id"],
            "redirect_uri": self.page,
            "scope": self.configuration["scopes"],
            "state": "state-1",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }

    def sign_in(self, user: users.User) -> Reply:
        return post(f"{self.login}/login", **self.requested, username=user.name, password=user.password)

    def take_tokens(self, back: Reply, verifier: str = "") -> Reply:
        (code,) = parse_qs(urlsplit(back.headers["location"]).query)["code"]
        return post(
            f"{self.login}/oauth2/token",
            grant_type="authorization_code",
            client_id=self.configuration["client_id"],
            code=code,
            redirect_uri=self.page,
            code_verifier=verifier or self.verifier,
        )


def claims_of(token: str) -> Any:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_code_and_verifier_open_the_api(hospital: Stack, ada: users.User) -> None:
    browser = Browser(hospital)
    back = browser.sign_in(ada)
    assert back.headers["location"].startswith(f"{browser.page}?code=")
    tokens = browser.take_tokens(back).json
    types = Service(hospital.url, tokens["access_token"]).call("GET", "/export-types")
    assert (types.status, types.json["user"]) == (200, "ada")
    # Without the scope of the pool's own API, users cannot write the groups of their profile.
    assert claims_of(tokens["access_token"])["scope"].split() == ["openid", "profile"]
    again = post(
        f"{browser.login}/oauth2/token",
        grant_type="refresh_token",
        client_id=browser.configuration["client_id"],
        refresh_token=tokens["refresh_token"],
    )
    renewed = claims_of(again.json["access_token"])  # the emulator forgets the groups here; Cognito does not
    assert (renewed["sub"], renewed["scope"]) == (claims_of(tokens["access_token"])["sub"], "openid profile")


def test_stolen_code_is_useless_without_its_verifier(hospital: Stack, ada: users.User) -> None:
    browser = Browser(hospital)
    refused = browser.take_tokens(browser.sign_in(ada), verifier="another" * 10)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


def test_managed_login_returns_to_the_page_only(hospital: Stack) -> None:
    browser = Browser(hospital)
    requested = browser.requested | {"redirect_uri": "https://elsewhere.example/"}
    assert fetch(f"{browser.login}/oauth2/authorize?{urlencode(requested)}").status == 400


def test_passwords_are_refused_beside_managed_login(hospital: Stack, ada: users.User) -> None:
    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH"):
        users.sign_in(hospital, ada)


def test_page_knows_where_to_sign_in_and_out(hospital: Stack) -> None:
    configuration = fetch(f"{hospital.url}/config.json").json
    assert configuration["logout"] == f"{configuration['login']}/logout"
    policy = fetch(f"{hospital.url}/").headers["content-security-policy"]
    assert f"connect-src 'self' {configuration['login']};" in policy


def test_provider_groups_become_ours_in_the_pool_and_are_taken_away_again(hospital: Stack) -> None:
    """With the trigger's own role: the emulator enforces that it may do this, and nothing else."""
    client, pool = hospital.cloud.client("cognito-idp"), hospital.resource("UserPool")
    users.create(hospital, "eve", users.ADMIN, users.PATIENTS)

    def groups() -> set[str]:
        found = client.admin_list_groups_for_user(UserPoolId=pool, Username="eve")
        return {each["GroupName"] for each in found["Groups"]}

    def sign_in(claim: str) -> list[str]:
        event = json.loads((ROOT / "events/map_groups.json").read_text())
        event |= {"userPoolId": pool, "userName": "eve"}
        event["request"]["userAttributes"]["custom:groups"] = claim
        event["request"]["groupConfiguration"]["groupsToOverride"] = sorted(groups())
        reply = hospital.cloud.client("lambda").invoke(
            FunctionName=hospital.resource("MapGroups"), Payload=json.dumps(event).encode()
        )
        assert "FunctionError" not in reply, reply["Payload"].read().decode()
        response = json.load(reply["Payload"])["response"]
        found: list[str] = response["claimsAndScopeOverrideDetails"]["groupOverrideDetails"][
            "groupsToOverride"
        ]
        return found

    assert sign_in("[Medical Physics, Staff]") == ["admingroup", "exportgroup"]  # admingroup is not mapped
    assert groups() == {"admingroup", "exportgroup"}
    assert sign_in("[Named Patients]") == ["admingroup", "pidgroup"]
    assert groups() == {"admingroup", "pidgroup"}


def test_other_front_ends_may_call_if_named_exactly(hospital: Stack) -> None:
    def preflight(origin: str) -> Reply:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        request = urllib.request.Request(f"{hospital.url}/exports", headers=headers, method="OPTIONS")
        return fetch(request)

    allowed = preflight(FRONT_END)
    assert allowed.headers["access-control-allow-origin"] == FRONT_END
    assert "idempotency-key" in allowed.headers["access-control-allow-headers"]
    for origin in ("https://front.example.org", "http://front.example", "null", hospital.cloud.endpoint):
        assert "access-control-allow-origin" not in preflight(origin).headers, origin


def test_other_origins_may_not_call_without_the_parameter(stack: Stack) -> None:
    headers = {"Origin": FRONT_END, "Access-Control-Request-Method": "POST"}
    refused = fetch(urllib.request.Request(f"{stack.url}/exports", headers=headers, method="OPTIONS"))
    assert "access-control-allow-origin" not in refused.headers
