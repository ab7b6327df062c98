"""Usage on the page: exports per user, for administrators only."""

from collections.abc import Callable

from local.stack.service import Service
from local.stack.users import ADMIN, EXPORT, User
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.test_accessibility import list_findings, thin_out


def test_usage_shows_counts_per_user_to_admin(
    visit: Visits, make_user: Callable[..., User], as_service: Callable[[User], Service]
) -> None:
    owner, admin = make_user("ada", EXPORT), make_user("eve", ADMIN)
    service = as_service(owner)
    for first in ("2025-10-25", "2090-01-01"):
        ended = service.wait(service.request_export(type="ct-csv", filters={"date_from": first}).json["id"])
    page = visit().sign_in(admin)
    page.get_by_role("link", name="Usage").click()
    assert_that(page.get_by_role("heading", name="Usage")).to_be_focused()
    shown = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=owner.name, exact=True))
    (row,) = [
        each
        for each in as_service(admin).call("GET", "/usage").json["users"]
        if each["user"]["name"] == owner.name
    ]
    assert (row["requested"], row["completed"], row["failed"]) == (2, 1, 1), ended
    cells = shown.get_by_role("cell")
    assert_that(cells).to_have_count(8)
    assert_that(cells.first).to_have_text("2")
    assert_that(cells.nth(2)).to_have_text("1")
    assert_that(cells.nth(5)).to_have_text(f"{row['studies']:,}")
    thin_out(page.get_by_role("row"))
    assert list_findings(page) == []


def test_usage_says_who_read_patients_in_first_rows(
    visit: Visits,
    privileged: User,
    make_user: Callable[..., User],
    as_service: Callable[[User], Service],
) -> None:
    request = {"type": "ct-csv", "filters": {"station": "CT"}, "include_names": True}
    assert as_service(privileged).call("POST", "/exports/preview/rows", request).status == 200
    page = visit().sign_in(make_user("eve", ADMIN), "#usage")
    readings = page.get_by_role("list", name="First rows")
    assert_that(readings).to_contain_text(
        "first rows of CT table (csv) (Station contains “CT”) with names of patients shown to"
        f" {privileged.name}"
    )
    thin_out(readings.locator("li"))
    thin_out(page.get_by_role("row"))
    assert list_findings(page) == []


def test_usage_reports_month_without_exports(visit: Visits, make_user: Callable[..., User]) -> None:
    page = visit().sign_in(make_user("eve", ADMIN), "#usage")
    month = page.get_by_role("combobox", name="Month", exact=True)
    assert_that(month).not_to_have_value("")
    this_month = month.input_value()
    month.select_option(index=11)
    assert_that(page.get_by_text("No exports were requested in this month.")).to_be_visible()
    assert_that(page.get_by_role("table")).to_have_count(0)
    page.go_back()
    assert_that(month).to_have_value(this_month)


def test_usage_is_hidden_from_other_users(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#usage")
    assert_that(page.get_by_role("link", name="New export")).to_have_attribute("aria-current", "page")
    assert_that(page.get_by_role("link", name="Usage")).to_have_count(0)
