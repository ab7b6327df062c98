"""The view "Help"."""

from collections.abc import Callable

from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import PHONE, Visits
from tests.browser.test_accessibility import list_findings


def test_help_says_what_every_type_is_for_and_opens_its_form(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    catalogue = as_service(physicist).call("GET", "/export-types").json
    types = [each["type"] for modality in catalogue["modalities"] for each in modality["types"]]
    page = visit().sign_in(physicist, "#help")
    entries = page.locator("#help-types dt")
    assert_that(entries).to_have_count(len(types))
    assert all(len(text) > 40 for text in page.locator("#help-types dd").all_inner_texts())
    assert_that(page.locator("#help-version")).to_contain_text("Dose Export")
    page.locator("#help-types").get_by_role("link", name="openSkin").click()
    assert_that(page.get_by_role("radio", name="openSkin")).to_be_checked()
    assert_that(page.get_by_role("link", name="Help")).not_to_have_attribute("aria-current", "page")


def test_help_is_accessible_and_fits_on_a_phone(visit: Visits, physicist: User) -> None:
    page = visit(size=PHONE).sign_in(physicist, "#help")
    assert_that(page.locator("#help-version")).to_contain_text("Dose Export")
    assert list_findings(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE[0]
    page.get_by_role("button", name="Show the keys").click()
    assert_that(page.get_by_role("dialog", name="Keys")).to_be_visible()
