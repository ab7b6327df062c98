"""Sign-in, sign-out, and the end of a session."""

import json
from collections.abc import Callable

from local.stack.stack import Stack
from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.steps import field, newest, start, wait_for

HALF_AN_HOUR, HALF_A_DAY = "31:00", "13:00:00"


def end_session(page: Page, stack: Stack) -> None:
    """End the session: revoke the refresh token, and move the clock past the end of the access token."""
    refresh = page.evaluate("JSON.parse(sessionStorage.getItem('doseexport.tokens')).refresh")
    stack.cloud.client("cognito-idp").revoke_token(Token=refresh, ClientId=stack.resource("UserPoolClient"))
    page.clock.fast_forward(HALF_A_DAY)


def read_tokens(page: Page) -> str:
    return str(page.evaluate("sessionStorage.getItem('doseexport.tokens')"))


def test_sign_in_rejects_wrong_password_then_accepts_right_one(visit: Visits, physicist: User) -> None:
    window = visit()
    window.open()
    window.enter_password(User(physicist.name, "Wrong-on-purpose-1", ()))
    assert_that(window.page.get_by_role("alert")).to_contain_text("Incorrect user name or password.")
    window.enter_password(physicist)
    assert_that(window.page.get_by_role("tab", name="CT")).to_be_visible()
    assert_that(window.page.get_by_text(physicist.name)).to_be_visible()
    stored, given = (
        json.loads(text) for text in (read_tokens(window.page), read_tokens(visit().sign_in(physicist)))
    )
    assert stored.keys() == given.keys(), "the tests store tokens as the page does"
    assert abs(stored["expires"] - given["expires"]) < 600_000


def test_sign_out_clears_tokens(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    page.get_by_role("button", name="Sign out").click()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_back_after_sign_out_shows_sign_in(visit: Visits, physicist: User) -> None:
    """Browsers keep a whole page in memory for the Back button, with everything it showed."""
    page = visit().sign_in(physicist)
    page.evaluate("""() => {
        sessionStorage.clear();
        dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
    }""")
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert_that(page.locator("#form")).to_be_hidden()


def test_reload_keeps_session(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    page.reload()
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_user_without_group_sees_no_access(visit: Visits, make_user: Callable[..., User]) -> None:
    page = visit().sign_in(make_user("visitor"))
    assert_that(page.get_by_role("heading", name="No access to exports")).to_be_visible()
    assert_that(page.get_by_text("exportgroup")).to_be_visible()
    assert_that(page.get_by_role("tab")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_expired_token_is_renewed_silently(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    before = page.evaluate("sessionStorage.getItem('doseexport.tokens')")
    page.clock.fast_forward(HALF_AN_HOUR)
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('doseexport.tokens')") != before


def test_ended_session_prompts_and_keeps_form(visit: Visits, privileged: User, stack: Stack) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(privileged)
    field(page, "Study description").fill("thorax")
    field(page, "Patient name").fill("unknown name")
    end_session(page, stack)
    dialog = page.get_by_role("dialog")
    assert_that(dialog).to_contain_text("Your session has ended")
    window.enter_password(privileged)
    assert_that(dialog).to_be_hidden()
    page.get_by_role("button", name="Preview").click()
    assert_that(page.locator("#preview")).to_contain_text("No study matches these filters.")
    assert_that(field(page, "Study description")).to_have_value("thorax")
    assert_that(field(page, "Patient name")).to_have_value("unknown name")


def test_ended_session_clears_form_for_another_user(
    visit: Visits, privileged: User, physicist: User, stack: Stack
) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(privileged)
    field(page, "Patient name").fill("unknown name")
    end_session(page, stack)
    assert_that(page.get_by_role("dialog")).to_be_visible()
    window.enter_password(physicist)
    assert_that(page.get_by_role("dialog")).to_be_hidden()
    assert_that(page.locator("#user")).to_have_text(physicist.name)
    assert_that(field(page, "Patient name")).to_have_count(0)


def test_ended_session_stays_usable_after_escape(visit: Visits, physicist: User, stack: Stack) -> None:
    """Chromium closes a dialog at the second Escape, whatever the page answers to the first."""
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist)
    end_session(page, stack)
    dialog = page.get_by_role("dialog")
    assert_that(dialog).to_contain_text("Your session has ended")
    page.get_by_label("User name").fill(physicist.name)
    for _ in range(4):
        page.keyboard.press("Escape")
    assert_that(dialog).to_be_visible()
    assert_that(page.get_by_label("User name")).to_have_value(physicist.name)
    window.enter_password(physicist)
    assert_that(dialog).to_be_hidden()
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()


def test_rejected_token_prompts_sign_in(visit: Visits, physicist: User) -> None:
    """The token is valid to the page, but the API rejects it."""
    window = visit()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    corrupt = """() => {
        const tokens = JSON.parse(sessionStorage.getItem("doseexport.tokens"));
        const corrupted = {...tokens, access: `${tokens.access}x`, refresh: "x"};
        sessionStorage.setItem("doseexport.tokens", JSON.stringify(corrupted));
    }"""
    page.evaluate(corrupt)
    page.reload()
    assert_that(page.get_by_role("dialog")).to_contain_text("Your session has ended")
    window.enter_password(physicist)
    start(page)
    wait_for(newest(page), "Completed")
