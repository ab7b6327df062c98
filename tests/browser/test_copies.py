"""The request of the form to use elsewhere, and the keys of the page."""

import json
import shlex
import subprocess
import sys
from typing import Any

from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.steps import field
from tests.browser.test_accessibility import OPEN_DIALOG, list_findings
from tests.journey.backstage import until

ADDRESS = "#CT?type=ct-xlsx&date_from=2025-10-01&study_description=it%27s+%22%24HOME%22+%5Cn"
REQUEST = {
    "type": "ct-xlsx",
    "filters": {"date_from": "2025-10-01", "study_description": 'it\'s "$HOME" \\n'},
    "order": "newest_first",
}


def copy(page: Page, what: str) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('')")
    page.get_by_role("button", name=what).click()
    until(lambda: page.evaluate("navigator.clipboard.readText()") != "", seconds=20)
    assert_that(page.locator("#messages")).to_contain_text("copied.")
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_link_restores_the_form(visit: Visits, physicist: User) -> None:
    window = visit()
    link = copy(window.sign_in(physicist, ADDRESS), "Copy link")
    assert link.startswith(window.address)
    page = visit().sign_in(physicist, link.removeprefix(window.address))
    assert_that(field(page, "Study description")).to_have_value(REQUEST["filters"]["study_description"])


def test_curl_and_python_send_the_request_of_the_form(visit: Visits, physicist: User) -> None:
    window = visit()
    page = window.sign_in(physicist, ADDRESS)
    command = shlex.split(copy(page, "Copy as curl"))
    assert command[:4] == ["curl", "-X", "POST", f"{window.address}exports"]
    assert json.loads(command[-1]) == REQUEST
    assert run_python(copy(page, "Copy as Python")) == [f"{window.address}exports", REQUEST]


def run_python(program: str) -> Any:
    """Run the program with a call that prints what would be sent."""
    fake = (
        "import io, json, urllib.request\n"
        "def record(call):\n"
        "    print(json.dumps([call.full_url, json.loads(call.data)]))\n"
        '    return io.BytesIO(b\'{"id": ""}\')\n'
        "urllib.request.urlopen = record\n"
    )
    command = [sys.executable, "-c", fake + program]
    ended = subprocess.run(command, env={"TOKEN": "t"}, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[0])


def test_request_that_names_a_patient_is_not_copied(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged)
    field(page, "Patient name").fill("Secret")
    for name in ("Copy link", "Copy as curl", "Copy as Python"):
        page.get_by_role("button", name=name).click()
        assert_that(field(page, "Patient name")).to_have_attribute("aria-invalid", "true")
        assert_that(page.locator("#messages")).not_to_contain_text("copied")


def test_question_mark_shows_the_keys(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study description").press("?")
    assert_that(field(page, "Study description")).to_have_value("?")
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Copy link").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert_that(dialog).to_contain_text("Ctrl + Enter")
    assert list_findings(page, OPEN_DIALOG) == []
    page.keyboard.press("Escape")
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert_that(page.get_by_role("button", name="Copy link")).to_be_focused()
