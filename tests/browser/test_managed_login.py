"""Sign-in on the page of the managed login: authorization code with PKCE, renewal, and sign-out.

The login is a fake that answers as Cognito does, with real tokens of the local pool.
"""

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from local.stack import users
from local.stack.stack import Stack
from playwright.sync_api import Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visit, Visits
from tests.browser.steps import field as form_field

LOGIN = "https://login.example"


@dataclass
class Login:
    """A fake managed login that records its requests."""

    stack: Stack
    user: users.User
    refuse: bool = False
    is_busy: bool = False
    authorized: list[dict[str, str]] = field(default_factory=list)
    exchanged: list[dict[str, str]] = field(default_factory=list)
    ended: list[dict[str, str]] = field(default_factory=list)

    def authorize(self, route: Route) -> None:
        query = read_query(route.request.url)
        self.authorized.append(query)
        answer = (
            {"error": "access_denied", "error_description": "Not today."} if self.refuse else {"code": "c0de"}
        )
        back = f"{query['redirect_uri']}?{urlencode(answer | {'state': query['state']})}"
        # Do not redirect: the test cannot change the policy of a page after a redirect.
        page = f'<meta http-equiv="refresh" content="0;url={html.escape(back)}">'
        route.fulfill(content_type="text/html", body=page)

    def exchange(self, route: Route) -> None:
        self.exchanged.append(dict(parse_qsl(route.request.post_data or "")))
        if self.is_busy:
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
            return
        token = users.sign_in(self.stack, self.user)
        answer = {"access_token": token, "refresh_token": "again", "expires_in": 1800, "token_type": "Bearer"}
        route.fulfill(json=answer, headers={"Access-Control-Allow-Origin": "*"})

    def end(self, route: Route) -> None:
        self.ended.append(read_query(route.request.url))
        route.fulfill(status=302, headers={"Location": self.ended[-1]["logout_uri"]})

    @contextmanager
    def opened(self, visit: Visit) -> Iterator[Page]:
        """Open a page whose configuration names this login."""
        visit.allowed.append(LOGIN)
        page = visit.page
        page.route(f"{LOGIN}/oauth2/authorize?*", self.authorize)
        page.route(f"{LOGIN}/oauth2/token", self.exchange)
        page.route(f"{LOGIN}/oauth2/revoke", lambda route: route.fulfill(body=""))
        page.route(f"{LOGIN}/logout?*", self.end)
        page.route("**/config.json", configure_login)
        page.route(lambda url: urlsplit(url).path.endswith("/$default/"), allow_login)
        visit.open("#CT?station=CT1")
        yield page


def configure_login(route: Route) -> None:
    reply = route.fetch()
    configuration = reply.json() | {"login": LOGIN, "logout": f"{LOGIN}/logout"}
    route.fulfill(response=reply, body=json.dumps(configuration))


def allow_login(route: Route) -> None:
    """Allow the login in the policy, as the server does when it is configured."""
    reply = route.fetch()
    policy = reply.headers["content-security-policy"].replace(
        "connect-src 'self'", f"connect-src 'self' {LOGIN}"
    )
    route.fulfill(response=reply, headers=reply.headers | {"content-security-policy": policy})


def read_query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def login(stack: Stack, privileged: users.User) -> Login:
    return Login(stack, privileged)


def press_sign_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_login_exchanges_code_and_verifier_for_tokens(visit: Visits, login: Login) -> None:
    with login.opened(visit()) as page:
        assert_that(page.get_by_label("Password")).to_have_count(0)
        press_sign_in(page)
        assert_that(form_field(page, "Station")).to_have_value("CT1")
        assert page.url.endswith("/#CT?station=CT1")
    authorized, exchanged = login.authorized[0], login.exchanged[0]
    assert (authorized["response_type"], authorized["code_challenge_method"]) == ("code", "S256")
    assert authorized["scope"] == "openid profile"
    assert authorized["client_id"] == exchanged["client_id"] == login.stack.resource("UserPoolClient")
    proof = base64.urlsafe_b64encode(hashlib.sha256(exchanged["code_verifier"].encode()).digest()).decode()
    assert proof.rstrip("=") == authorized["code_challenge"]
    assert (exchanged["grant_type"], exchanged["code"]) == ("authorization_code", "c0de")
    assert exchanged["redirect_uri"] == authorized["redirect_uri"]


def test_login_rejects_forged_state(visit: Visits, login: Login) -> None:
    window = visit()
    with login.opened(window) as page:
        assert_that(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        page.goto(f"{window.address}?code=c0de&state=forged")
        assert_that(page.get_by_role("alert")).to_have_text("This sign-in was not started here. Try again.")
        assert "code" not in page.url
    assert login.exchanged == []


def test_login_shows_refusal(visit: Visits, login: Login) -> None:
    login.refuse = True
    with login.opened(visit()) as page:
        press_sign_in(page)
        assert_that(page.get_by_role("alert")).to_have_text("Not today.")


def test_login_ignores_error_text_with_forged_state(visit: Visits, login: Login) -> None:
    window = visit()
    with login.opened(window) as page:
        assert_that(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        page.goto(f"{window.address}?error=x&error_description=Call+0900+1234&state=forged")
        assert_that(page.get_by_role("alert")).to_have_text("This sign-in was not started here. Try again.")
        assert "0900" not in page.url


def test_login_renews_tokens(visit: Visits, login: Login) -> None:
    window = visit()
    window.page.clock.install()
    with login.opened(window) as page:
        press_sign_in(page)
        assert_that(form_field(page, "Station")).to_be_visible()
        page.clock.fast_forward("31:00")
        page.get_by_role("button", name="Preview").click()
        assert_that(page.locator("#preview")).to_contain_text("No study matches these filters.")
    assert login.exchanged[-1]["grant_type"] == "refresh_token"
    assert login.exchanged[-1]["refresh_token"] == "again"


def test_login_that_cannot_renew_tokens_for_a_while_ends_no_session(visit: Visits, login: Login) -> None:
    window = visit()
    window.page.clock.install()
    with login.opened(window) as page:
        press_sign_in(page)
        assert_that(page.locator("#preview")).to_contain_text("No study matches these filters.")
        login.is_busy = True
        page.clock.fast_forward("29:20")  # the token is valid for 40 seconds more
        form_field(page, "Station").fill("CT")
        assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
        assert login.exchanged[-1]["grant_type"] == "refresh_token"
        login.is_busy = False
        form_field(page, "Station").fill("CT1")
        assert_that(page.locator("#preview")).to_contain_text("No study matches these filters.")
        assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert login.exchanged[-1]["refresh_token"] == "again"


def test_login_restores_draft_after_return(visit: Visits, login: Login) -> None:
    window = visit()
    window.page.clock.install()
    with login.opened(window) as page:
        press_sign_in(page)
        form_field(page, "Patient name").fill("unknown name")
        form_field(page, "Procedure").fill("head")
        page.get_by_label("Mail me when it ends").check()
        page.route(f"{LOGIN}/oauth2/token", refuse)
        page.clock.fast_forward("13:00:00")
        assert_that(page.get_by_role("dialog")).to_contain_text("Your session has ended")
        page.unroute(f"{LOGIN}/oauth2/token", refuse)
        press_sign_in(page)
        assert_that(form_field(page, "Procedure")).to_have_value("head")
        assert_that(form_field(page, "Patient name")).to_have_value("unknown name")
        assert_that(page.get_by_label("Mail me when it ends")).to_be_checked()
        assert "unknown" not in page.url
        assert "unknown" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_login_discards_draft_for_another_user(visit: Visits, login: Login, physicist: users.User) -> None:
    window = visit()
    window.page.clock.install()
    with login.opened(window) as page:
        press_sign_in(page)
        form_field(page, "Accession number").fill("ACC-CANARY")
        form_field(page, "Patient name").fill("unknown name")
        page.route(f"{LOGIN}/oauth2/token", refuse)
        page.clock.fast_forward("13:00:00")
        assert_that(page.get_by_role("dialog")).to_contain_text("Your session has ended")
        page.unroute(f"{LOGIN}/oauth2/token", refuse)
        login.user = physicist
        press_sign_in(page)
        assert_that(page.locator("#user")).to_have_text(physicist.name)
        assert_that(form_field(page, "Accession number")).to_have_value("")
        assert_that(page.locator("#chosen")).not_to_contain_text("CANARY")


def refuse(route: Route) -> None:
    headers = {"Access-Control-Allow-Origin": "*"}
    route.fulfill(status=400, json={"error": "invalid_grant"}, headers=headers)


def test_sign_out_ends_login_session(visit: Visits, login: Login) -> None:
    window = visit()
    with login.opened(window) as page:
        press_sign_in(page)
        page.get_by_role("button", name="Sign out").click()
        assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
    client = login.stack.resource("UserPoolClient")
    assert login.ended == [{"client_id": client, "logout_uri": window.address}]
