"""Retention of files: requested in the form, changed in the table by the owner and administrators."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.stack.service import Service
from local.stack.users import ADMIN, EXPORT, User
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.steps import newest, open_details, start, wait_for

FEW = {"type": "ct-csv", "filters": {"date_from": "2025-10-25"}}
ADDRESS = "#CT?date_from=2025-10-25"


def days_field(parent: Page | Locator) -> Locator:
    return parent.get_by_label("Retention (days)")


def find_newest(service: Service) -> Any:
    return service.call("GET", "/exports?limit=1").json["exports"][0]


def test_retention_is_requested_and_extended(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, ADDRESS)
    days_field(page).fill("7")
    start(page)
    wait_for(newest(page), "Completed")
    details = open_details(page, newest(page))
    assert_that(days_field(details)).to_have_value("7")
    days_field(details).fill("60")
    details.get_by_role("button", name="Change retention").click()
    assert_that(page.locator(".message").last).to_contain_text("Retention changed. The file expires on")
    export = find_newest(as_service(physicist))
    ends = [datetime.fromisoformat(export[name]) for name in ("finished_at", "expires_at")]
    assert (export["retention_days"], ends[1] - ends[0]) == (60, timedelta(days=60))
    assert_that(newest(page).locator("td.expires time")).to_have_attribute("datetime", export["expires_at"])
    details.get_by_role("button", name="History").click()
    history = details.get_by_role("list", name="History")
    assert_that(history).to_contain_text(f"{physicist.name} changed retention to 60 days")


def test_retention_form_rejects_invalid_days(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    export_id = service.request_export(**FEW).json["id"]
    service.wait(export_id)
    page = visit().sign_in(physicist, "#exports")
    details = open_details(page, newest(page))
    assert_that(days_field(details)).to_have_value("30")
    for text, value in (("91", 91), ("soon", "soon"), ("", "")):
        refused = service.call("PATCH", f"/exports/{export_id}", {"retention_days": value})
        days_field(details).fill(text)
        days_field(details).press("Enter")
        assert_that(page.locator(".message").last).to_contain_text(refused.json["detail"])
        assert_that(days_field(details)).to_be_focused()
    assert find_newest(service)["retention_days"] == 30
    days_field(details).fill("31")
    days_field(details).press("Enter")
    assert_that(page.locator(".message").last).to_contain_text("Retention changed")
    assert_that(days_field(details)).to_be_focused()


def test_retention_field_shows_error_beside_it(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, ADDRESS)
    assert_that(days_field(page)).to_have_attribute("placeholder", "30")
    assert_that(page.locator("#retention-field")).to_contain_text("maximum 90")
    refused = as_service(physicist).request_export(**FEW, retention_days=91)
    days_field(page).fill("91")
    page.get_by_role("button", name="Export to").click()
    assert_that(page.locator("#retention-field .error")).to_have_text(refused.json["detail"])
    assert_that(days_field(page)).to_be_focused()
    days_field(page).fill("")
    start(page)
    wait_for(newest(page), "Completed")


def test_retention_form_is_for_owner_and_admin(
    visit: Visits, make_user: Callable[..., User], as_service: Callable[[User], Service]
) -> None:
    owner, other, admin = (make_user(*given) for given in (("ada", EXPORT), ("ben", EXPORT), ("eve", ADMIN)))
    service = as_service(owner)
    service.wait(service.request_export(**FEW).json["id"])
    page = visit().sign_in(other, "#exports?scope=all")
    details = open_details(page, newest(page))
    assert_that(details).to_contain_text("File expires")
    assert_that(days_field(details)).to_have_count(0)
    page = visit().sign_in(admin, "#exports?scope=all")
    details = open_details(page, newest(page))
    days_field(details).fill("1")
    details.get_by_role("button", name="Change retention").click()
    assert_that(page.locator(".message").last).to_contain_text("Retention changed")
    assert find_newest(service)["retention_days"] == 1


def test_clear_filters_clears_a_wrong_retention(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, ADDRESS)
    days_field(page).fill("soon")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(days_field(page)).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Clear filters").click()
    assert_that(days_field(page)).to_have_value("")
    assert_that(days_field(page)).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()


def test_clear_filters_keeps_a_right_retention(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, ADDRESS)
    days_field(page).fill("7")
    page.get_by_role("button", name="Clear filters").click()
    assert_that(days_field(page)).to_have_value("7")
