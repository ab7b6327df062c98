"""The disclosure that describes the columns of a file."""

import re

from local.stack.users import User
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import PHONE, Visits
from tests.browser.test_accessibility import list_findings


def open_columns(page: Page) -> Locator:
    """Open the disclosure and return its entries."""
    page.get_by_text("Columns of this file").click()
    entries = page.locator("#columns-list > div")
    assert_that(entries.first).to_be_visible()
    return entries


def test_columns_of_the_chosen_type_are_described(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    entries = open_columns(page)
    entry = entries.filter(has=page.get_by_text("E<n> CTDIvol", exact=True))
    assert_that(entry.locator("dt")).to_have_text(re.compile(r"E<n> CTDIvol\s+mGy"))
    for words in (
        "Mean CTDIvol of the acquisition",
        "DICOM: 113830 DCM",
        "Source: ctirradiationeventdata.mean_ctdivol",
        "Blank: not recorded",
        "Several rows: one row per event",
    ):
        assert_that(entry).to_contain_text(words)
    page.get_by_role("radio", name="Dose audit").check()
    low = entries.filter(has=page.get_by_text("Median CI low", exact=True))
    assert_that(low).to_contain_text("Sheets: Examinations, Protocols")
    assert_that(entry).to_have_count(0)


def test_columns_fit_on_a_phone(visit: Visits, physicist: User) -> None:
    page = visit(size=PHONE).sign_in(physicist, "#CT?type=ct-xlsx")
    entries = open_columns(page)
    assert_that(entries.filter(has_text="E<n> Dose check details").first).to_be_attached()
    overflow = "element => element.scrollWidth - element.clientWidth"
    assert page.locator("html").evaluate(overflow) == 0
    assert page.locator("#columns-list").evaluate(overflow) == 0
    assert list_findings(page) == []
