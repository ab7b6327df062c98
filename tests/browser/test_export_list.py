"""The exports table: search, filters, order, names, and selection over all pages."""

import re
from collections.abc import Callable
from pathlib import Path

from local.stack.service import Service
from local.stack.stack import Stack
from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import PHONE, Visits
from tests.browser.steps import download, newest, open_details, rows, start, wait_for
from tests.browser.test_exports import copy_rows, limit_to_three

AsService = Callable[[User], Service]
NOTHING = {"filters": {"date_from": "2090-01-01"}}


def request(service: Service, export_type: str, name: str | None = None) -> str:
    export = service.request_export(type=export_type, **NOTHING, **({"name": name} if name else {})).json
    service.wait(export["id"])
    return str(export["id"])


def test_search_and_filters_are_in_the_address(visit: Visits, physicist: User, as_service: AsService) -> None:
    service = as_service(physicist)
    request(service, "ct-csv", "Van 3")
    request(service, "rf-csv")
    page = visit().sign_in(physicist, "#exports")
    assert_that(rows(page)).to_have_count(2)
    page.get_by_label("Search").press_sequentially("VAN")
    assert_that(page).to_have_url(re.compile("#exports.q=VAN$"))
    assert_that(rows(page)).to_have_count(1)
    assert_that(newest(page)).to_contain_text("Van 3")
    assert_that(page.get_by_label("Search")).to_be_focused()
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Type", exact=True).select_option("rf-csv")
    assert_that(rows(page)).to_have_count(1)
    assert_that(newest(page)).to_contain_text("RF table (csv)")
    page.get_by_label("Requested from").fill("2020-01-01")
    page.get_by_label("Search").fill("nothing")
    assert_that(page.get_by_text("No exports match.")).to_be_visible()
    address = page.url
    page.reload()
    assert_that(page.get_by_text("No exports match.")).to_be_visible()
    assert_that(page).to_have_url(address)
    assert_that(page.get_by_label("Requested from")).to_have_value("2020-01-01")
    assert_that(page.get_by_label("Type", exact=True)).to_have_value("rf-csv")
    page.get_by_role("button", name="Clear").click()
    assert_that(rows(page)).to_have_count(2)


def test_unknown_filter_in_an_address_is_refused_by_name(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#exports?type=ct")
    assert_that(page.locator("#list-error")).to_contain_text("type must be one of")


def test_headings_sort_by_keyboard(
    visit: Visits, physicist: User, as_service: AsService, stack: Stack
) -> None:
    service = as_service(physicist)
    first = service.request_export(type="ct-csv", filters={"date_from": "2025-10-25"}).json["id"]
    service.wait(first)
    copy_rows(stack, first, 2)
    request(service, "ct-csv", "No file")
    page = visit().sign_in(physicist, "#exports")
    heading = page.get_by_role("columnheader", name="Requested")
    assert_that(heading).to_have_attribute("aria-sort", "descending")
    assert_that(newest(page)).to_contain_text("No file")
    heading.get_by_role("button").press("Enter")
    assert_that(heading).to_have_attribute("aria-sort", "ascending")
    assert_that(rows(page).last).to_contain_text("No file")
    size = page.get_by_role("columnheader", name="Size")
    size.get_by_role("button").press("Enter")
    assert_that(size).to_have_attribute("aria-sort", "descending")
    assert_that(heading).to_have_attribute("aria-sort", "none")
    assert_that(rows(page).last).to_contain_text("No file")
    assert_that(page.get_by_label("Order", exact=True)).to_have_value("-size")


def test_name_is_in_the_table_and_the_file_name(visit: Visits, physicist: User, tmp_path: Path) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-25")
    page.get_by_label("Name (optional)").fill("a/b")
    page.get_by_role("button", name="Export to").click()
    assert_that(page.locator("#export-name-error")).to_contain_text("part of a file name")
    page.get_by_label("Name (optional)").fill("Försök 3")
    start(page)
    wait_for(newest(page), "Completed")
    assert_that(newest(page)).to_contain_text("Försök 3")
    assert_that(newest(page)).to_contain_text("CT table (csv)")
    assert download(page, newest(page), tmp_path).name.startswith("Försök 3_ct-csv_")
    details = open_details(page, newest(page))
    details.get_by_role("button", name="Edit and run").click()
    assert_that(page.get_by_label("Name (optional)")).to_have_value("Försök 3")


def test_selection_of_all_that_match_covers_every_page(
    visit: Visits, physicist: User, as_service: AsService, stack: Stack
) -> None:
    service = as_service(physicist)
    copy_rows(stack, request(service, "ct-csv"), 30)
    window = visit()
    window.page.route("**/exports?*", limit_to_three)
    page = window.sign_in(physicist, "#exports")
    assert_that(rows(page)).to_have_count(3)
    page.get_by_label("Select all exports").check()
    page.get_by_role("button", name="Select all that match").click()
    assert_that(page.get_by_role("button", name="Delete 31")).to_be_visible()
    assert_that(page.get_by_role("button", name="Select all that match")).to_be_hidden()


def test_phone_sorts_by_the_field_and_not_by_hidden_headings(
    visit: Visits, physicist: User, as_service: AsService
) -> None:
    request(as_service(physicist), "ct-csv")
    page = visit(size=PHONE).sign_in(physicist, "#exports")
    assert_that(page.locator(".sort").first).to_be_hidden()
    page.get_by_label("Order", exact=True).select_option("created_at")
    assert_that(page).to_have_url(re.compile("sort=created_at"))
    assert not has_sideways_scroll(page)


def has_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def test_details_lead_to_the_exports_of_the_schedule(
    visit: Visits, physicist: User, as_service: AsService
) -> None:
    service = as_service(physicist)
    body = {
        "type": "ct-csv",
        "name": "Every month",
        "window": "last_month",
        "expression": "cron(0 7 1 * ? *)",
    }
    schedule = service.call("POST", "/schedules", body).json
    run = service.call("POST", f"/schedules/{schedule['id']}/run").json
    service.wait(run["id"])
    request(service, "ct-csv")
    page = visit().sign_in(physicist, "#exports")
    row = rows(page).filter(has_text="Every month")
    assert_that(row).to_contain_text("Study date")
    open_details(page, row).get_by_role("link", name="Every month").click()
    assert_that(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Remove: Exports of one schedule").click()
    assert_that(rows(page).filter(has_text="Every month")).to_have_count(1)
    assert_that(page).to_have_url(re.compile("#exports.scope=all$"))
