"""The disclosure that describes the columns of a file."""

import re
from collections.abc import Callable

from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import PHONE, Visits
from tests.browser.test_accessibility import list_findings, thin_out


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
    thin_out(entries)
    assert list_findings(page, "#columns") == []


def test_columns_are_left_out_by_their_boxes(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-09-01&date_to=2025-10-31")
    open_columns(page)
    for heading in ("Institution", "E<n> CTDIvol"):
        page.get_by_role("checkbox", name=heading, exact=True).uncheck()
    assert_that(page.get_by_label("Leave out")).to_have_value("Institution, CTDIvol")
    assert_that(page.locator("#columns summary")).to_have_text("Columns of this file (2 left out)")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(page.locator("#messages")).to_contain_text("requested.")
    (export,) = as_service(physicist).call("GET", "/exports").json["exports"]
    assert export["options"] == {"leave_out": "Institution, CTDIvol"}


def test_columns_left_out_stand_in_the_address(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?type=ct-xlsx&option.leave_out=Age%2C+Sex")
    assert_that(page.get_by_role("checkbox", name="Age", exact=True)).not_to_be_checked()
    assert_that(page.get_by_role("checkbox", name="Display name", exact=True)).to_be_checked()
    page.get_by_role("checkbox", name="Age", exact=True).check()
    assert_that(page).to_have_url(re.compile("option.leave_out=Sex"))


def test_columns_that_do_not_exist_are_refused_beside_the_field(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    open_columns(page)
    page.get_by_label("Leave out").fill("Agee")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(page.locator("#columns-choice .error")).to_contain_text("must be headings of this file")
