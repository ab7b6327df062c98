"""The exports table when answers are late, fail, or contradict each other."""

import re
from typing import Any

import pytest
from local.stack.users import User
from playwright.sync_api import Download, Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Hold, Visits
from tests.browser.steps import (
    count_events,
    hold_requests,
    let_answers_be_read,
    newest,
    open_details,
    rows,
    show_tab,
    wait_for,
    wait_for_request,
)
from tests.browser.test_exports import FEW, AsService
from tests.journey.backstage import until

Json = dict[str, Any]
LIST = re.compile(r"/exports\?")
ACTIVE = "() => document.activeElement.textContent || document.activeElement.tagName"


@pytest.fixture
def completed(physicist: User, as_service: AsService) -> Json:
    """An export of the physicist that has ended."""
    service = as_service(physicist)
    return service.wait(str(service.request_export(**FEW).json["id"]))


def make_running(export: Json) -> Json:
    """Return an export as it was while it ran."""
    ended = ("studies", "size", "finished_at", "file_name", "expires_at")
    link = export["links"]["self"]
    links = {"self": link, "abort": f"{link}/abort"}
    return {**export, **dict.fromkeys(ended), "state": "RUNNING", "percent": 10, "links": links}


def answer(route: Route, *exports: Json, cursor: str | None = None) -> None:
    route.fulfill(json={"exports": exports, "next_cursor": cursor})


def look_again(page: Page) -> None:
    """Let the page refresh its list, as when its tab is shown again."""
    show_tab(page, hidden=True)
    show_tab(page, hidden=False)


def refresh_twice(page: Page) -> None:
    """Wait until the page has refreshed its list, and shown the answers."""
    for _ in range(2):
        with page.expect_response(LIST):
            look_again(page)
    let_answers_be_read(page)


def test_end_is_told_once_though_an_older_answer_comes_later(
    visit: Visits, physicist: User, completed: Json
) -> None:
    window = visit()
    page, held, downloads, answers = window.page, list[Route](), list[Download](), list[str]()

    def list_exports(route: Route) -> None:
        answer(route, *([] if "state=" in route.request.url else [make_running(completed)]))

    def get_export(route: Route) -> None:
        answers.append(route.request.url)
        if len(answers) == 1:
            held.append(route)
        else:
            route.fulfill(json=completed)

    def record(download: Download) -> None:
        downloads.append(download)

    page.route(LIST, list_exports)
    page.route(re.compile(f"/exports/{completed['id']}$"), get_export)
    page.on("download", record)
    window.sign_in(physicist, "#exports?state=FAILED")
    page.get_by_label("Download when ready").check()
    wait_for_request(page, held)
    look_again(page)
    until(lambda: count_events(page, downloads) == 1)
    held[0].fulfill(json=make_running(completed))
    refresh_twice(page)
    assert_that(page.get_by_label("1 running")).to_be_hidden()
    assert count_events(page, downloads) == 1


def test_export_that_the_list_hides_is_found_though_the_first_answer_fails(
    visit: Visits, physicist: User, completed: Json
) -> None:
    window = visit()
    page, failed = window.page, list[Route]()

    def list_exports(route: Route) -> None:
        if "state=" in route.request.url and not failed:
            failed.append(route)
            route.fulfill(status=503, json={"code": "UNAVAILABLE", "detail": "The service is busy."})
        else:
            answer(route, *([] if "state=" in route.request.url else [make_running(completed)]))

    page.route(LIST, list_exports)
    page.route(
        re.compile(f"/exports/{completed['id']}$"), lambda route: route.fulfill(json=make_running(completed))
    )
    window.sign_in(physicist, "#exports?state=FAILED")
    assert_that(page.get_by_role("status").filter(has_text="busy")).to_be_visible()
    look_again(page)
    assert_that(page.locator("#list-error")).to_be_empty()
    assert_that(page.get_by_label("1 running")).to_be_visible()


def test_failure_of_a_superseded_refresh_is_not_shown(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#exports")
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()
    held = hold_requests(page, LIST, most=1)
    look_again(page)
    wait_for_request(page, held)
    with page.expect_response(LIST):
        look_again(page)
    with page.expect_response(LIST):
        held[0].fulfill(status=503, json={"code": "UNAVAILABLE", "detail": "The service is busy."})
    let_answers_be_read(page)
    assert_that(page.locator("#list-error")).to_be_empty()


def test_active_export_that_is_gone_leaves_the_table(visit: Visits, physicist: User, completed: Json) -> None:
    gone = {**make_running(completed), "id": "gone", "created_at": "2025-01-01T00:00:00.000Z"}
    window = visit()
    page = window.page

    def list_exports(route: Route) -> None:
        is_older = "cursor=" in route.request.url
        answer(route, gone if is_older else completed, cursor=None if is_older else "older")

    page.route(LIST, list_exports)
    page.route(
        re.compile("/exports/gone$"),
        lambda route: route.fulfill(status=404, json={"code": "NOT_FOUND", "detail": "There is none."}),
    )
    window.sign_in(physicist, "#exports")
    page.get_by_role("button", name="Show older exports").click()
    assert_that(rows(page)).to_have_count(2)
    look_again(page)
    assert_that(rows(page)).to_have_count(1)
    assert_that(page.get_by_label("1 running")).to_be_hidden()


def test_search_that_found_nothing_stays_ended(visit: Visits, physicist: User) -> None:
    window = visit()
    page = window.page
    page.route(
        LIST,
        lambda route: answer(
            route, cursor="more" if "q=" in route.request.url and "cursor=" not in route.request.url else None
        ),
    )
    window.sign_in(physicist, "#exports?q=van")
    assert_that(page.get_by_text("No exports match.")).to_be_visible()
    refresh_twice(page)
    assert_that(page.get_by_text("No exports match.")).to_be_visible()
    assert_that(page.get_by_role("button", name="Show older exports")).to_be_hidden()


def test_linked_export_of_another_stays_in_the_table(
    visit: Visits, physicist: User, privileged: User, as_service: AsService
) -> None:
    service = as_service(privileged)
    export = service.wait(str(service.request_export(**FEW).json["id"]))
    page = visit().sign_in(physicist, f"#exports?export={export['id']}")
    assert_that(rows(page)).to_have_count(1)
    refresh_twice(page)
    assert_that(rows(page)).to_have_count(1)
    assert_that(page.get_by_role("button", name="Details")).to_be_focused()


def test_focus_stays_on_the_page_when_its_element_goes(
    visit: Visits, physicist: User, as_service: AsService, database_held: Hold
) -> None:
    service = as_service(physicist)
    window = visit()
    with database_held():
        for _ in range(2):
            service.request_export(**FEW)
        page = window.sign_in(physicist, "#exports?state=RUNNING")
        assert_that(rows(page)).to_have_count(2)
        newest(page).get_by_role("button", name="Abort").press("Enter")
        assert_that(rows(page)).to_have_count(1)
        assert page.evaluate(ACTIVE) == "Exports"
        page.goto(f"{page.url.partition('#')[0]}#exports")
        last = rows(page).last
        wait_for(last, "Running")
        last.get_by_role("button", name="Abort").focus()
    wait_for(last, "Completed")
    assert_that(last.get_by_role("button", name="Details")).to_be_focused()


def test_deletion_beside_another_is_not_dropped(
    visit: Visits, physicist: User, as_service: AsService
) -> None:
    service = as_service(physicist)
    for _ in range(2):
        service.wait(str(service.request_export(**FEW).json["id"]))
    page = visit().sign_in(physicist, "#exports")
    held = hold_requests(page, re.compile("/exports$"), "DELETE", most=1)
    confirm = page.get_by_role("dialog").get_by_role("button", name="Delete")
    newest(page).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete 1").click()
    confirm.click()
    wait_for_request(page, held)
    open_details(page, rows(page).last).get_by_role("button", name="Delete").click()
    confirm.click()
    assert_that(rows(page)).to_have_count(1)
    held[0].continue_()
    assert_that(rows(page)).to_have_count(0)


def test_file_that_cannot_be_downloaded_does_not_stop_the_others(
    visit: Visits, physicist: User, as_service: AsService, completed: Json
) -> None:
    service = as_service(physicist)
    service.wait(str(service.request_export(**FEW, name="Second").json["id"]))
    page = visit().sign_in(physicist, "#exports")
    page.route(
        re.compile("/exports/[^/]*/download$"),
        lambda route: (
            route.continue_()
            if completed["id"] in route.request.url
            else route.fulfill(status=404, json={"code": "NOT_FOUND", "detail": "It has expired."})
        ),
    )
    page.get_by_label("Select all exports").check()
    with page.expect_download():
        page.get_by_role("button", name="Download 2").click()
    assert_that(page.locator(".message.is-error")).to_contain_text("Second: It has expired.")


def test_ends_at_the_same_moment_are_both_announced(visit: Visits, physicist: User, completed: Json) -> None:
    other = {**completed, "id": "other", "type": "rf-csv"}
    both, ended = [completed, other], list[bool]()
    window = visit()
    page = window.page
    page.route(LIST, lambda route: answer(route, *(both if ended else map(make_running, both))))
    window.sign_in(physicist, "#exports")
    assert_that(page.get_by_label("2 running")).to_be_visible()
    ended.append(True)
    spoken = page.locator("#live")
    assert_that(spoken).to_contain_text("CT table (csv): Completed")
    assert_that(spoken).to_contain_text("RF table (csv): Completed")


def test_typed_search_keeps_its_spaces_and_ends_when_the_user_leaves(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#help")
    page.get_by_role("link", name="Exports").click()
    box = page.get_by_label("Search")
    box.press_sequentially("van ")
    assert_that(page).to_have_url(re.compile("#exports.q=van$"))
    box.press_sequentially("3")
    assert_that(page).to_have_url(re.compile(r"#exports.q=van\+3$"))
    box.press_sequentially("4")
    page.go_back()
    assert_that(page.locator("#help")).to_be_visible()
    assert_that(page).to_have_url(re.compile("#help$"))
    assert_that(page.locator("#exports")).to_be_hidden()


def test_box_of_downloads_is_that_of_its_user(visit: Visits, physicist: User, privileged: User) -> None:
    window = visit()
    page = window.sign_in(physicist, "#exports")
    page.get_by_label("Download when ready").check()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("User name").wait_for()
    window.enter_password(privileged)
    page.get_by_role("link", name="Exports").click()
    box = page.get_by_label("Download when ready")
    assert_that(box).to_be_enabled()
    assert_that(box).not_to_be_checked()
