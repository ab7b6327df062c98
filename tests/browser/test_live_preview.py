"""The preview follows the form, beside the button that exports."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.steps import field

YEAR = {"date_from": "2025-01-01", "date_to": "2025-12-31"}
AUTUMN = "#CT?date_from=2025-09-01&date_to=2025-10-31"
PREVIEWS = "**/exports/preview?*"


def summary(page: Page) -> Locator:
    """Return the line beside the buttons."""
    return page.locator("#summary")


def chips(page: Page) -> Locator:
    return page.locator("#chosen .chip span")


def count_studies(service: Service, export_type: str = "ct-csv", **filters: str) -> int:
    answer = service.call("POST", "/exports/preview", {"type": export_type, "filters": filters})
    return int(answer.json["studies"])


def test_preview_follows_filters_without_a_button(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    page = visit().sign_in(physicist)
    assert_that(summary(page)).to_contain_text(f"{count_studies(service):,} studies · ")
    field(page, "Study date from").fill(YEAR["date_from"])
    field(page, "Study date to").fill(YEAR["date_to"])
    assert_that(summary(page)).to_contain_text(f"{count_studies(service, **YEAR):,} studies · ")
    assert_that(summary(page)).to_contain_text(re.compile(r"events · about\s[\d.]+\s[kM]B · about\s\d+\ss$"))
    page.get_by_role("tab", name="RF").click()
    assert_that(summary(page)).to_contain_text(f"{count_studies(service, 'rf-csv', **YEAR):,} studies · ")
    page.get_by_role("link", name="Exports").click()
    page.get_by_role("link", name="New export").click()
    assert_that(summary(page)).to_contain_text(f"{count_studies(service, 'rf-csv', **YEAR):,} studies · ")


def test_preview_waits_for_typing_to_pause_and_stops_the_overtaken_one(
    visit: Visits, physicist: User
) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    assert_that(summary(page)).to_contain_text("studies")
    sent: list[str] = []
    stopped: list[str] = []
    held: list[Route] = []
    page.on("requestfailed", lambda request: stopped.append(request.post_data or ""))

    def hold_first(route: Route) -> None:
        sent.append(route.request.post_data or "")
        held.append(route) if len(sent) == 1 else route.continue_()

    page.route(PREVIEWS, hold_first)
    field(page, "Study description").press_sequentially("abdo", delay=20)
    assert_that(page.locator("#preview")).to_have_attribute("aria-busy", "true")
    assert_that(summary(page)).to_have_class(re.compile("stale"))
    field(page, "Study description").press_sequentially("men", delay=20)
    assert_that(summary(page)).not_to_have_class(re.compile("stale"))
    assert [re.findall("abdo[a-z]*", each) for each in sent] == [["abdo"], ["abdomen"]]
    assert [re.findall("abdo[a-z]*", each) for each in stopped] == [["abdo"]]
    assert_that(page.locator("#preview")).not_to_have_attribute("aria-busy", "true")


def test_preview_does_not_count_again_for_what_changes_no_count(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    assert_that(summary(page)).to_contain_text("studies")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.get_by_label("Order of studies").select_option(index=1)
    field(page, "Station").press_sequentially(" ")
    page.wait_for_timeout(900)
    assert [url for url in sent if "preview" in url] == []
    assert_that(summary(page)).not_to_have_class(re.compile("stale"))


@pytest.mark.parametrize(
    ("table", "chip"),
    [
        ("Most frequent protocols", "Acquisition protocol contains “{}”"),
        ("Rooms with most studies", "Display name contains “{}”"),
        ("Most frequent descriptions", "Study description contains “{}”"),
    ],
)
def test_click_on_a_frequent_value_adds_its_filter(
    visit: Visits, physicist: User, as_service: Callable[[User], Service], table: str, chip: str
) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    value = page.get_by_role("table", name=table).get_by_role("button").first
    text = value.inner_text()
    value.click()
    assert_that(chips(page)).to_contain_text([chip.format(text)])
    name = {"Acq": "acquisition_protocol", "Dis": "display_name", "Stu": "study_description"}[chip[:3]]
    dates = {"date_from": "2025-09-01", "date_to": "2025-10-31"}
    expected = count_studies(as_service(physicist), **dates, **{name: text})
    assert_that(summary(page)).to_contain_text(f"{expected} studies · ")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            "#CT?date_from=2090-01-01&date_to=2090-12-31&station=C",
            "Study date 1 Jan 2090 to 31 Dec 2090: this alone leaves nothing.",
        ),
        (
            "#CT?date_from=2025-10-31&date_to=2025-10-31&dlp_min=1900&age_max=9",
            "Each filter alone matches studies, but no study matches all of them.",
        ),
    ],
)
def test_preview_of_nothing_says_why(visit: Visits, physicist: User, address: str, sentence: str) -> None:
    page = visit().sign_in(physicist, address)
    assert_that(summary(page)).to_have_text(f"No study matches these filters. {sentence}")


def test_preview_out_of_time_is_honest(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.route(PREVIEWS, lambda route: route.fulfill(json={"timed_out": True, "studies": None}))
    page = window.sign_in(physicist)
    message = "Counting took over 20 seconds and was stopped. You can still export."
    assert_that(summary(page)).to_have_text(message)


def test_preview_that_is_refused_says_where(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?age_min=x")
    assert_that(summary(page)).to_contain_text("Not counted. Age min: The value must be a plain number")
    assert_that(field(page, "Age from")).not_to_have_attribute("aria-invalid", "true")


def refuse_first(page: Page, status: int, answer: dict[str, str]) -> list[int]:
    """Answer the first preview with an error. Return a list that grows with each preview."""
    asked: list[int] = []

    def reply(route: Route) -> None:
        asked.append(1)
        if len(asked) == 1:
            route.fulfill(status=status, json=answer)
        else:
            route.continue_()

    page.route(PREVIEWS, reply)
    return asked


def test_preview_that_an_older_one_has_stopped_is_repeated(visit: Visits, physicist: User) -> None:
    window = visit()
    refuse_first(window.page, 409, {"code": "PREVIEW_REPLACED", "message": "Replaced."})
    page = window.sign_in(physicist, AUTUMN)
    assert_that(summary(page)).to_contain_text("studies · ")


def test_preview_of_busy_service_is_repeated(visit: Visits, physicist: User) -> None:
    window = visit()
    asked = refuse_first(window.page, 503, {"message": "Service Unavailable"})
    page = window.sign_in(physicist, AUTUMN)
    assert_that(summary(page)).to_contain_text("studies · ")
    asked.clear()
    with page.expect_response(lambda response: "/exports/preview?" in response.url and response.ok):
        page.get_by_role("button", name="Preview").click()
    assert len(asked) == 2
    assert_that(page.get_by_text("The service is busy.")).to_have_count(0)


def test_preview_shows_a_bar_per_month_and_the_same_as_text(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    months = page.get_by_role("table", name="Studies per month")
    assert_that(months.get_by_role("rowheader")).to_have_text(["Sept 2025", "Oct 2025"])
    assert_that(page.locator("#preview rect")).to_have_count(2)
    page.get_by_role("button", name="Clear filters").click()
    years = page.get_by_role("table", name="Studies per year").get_by_role("rowheader")
    assert_that(years.first).to_have_text(re.compile(r"^20\d\d$"))


def test_preview_of_audit_says_how_many_groups_to_expect(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, f"{AUTUMN}&type=ct-audit")
    assert_that(summary(page)).to_contain_text(re.compile(r"events · about\s[\d,]+\sgroups · "))


@pytest.mark.parametrize("size", [DESKTOP, (1024, 768), PHONE])
def test_summary_is_in_view_beside_the_button(visit: Visits, physicist: User, size: tuple[int, int]) -> None:
    page = visit(size=size).sign_in(physicist, AUTUMN)
    assert_that(summary(page)).to_contain_text("studies")
    assert_that(summary(page)).to_be_in_viewport(ratio=1)
    assert_that(page.get_by_role("button", name="Export to csv")).to_be_in_viewport(ratio=1)


@contextmanager
def hold_counts(page: Page) -> Iterator[None]:
    """Hold back the next preview until the end."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(PREVIEWS, hold)
    yield
    while not held:
        page.wait_for_timeout(20)
    held[-1].continue_()
    page.unroute(PREVIEWS)


def test_focus_stays_where_new_counts_replace_old_ones(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, AUTUMN)
    values = page.get_by_role("table", name="Most frequent protocols").get_by_role("button")
    first = values.first.inner_text()
    before = page.locator("#preview .numbers").inner_text()
    with hold_counts(page):
        field(page, "Study date from").fill("2025-09-15")
        values.first.focus()
    assert_that(page.locator("#preview .numbers")).not_to_have_text(before, use_inner_text=True)
    assert_that(values.and_(page.get_by_text(first, exact=True))).to_be_focused()
    with hold_counts(page):
        field(page, "Station").fill("no such station")
        values.first.focus()
    assert_that(page.locator("#preview")).to_contain_text("No study matches")
    assert_that(page.get_by_role("heading", name="Preview")).to_be_focused()
