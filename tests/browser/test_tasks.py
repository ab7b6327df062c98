"""Four tasks of a physicist, from the first view to the request, in clicks and keys that the page counts."""

from collections.abc import Callable
from typing import Any

import pytest
from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.journey.backstage import until

COUNT = """
window.counted = { clicks: 0, keys: 0 };
addEventListener("pointerdown", () => { counted.clicks += 1; }, true);
addEventListener("keydown", () => { counted.keys += 1; }, true);
"""
SignIn = Callable[[], tuple[Page, Service]]


@pytest.fixture
def sign_in(visit: Visits, physicist: User, as_service: Callable[[User], Service]) -> SignIn:
    """Return a function that signs in, and returns a page that counts, and the service of the user."""

    def make() -> tuple[Page, Service]:
        page = visit().sign_in(physicist)
        assert_that(page.locator("#summary")).to_contain_text("studies")
        page.evaluate(f"() => {{ {COUNT} }}")
        return page, as_service(physicist)

    return make


def counted(page: Page) -> tuple[int, int]:
    found = page.evaluate("() => counted")
    return found["clicks"], found["keys"]


def wait_for_first(service: Service, path: str, name: str) -> Any:
    return until(lambda: service.call("GET", path).json[name])[0]


def test_ct_workbook_of_last_month_takes_three_clicks(sign_in: SignIn) -> None:
    page, service = sign_in()
    page.get_by_role("button", name="Last month").click()
    page.get_by_role("radio", name="Workbook").check()
    page.get_by_role("button", name="Export to xlsx").click()
    export = wait_for_first(service, "/exports", "exports")
    assert (export["type"], set(export["filters"])) == ("ct-xlsx", {"date_from", "date_to"})
    assert counted(page) == (3, 0)  # 4 clicks and 18 keys before


def test_nhsbsp_of_one_van_takes_four_clicks(sign_in: SignIn) -> None:
    page, service = sign_in()
    page.get_by_role("tab", name="MG").click()
    page.get_by_role("radio", name="NHSBSP survey workbook").check()
    page.get_by_role("table", name="Rooms with most studies").get_by_role("button").first.click()
    page.get_by_role("button", name="Export to xlsx").click()
    export = wait_for_first(service, "/exports", "exports")
    assert export["type"] == "mg-nhsbsp-xlsx"
    assert export["filters"]["display_name"]
    assert counted(page) == (4, 0)  # 6 clicks and 10 keys before


def test_rf_of_one_room_takes_three_clicks(sign_in: SignIn) -> None:
    page, service = sign_in()
    page.get_by_role("tab", name="RF").click()
    page.get_by_role("table", name="Rooms with most studies").get_by_role("button").first.click()
    page.get_by_role("button", name="Export to csv").click()
    export = wait_for_first(service, "/exports", "exports")
    assert (export["type"], set(export["filters"])) == ("rf-csv", {"display_name"})
    assert counted(page) == (3, 0)  # 6 clicks and 4 keys before


def test_monthly_schedule_takes_a_click_and_its_name(sign_in: SignIn) -> None:
    page, service = sign_in()
    page.get_by_role("button", name="Schedule …").click()
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type("CT monthly")
    page.keyboard.press("Enter")
    schedule = wait_for_first(service, "/schedules", "schedules")
    assert (schedule["window"], schedule["expression"]) == ("last_month", "cron(0 7 1 * ? *)")
    assert counted(page) == (1, 11)  # 3 clicks and 27 keys before


def test_export_button_is_reached_by_few_tabs(sign_in: SignIn) -> None:
    page, _ = sign_in()
    page.reload()
    assert_that(page.locator("#summary")).to_contain_text("studies")
    for tabs in range(1, 13):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == "skip-export":
            page.keyboard.press("Enter")
        if page.evaluate("() => document.activeElement.id") == "start":
            assert tabs <= 12
            return
    pytest.fail("the button Export was not reached in 12 Tabs")
