"""Who gets in, who does not, and what happens when a session ends."""

from collections.abc import Callable

from local.stack.stack import Stack
from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that
from tests.browser.conftest import Visits
from tests.browser.steps import field, newest, start, wait_for

HALF_AN_HOUR, HALF_A_DAY = "31:00", "13:00:00"


def end_session(page: Page, stack: Stack) -> None:
    """Let the tokens be over: the pool forgets the refresh token, the clock goes past the other."""
    refresh = page.evaluate("JSON.parse(sessionStorage.getItem('doseexport.tokens')).refresh")
    stack.cloud.client("cognito-idp").revoke_token(Token=refresh, ClientId=stack.resource("UserPoolClient"))
    page.clock.fast_forward(HALF_A_DAY)


def test_a_wrong_password_is_told_so_and_the_right_one_gets_in(visit: Visits, physicist: User) -> None:
    window = visit()
    window.open()
    window.give_password(User(physicist.name, "Wrong-on-purpose-1", ()))
    assert_that(window.page.get_by_role("alert")).to_have_text("The user name or the password is not right.")
    window.give_password(physicist)
    assert_that(window.page.get_by_role("tab", name="CT")).to_be_visible()
    assert_that(window.page.get_by_text(physicist.name)).to_be_visible()


def test_signing_out_forgets_the_tokens(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    page.get_by_role("button", name="Sign out").click()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_going_back_after_signing_out_shows_nothing(visit: Visits, physicist: User) -> None:
    """Browsers keep a whole page in memory for the way back, with all it showed."""
    page = visit().sign_in(physicist)
    page.evaluate("""() => {
        sessionStorage.clear();
        dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
    }""")
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert_that(page.locator("#form")).to_be_hidden()


def test_a_reload_keeps_the_session(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    page.reload()
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_somebody_without_a_group_is_told_so(visit: Visits, make_user: Callable[..., User]) -> None:
    page = visit().sign_in(make_user("stranger"))
    assert_that(page.get_by_role("heading", name="No access to exports")).to_be_visible()
    assert_that(page.get_by_text("exportgroup")).to_be_visible()
    assert_that(page.get_by_role("tab")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_token_that_ends_is_renewed_unseen(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    before = page.evaluate("sessionStorage.getItem('doseexport.tokens')")
    page.clock.fast_forward(HALF_AN_HOUR)
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('doseexport.tokens')") != before


def test_a_session_that_ended_asks_again_and_keeps_the_form(
    visit: Visits, privileged: User, stack: Stack
) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(privileged)
    field(page, "Study description").fill("thorax")
    field(page, "Patient name").fill("nobody of this name")
    end_session(page, stack)
    dialog = page.get_by_role("dialog")
    assert_that(dialog).to_contain_text("Your session has ended")
    window.give_password(privileged)
    assert_that(dialog).to_be_hidden()
    page.get_by_role("button", name="Preview").click()
    assert_that(page.locator("#preview")).to_have_text("No study matches these filters.")
    assert_that(field(page, "Study description")).to_have_value("thorax")
    assert_that(field(page, "Patient name")).to_have_value("nobody of this name")


def test_another_person_does_not_take_over_the_form(
    visit: Visits, privileged: User, physicist: User, stack: Stack
) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(privileged)
    field(page, "Patient name").fill("nobody of this name")
    end_session(page, stack)
    assert_that(page.get_by_role("dialog")).to_be_visible()
    window.give_password(physicist)
    assert_that(page.get_by_role("dialog")).to_be_hidden()
    assert_that(page.locator("#user")).to_have_text(physicist.name)
    assert_that(field(page, "Patient name")).to_have_count(0)


def test_a_refused_token_asks_again_too(visit: Visits, physicist: User) -> None:
    """The page believes its token is good; the API says otherwise."""
    window = visit()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    spoil = """() => {
        const tokens = JSON.parse(sessionStorage.getItem("doseexport.tokens"));
        const spoilt = {...tokens, access: `${tokens.access}x`, refresh: "x"};
        sessionStorage.setItem("doseexport.tokens", JSON.stringify(spoilt));
    }"""
    page.evaluate(spoil)
    page.reload()
    assert_that(page.get_by_role("dialog")).to_contain_text("Your session has ended")
    window.give_password(physicist)
    start(page)
    wait_for(newest(page), "Completed")
