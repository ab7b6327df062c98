"""The disclosure that shows the first rows of an export before it is requested."""

from collections.abc import Callable

from local.stack.service import Service
from local.stack.users import ADMIN, User
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.steps import field, hold_requests, wait_for_request
from tests.browser.test_accessibility import list_findings_of_widths, thin_out

AUTUMN = "#CT?date_from=2025-09-01&date_to=2025-10-31"


def open_rows(page: Page) -> Locator:
    """Open the disclosure and return the rows of its table."""
    page.get_by_text("First rows", exact=True).first.click()
    rows = page.locator("#first-rows tbody tr")
    assert_that(rows.first).to_be_visible()
    return rows


def fetch_table(service: Service, **request: object) -> dict[str, object]:
    (table,) = service.call("POST", "/exports/preview/rows", request).json["tables"]
    return dict(table)


def test_first_rows_are_those_of_the_request_and_follow_it(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    dates = {"date_from": "2025-09-01", "date_to": "2025-10-31"}
    expected = fetch_table(as_service(physicist), type="ct-csv", filters=dates)
    page = visit().sign_in(physicist, AUTUMN)
    rows = open_rows(page)
    assert_that(rows).to_have_count(len(expected["rows"]))
    assert_that(page.locator("#first-rows thead th")).to_have_text(["Study ID", *expected["headings"]])
    first = expected["rows"][0]
    assert_that(rows.first.locator("td")).to_have_text(first["cells"], use_inner_text=False)
    field(page, "Study date to").fill("2025-09-03")
    page.get_by_label("Order of studies").select_option(label="Oldest study first")
    dates["date_to"] = "2025-09-03"
    later = fetch_table(as_service(physicist), type="ct-csv", filters=dates)
    assert 0 < len(later["rows"]) < len(expected["rows"])
    assert_that(rows).to_have_count(len(later["rows"]))


def test_focus_stays_where_new_rows_replace_old_ones(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    button = open_rows(page).last.get_by_role("button")
    study = button.inner_text()
    held = hold_requests(page, "**/exports/preview/rows", most=1)
    field(page, "Study date to").fill("2025-09-03")
    wait_for_request(page, held)
    button.focus()
    held[0].continue_()
    assert_that(page.locator("#first-rows")).not_to_contain_text(study)
    assert_that(page.locator("#first-rows summary")).to_be_focused()


def test_study_id_of_a_row_can_be_copied(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = open_rows(page).first.get_by_role("button")
    button.click()
    assert_that(page.locator("#messages")).to_contain_text(f"Study ID {button.inner_text()} copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == button.inner_text()


def test_openskin_lets_choose_its_study_from_the_rows(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#RF")
    page.get_by_role("radio", name="openSkin").check()
    button = open_rows(page).nth(2).get_by_role("button")
    study = button.inner_text()
    button.click()
    assert_that(field(page, "Study ID")).to_have_value(study)


def test_first_rows_name_patients_only_when_asked(
    visit: Visits, privileged: User, make_user: Callable[..., User], as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(privileged, AUTUMN)
    readings: list[str] = []
    page.on("request", lambda sent: readings.append(sent.url) if sent.url.endswith("/rows") else None)
    disclosure = page.locator("#first-rows")
    assert_that(disclosure).not_to_contain_text("audit trail")
    page.get_by_role("radio", name="Both").check()
    assert_that(disclosure).to_contain_text("The audit trail records who opens them.")
    assert_that(page.locator("#summary")).to_contain_text("studies")
    assert readings == []

    rows = open_rows(page)
    assert_that(disclosure.locator("thead")).to_contain_text("Patient name")
    assert len(readings) == 1
    field(page, "Study date to").fill("2025-10-30")
    assert_that(disclosure).to_contain_text("are read only when you ask for them")
    assert_that(rows).to_have_count(0)
    assert len(readings) == 1
    disclosure.get_by_role("button", name="Show first rows").click()
    assert_that(disclosure.locator("summary")).to_be_focused()
    assert_that(rows.first).to_be_visible()
    assert len(readings) == 2
    disclosure.locator("summary").click()
    assert_that(rows).to_have_count(0)

    page.get_by_role("radio", name="None").check()
    open_rows(page)
    assert_that(disclosure.locator("thead")).not_to_contain_text("Patient name")
    admin = as_service(make_user("eve", ADMIN))
    shown = admin.call("GET", "/usage").json["first_rows"]
    assert [
        each["request"]["filters"]["date_to"] for each in shown if each["by"]["name"] == privileged.name
    ] == [
        "2025-10-30",
        "2025-10-31",
    ]


def test_first_rows_say_why_there_are_none(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=1900-01-01&date_to=1900-01-02")
    page.get_by_text("First rows", exact=True).click()
    assert_that(page.locator("#first-rows")).to_contain_text("No row: no study matches these filters.")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("radio", name="Dose audit").check()
    assert_that(page.locator("#first-rows")).to_contain_text(
        "The rows of an audit are known after its last study."
    )


def test_first_rows_are_accessible_and_fit(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-31&date_to=2025-10-31")
    thin_out(open_rows(page))
    assert list_findings_of_widths(page, "#first-rows", has_tables=True) == []
