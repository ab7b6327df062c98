"""Sign-in of an invited person without managed login: password, authenticator app, forgotten password.

Passwords and codes come from Cognito's mails, and one-time codes are computed here from the key on the page.
"""

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local.stack import users
from local.stack.stack import Stack
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visit, Visits
from tests.browser.steps import download, newest, start, wait_for
from tests.browser.test_accessibility import list_findings_of_widths

WRONG = "Incorrect user name or password. A temporary password stops working after three days:"
CODE_SENT = "If the account exists, a code was sent to its email address."
WEAK = "The password is too weak. Use at least 14 characters"
FIRST, SECOND, THIRD = "First-Passphrase-1", "Second-Passphrase-2", "Third-Passphrase-3"


@pytest.fixture
def codes_required(stack: Stack) -> Iterator[None]:
    """Require codes of all users, as MfaConfiguration=ON does, for one test."""
    cognito, pool = stack.cloud.client("cognito-idp"), stack.resource("UserPool")
    app = {"Enabled": True}
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration=app, MfaConfiguration="ON"
    )
    yield
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration=app, MfaConfiguration="OPTIONAL"
    )


Invite = Callable[[], str]


@pytest.fixture
def invite(stack: Stack) -> Invite:
    """Return a function that invites an export user and returns the name."""

    def make() -> str:
        name = f"new{time.monotonic_ns()}"
        users.invite(stack, name, users.EXPORT)
        return name

    return make


def temporary_password(stack: Stack, name: str) -> str:
    return users.read_mail(stack, name)[0].rsplit(": ", 1)[1]


def mailed_code(stack: Stack, name: str) -> str:
    return re.findall(r"\d{6}", users.read_mail(stack, name)[-1])[-1]


def one_time_code(key: str, steps: int = 0) -> str:
    """Return the code of RFC 6238 for the current half minute, or `steps` later."""
    count = struct.pack(">Q", int(time.time()) // 30 + steps)
    mac = hmac.new(base64.b32decode(key.replace(" ", "")), count, hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill_password(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Sign in")


def choose_password(page: Page, password: str) -> None:
    page.get_by_label("New password").fill(password)
    press(page, "Set password")


def enter_code(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).fill(code)
    press(page, "Continue")


def alert(page: Page) -> Locator:
    return page.get_by_role("alert").filter(visible=True)


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name)


def read_key(page: Page) -> str:
    """Return the key for the authenticator app that the page shows."""
    return page.locator(".app-key").inner_text()


def open_sign_in(window: Visit) -> Page:
    window.open()
    assert_that(heading(window.page, "Sign in")).to_be_visible()
    return window.page


@pytest.mark.usefixtures("codes_required")
def test_invited_person_signs_in_loses_password_and_exports(
    visit: Visits, stack: Stack, invite: Invite, tmp_path: Path
) -> None:
    name = invite()
    page = open_sign_in(visit())
    fill_password(page, name, temporary_password(stack, name))
    assert_that(heading(page, "Choose your password")).to_be_visible()
    choose_password(page, FIRST)
    assert_that(heading(page, "Set up an authenticator app")).to_be_visible()
    key = read_key(page)
    enter_code(page, one_time_code(key))
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()

    press(page, "Sign out")
    press(page, "Forgotten your password?")
    assert_that(page.get_by_label("User name")).to_be_focused()
    page.get_by_label("User name").fill(name)
    press(page, "Send code")
    assert_that(page.get_by_text(CODE_SENT)).to_be_visible()
    page.get_by_label("Code from the mail").fill(mailed_code(stack, name))
    choose_password(page, SECOND)
    assert_that(heading(page, "Enter your code")).to_be_visible()
    enter_code(page, one_time_code(key))
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()

    press(page, "Sign out")
    fill_password(page, name, FIRST)
    assert_that(alert(page)).to_contain_text(WRONG)
    fill_password(page, name, SECOND)
    enter_code(page, one_time_code(key, 1))
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()
    page.goto(f"{stack.url}/#CT?date_from=2025-10-01")
    start(page)
    wait_for(newest(page), "Completed")
    assert download(page, newest(page), tmp_path).stat().st_size > 0


@pytest.mark.usefixtures("codes_required")
def test_qr_code_holds_the_key_of_the_page(visit: Visits, stack: Stack, invite: Invite) -> None:
    """Chromium on Linux has no barcode reader, so the picture is compared with the code of the same text."""
    name = invite()
    page = open_sign_in(visit())
    fill_password(page, name, temporary_password(stack, name))
    choose_password(page, FIRST)
    key = read_key(page).replace(" ", "")
    link = page.get_by_role("link", name="Open in the app on this device")
    address = f"otpauth://totp/Dose%20Export:{name}?secret={key}&issuer=Dose%20Export"
    assert_that(link).to_have_attribute("href", address)
    picture = page.get_by_role("img", name="QR code of the key")
    assert_that(picture).to_be_visible()
    expected = page.evaluate(
        """async (text) => {
          const { qrcode } = await import("./qrcode.js");
          const code = qrcode(0, "M");
          code.addData(text);
          code.make();
          const size = code.getModuleCount();
          let dark = 0;
          for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) dark += code.isDark(y, x);
          return [size, dark];
        }""",
        address,
    )
    assert_that(picture).to_have_attribute("viewBox", f"-4 -4 {expected[0] + 8} {expected[0] + 8}")
    path = picture.locator("path").get_attribute("d") or ""
    assert path.count("M") == expected[1]


def test_wrong_user_and_wrong_password_read_the_same(visit: Visits, invite: Invite) -> None:
    page = open_sign_in(visit())
    texts = []
    for name in (invite(), "nobody"):
        fill_password(page, name, "Wrong-on-purpose-1")
        assert_that(alert(page)).to_contain_text(WRONG)
        texts.append(alert(page).inner_text())
        page.reload()
    assert texts[0] == texts[1]


def test_forgotten_password_reads_the_same_for_every_name(
    visit: Visits, stack: Stack, invite: Invite, physicist: users.User
) -> None:
    page = open_sign_in(visit())
    seen = set()
    for name in (invite(), physicist.name, "nobody"):
        press(page, "Forgotten your password?")
        page.get_by_label("User name").fill(name)
        press(page, "Send code")
        assert_that(page.get_by_text(CODE_SENT)).to_be_visible()
        page.get_by_label("Code from the mail").fill("000000")
        choose_password(page, SECOND)
        assert_that(alert(page)).to_contain_text("The code is wrong or has expired.")
        seen.add(page.locator("#sign-in").inner_text().replace(name, "NAME"))
        page.reload()
    assert len(seen) == 1


def answer(page: Page, action: str, code: str, message: str, times: int = 1) -> None:
    """Answer calls of Cognito with an error that the local stack does not give."""
    left = [times]

    def reply(route: Route) -> None:
        is_asked = route.request.headers.get("x-amz-target", "").endswith(f".{action}")
        if not is_asked or not left[0]:
            route.fallback()
            return
        left[0] -= 1
        route.fulfill(status=400, json={"__type": code, "message": message})

    page.route(lambda url: url.endswith("/"), reply)


# No two texts in a row are the same, so that each is a new one.
PASSWORD_ERRORS = [
    (
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
        WRONG,
    ),
    (
        "NotAuthorizedException",
        "Password attempts exceeded",
        "Too many attempts. Wait 15 minutes, then try again.",
    ),
    ("NotAuthorizedException", "User is disabled.", WRONG),
    ("TooManyRequestsException", "Rate exceeded", "The sign-in service is busy. Try again in a moment."),
    ("UserNotFoundException", "User does not exist.", WRONG),
    ("SomethingNewException", "Inner text", "Signing in failed (SomethingNewException). Try again later"),
    ("UserNotConfirmedException", "User is not confirmed.", WRONG),
]


def test_password_errors_are_plain_sentences(visit: Visits, physicist: users.User) -> None:
    window = visit()
    page = open_sign_in(window)
    for code, message, shown in PASSWORD_ERRORS:
        answer(page, "InitiateAuth", code, message)
        window.enter_password(physicist)
        assert_that(alert(page)).to_contain_text(shown)
        assert_that(page.locator("#sign-in")).not_to_contain_text("Inner text")
    window.enter_password(physicist)
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_password_errors_of_empty_fields(visit: Visits) -> None:
    page = open_sign_in(visit())
    press(page, "Sign in")
    assert_that(alert(page)).to_have_text("Enter your user name.")
    page.get_by_label("User name").fill("ada")
    press(page, "Sign in")
    assert_that(alert(page)).to_have_text("Enter your password.")
    assert_that(page.get_by_label("Password", exact=True)).to_be_focused()


def test_password_reset_by_administrator_asks_for_code(
    visit: Visits, stack: Stack, physicist: users.User
) -> None:
    stack.cloud.client("cognito-idp").admin_reset_user_password(
        UserPoolId=stack.resource("UserPool"), Username=physicist.name
    )
    window = visit()
    page = open_sign_in(window)
    window.enter_password(physicist)
    assert_that(page.get_by_text("An administrator has reset your password.")).to_be_visible()
    assert_that(page.get_by_label("Code from the mail")).to_be_focused()


def test_weak_password_is_refused_until_it_is_strong(visit: Visits, stack: Stack, invite: Invite) -> None:
    name = invite()
    page = open_sign_in(visit())
    fill_password(page, name, temporary_password(stack, name))
    for weak in (
        "Short-1",
        "no-upper-case-letter-1",
        "NO-LOWER-CASE-LETTER-1",
        "No-digit-in-this-one",
        "NoSymbolInHere123",
    ):
        choose_password(page, weak)
        assert_that(alert(page)).to_contain_text(WEAK)
        assert_that(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    answer(
        page,
        "RespondToAuthChallenge",
        "InvalidPasswordException",
        "Password did not conform with policy: Inner text",
    )
    choose_password(page, FIRST)
    assert_that(alert(page)).to_contain_text(WEAK)
    choose_password(page, FIRST)
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_new_password_can_be_shown(visit: Visits, stack: Stack, invite: Invite) -> None:
    name = invite()
    page = open_sign_in(visit())
    fill_password(page, name, temporary_password(stack, name))
    assert_that(page.get_by_label("New password")).to_have_attribute("type", "password")
    page.get_by_role("checkbox", name="Show what I type").check()
    assert_that(page.get_by_label("New password")).to_have_attribute("type", "text")


def test_ended_step_returns_to_password_and_says_why(visit: Visits, stack: Stack, invite: Invite) -> None:
    name = invite()
    page = open_sign_in(visit())
    fill_password(page, name, temporary_password(stack, name))
    answer(
        page,
        "RespondToAuthChallenge",
        "NotAuthorizedException",
        "Invalid session for the user, session is expired.",
    )
    choose_password(page, FIRST)
    assert_that(alert(page)).to_have_text(
        "This sign-in has ended: it took too long, or too many codes were wrong. Sign in again."
    )
    assert_that(page.get_by_label("User name")).to_have_value(name)
    assert_that(page.get_by_label("Password", exact=True)).to_be_focused()
    fill_password(page, name, temporary_password(stack, name))
    choose_password(page, FIRST)
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


@pytest.mark.usefixtures("codes_required")
def test_wrong_and_used_codes_are_plain_sentences(visit: Visits, stack: Stack, invite: Invite) -> None:
    name = invite()
    page = open_sign_in(visit())
    fill_password(page, name, temporary_password(stack, name))
    choose_password(page, FIRST)
    key = read_key(page)
    enter_code(page, "12345")
    assert_that(alert(page)).to_have_text("Enter the six digits that the app shows.")
    enter_code(page, "000000")
    assert_that(alert(page)).to_contain_text("The code is wrong.")
    enter_code(page, f" {one_time_code(key)[:3]} {one_time_code(key)[3:]}")
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()

    press(page, "Sign out")
    fill_password(page, name, FIRST)
    enter_code(page, "000000")
    assert_that(alert(page)).to_contain_text("The code is wrong.")
    code = one_time_code(key)
    enter_code(page, code)
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()
    press(page, "Sign out")
    fill_password(page, name, FIRST)
    enter_code(page, code)
    assert_that(alert(page)).to_contain_text("This code was used already. Wait for the next one.")
    enter_code(page, one_time_code(key, 1))
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_signed_in_user_sets_up_authenticator_app(visit: Visits, physicist: users.User) -> None:
    """Where codes are optional, users decide."""
    window = visit()
    page = window.sign_in(physicist)
    press(page, "Authenticator app")
    dialog = page.get_by_role("dialog")
    key = dialog.locator(".app-key").inner_text()
    dialog.get_by_label("Code", exact=True).fill("000000")
    press(page, "Continue")
    assert_that(dialog.get_by_role("alert")).to_contain_text("The code is wrong.")
    dialog.get_by_label("Code", exact=True).fill(one_time_code(key))
    press(page, "Continue")
    assert_that(dialog).to_be_hidden()
    assert_that(page.locator("#messages")).to_contain_text("From now on, signing in needs a code of the app.")
    press(page, "Sign out")
    window.enter_password(physicist)
    assert_that(heading(page, "Enter your code")).to_be_visible()
    enter_code(page, one_time_code(key, 1))
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_authenticator_dialog_closes_without_change(visit: Visits, physicist: users.User) -> None:
    window = visit()
    page = window.sign_in(physicist)
    press(page, "Authenticator app")
    assert_that(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    assert_that(page.get_by_role("dialog")).to_be_hidden()
    assert_that(page.get_by_role("button", name="Authenticator app")).to_be_focused()
    press(page, "Sign out")
    window.enter_password(physicist)
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


@pytest.mark.usefixtures("codes_required")
def test_steps_work_with_keyboard_alone(visit: Visits, stack: Stack, invite: Invite) -> None:
    name = invite()
    page = open_sign_in(visit())
    keys = page.keyboard
    assert_that(page.get_by_label("User name")).to_be_focused()
    keys.type(name)
    keys.press("Tab")
    keys.type(temporary_password(stack, name))
    keys.press("Enter")
    assert_that(page.get_by_label("New password")).to_be_focused()
    keys.type(FIRST)
    keys.press("Enter")
    assert_that(page.get_by_label("Code", exact=True)).to_be_focused()
    keys.type(one_time_code(read_key(page)))
    keys.press("Enter")
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


@pytest.mark.usefixtures("codes_required")
def test_steps_have_no_axe_findings(visit: Visits, stack: Stack, invite: Invite) -> None:
    name = invite()
    page = open_sign_in(visit())
    press(page, "Forgotten your password?")
    assert list_findings_of_widths(page) == []
    page.get_by_label("User name").fill(name)
    press(page, "Send code")
    assert_that(page.get_by_text(CODE_SENT)).to_be_visible()
    assert list_findings_of_widths(page) == []
    press(page, "Back to sign-in")
    fill_password(page, name, temporary_password(stack, name))
    choose_password(page, "weak")
    assert_that(alert(page)).to_contain_text(WEAK)
    assert list_findings_of_widths(page) == []
    choose_password(page, FIRST)
    key = read_key(page)
    assert list_findings_of_widths(page) == []
    enter_code(page, one_time_code(key))
    press(page, "Authenticator app")
    assert_that(page.get_by_role("dialog").locator(".app-key")).to_be_visible()
    assert list_findings_of_widths(page) == []
    page.keyboard.press("Escape")
    press(page, "Sign out")
    fill_password(page, name, FIRST)
    assert_that(heading(page, "Enter your code")).to_be_visible()
    assert list_findings_of_widths(page) == []
