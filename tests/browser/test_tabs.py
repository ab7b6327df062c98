"""One sign-in serves all tabs of a browser, and signing out in one signs out all."""

from local.stack.stack import Stack
from local.stack.users import User
from playwright.sync_api import Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.steps import field


def test_new_tab_is_signed_in(visit: Visits, physicist: User) -> None:
    window = visit()
    window.sign_in(physicist)
    second = window.open_tab()
    assert_that(second.page.get_by_role("tab", name="CT")).to_be_visible()
    assert_that(second.page.get_by_text(physicist.name)).to_be_visible()


def test_sign_in_signs_in_tabs_that_wait(visit: Visits, physicist: User) -> None:
    window = visit()
    window.open()
    second = window.open_tab()
    for page in (window.page, second.page):
        assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    second.enter_password(physicist)
    for page in (window.page, second.page):
        assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_sign_out_signs_out_all_tabs(visit: Visits, privileged: User) -> None:
    window = visit()
    page = window.sign_in(privileged)
    second = window.open_tab()
    field(second.page, "Patient name").fill("unknown name")
    page.get_by_role("button", name="Sign out").click()
    for each in (page, second.page):
        assert_that(each.get_by_role("heading", name="Sign in")).to_be_visible()
        assert each.evaluate("sessionStorage.length") == 0
        each.reload()
        assert_that(each.get_by_role("heading", name="Sign in")).to_be_visible()
    typed = "[...document.querySelectorAll('input')].map((input) => input.value)"
    assert "unknown name" not in second.page.evaluate(typed)


def test_tab_that_missed_the_sign_out_signs_out_at_its_next_request(visit: Visits, physicist: User) -> None:
    """A browser may freeze a tab in the background, so that it hears nothing."""
    window = visit(alone=True)  # its script would stay in a profile that tests share
    page = window.sign_in(physicist)
    page.context.add_init_script("addEventListener('storage', (event) => event.stopImmediatePropagation())")
    second = window.open_tab().page
    assert_that(second.get_by_text("Most frequent protocols")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    second.get_by_role("button", name="Preview").click()
    assert_that(second.get_by_role("heading", name="Sign in")).to_be_visible()
    assert second.evaluate("sessionStorage.length") == 0


def test_new_tab_after_sign_out_is_signed_out(visit: Visits, physicist: User) -> None:
    window = visit()
    page = window.sign_in(physicist)
    page.get_by_role("button", name="Sign out").click()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert_that(window.open_tab().page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_renewed_tokens_reach_all_tabs(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    second = window.open_tab().page
    assert_that(second.get_by_role("tab", name="CT")).to_be_visible()
    before = read_tokens(second)
    second.route(lambda url: url.endswith("/"), lambda route: route.abort())  # it cannot renew them itself
    page.clock.fast_forward("31:00")
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    second.wait_for_function("before => sessionStorage.getItem('doseexport.tokens') !== before", arg=before)
    assert read_tokens(second) == read_tokens(page)


def test_sign_out_waits_neither_for_a_renewal_nor_for_the_revocation(visit: Visits, physicist: User) -> None:
    """A renewal that is answered after the sign-out would otherwise sign in again."""
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.fallback()

    page.route(lambda url: url.endswith("/"), hold)
    with page.expect_request(lambda request: "REFRESH_TOKEN_AUTH" in (request.post_data or "")):
        page.clock.fast_forward("31:00")
    with page.expect_request(lambda request: "RevokeToken" in request.headers.get("x-amz-target", "")):
        page.get_by_role("button", name="Sign out").click()
    with page.expect_response(lambda response: "REFRESH_TOKEN_AUTH" in (response.request.post_data or "")):
        held[0].continue_()
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_tab_whose_session_ended_continues_after_sign_in_elsewhere(
    visit: Visits, physicist: User, stack: Stack
) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist)
    field(page, "Study description").fill("thorax")
    refresh = page.evaluate("JSON.parse(sessionStorage.getItem('doseexport.tokens')).refresh")
    stack.cloud.client("cognito-idp").revoke_token(Token=refresh, ClientId=stack.resource("UserPoolClient"))
    page.clock.fast_forward("13:00:00")
    dialog = page.get_by_role("dialog")
    assert_that(dialog).to_contain_text("Your session has ended")
    second = window.open_tab()
    second.enter_password(physicist)
    assert_that(second.page.get_by_role("tab", name="CT")).to_be_visible()
    assert_that(dialog).to_be_hidden()
    assert_that(field(page, "Study description")).to_have_value("thorax")


def test_local_storage_holds_no_token(visit: Visits, physicist: User) -> None:
    window = visit()
    page = window.sign_in(physicist)
    second = window.open_tab().page
    assert_that(second.get_by_role("tab", name="CT")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    assert_that(second.get_by_role("heading", name="Sign in")).to_be_visible()
    kept = second.evaluate("JSON.stringify(localStorage)")
    assert len(kept) < 100
    assert "ey" not in kept.replace("key", "")


def read_tokens(page: Page) -> str:
    return str(page.evaluate("sessionStorage.getItem('doseexport.tokens')"))
