"""The exports table: progress, abort, download, delete, run again."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
from local.stack.service import Service
from local.stack.stack import Stack
from local.stack.users import ADMIN, EXPORT, User
from playwright.sync_api import Download, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import PHONE, Hold, Visits
from tests.browser.steps import (
    copy_rows,
    count_events,
    download,
    field,
    hold_requests,
    let_refreshes_pass,
    newest,
    open_details,
    paused_worker,
    rows,
    show_tab,
    start,
    wait_for,
    wait_for_request,
)
from tests.journey.backstage import until

NONE = "\N{EN DASH}"
FEW = {"type": "ct-csv", "filters": {"date_from": "2025-10-25"}}
AsService = Callable[[User], Service]


def test_row_shows_progress_of_running_export(
    visit: Visits, physicist: User, stack: Stack, as_service: AsService
) -> None:
    service = as_service(physicist)
    with paused_worker(stack, service, type="ct-xlsx"):
        page = visit().sign_in(physicist, "#exports")
        row = newest(page)
        wait_for(row, "Running")
        assert_that(row.locator("small.progress-text")).to_have_text(re.compile(r"[\d,]+ of 10,000"))
        shown = row.get_by_role("progressbar")
        assert_that(shown).to_have_attribute("value", re.compile(r"^\d+$"))
        assert_that(page.get_by_label("1 running")).to_be_visible()
    wait_for(row, "Completed")
    assert_that(row).to_contain_text("10,000")
    assert_that(page.get_by_role("status")).to_have_text("CT workbook (xlsx): Completed, 10,000 studies.")
    assert_that(page.get_by_label("1 running")).to_be_hidden()


def test_abort_shows_aborting_before_answer(visit: Visits, physicist: User, database_held: Hold) -> None:
    page = visit().sign_in(physicist)
    with database_held():
        start(page)
        row = newest(page)
        wait_for(row, "Running")
        held = hold_requests(page, "**/abort")  # the row must change before the answer
        row.get_by_role("button", name="Abort").click()
        assert_that(row.locator(".state")).to_have_text("Aborting", timeout=500)
        assert_that(row.get_by_role("button", name="Abort")).to_be_hidden()
        held[0].continue_()
        wait_for(row, "Aborted")
    assert_that(row.get_by_role("button", name="Run again")).to_be_visible()


def test_abort_failure_restores_running(visit: Visits, physicist: User, database_held: Hold) -> None:
    page = visit().sign_in(physicist)
    with database_held():
        start(page)
        row = newest(page)
        wait_for(row, "Running")
        page.route("**/abort", lambda route: route.abort())
        row.get_by_role("button", name="Abort").click()
        assert_that(page.locator(".message").last).to_contain_text("Cannot reach the service.")
        wait_for(row, "Running")
        page.unroute("**/abort")
        row.get_by_role("button", name="Abort").click()
        wait_for(row, "Aborted")


def test_details_show_file_and_manifest(
    visit: Visits, physicist: User, as_service: AsService, tmp_path: Path
) -> None:
    service = as_service(physicist)
    export = service.wait(service.request_export(**FEW, order="highest_dlp").json["id"])
    window = visit()
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.sign_in(physicist, "#exports")
    path = download(page, newest(page), tmp_path)
    assert path.name == export["file_name"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export["sha256"]
    details = open_details(page, newest(page))
    for text in (export["sha256"], export["file_name"], "highest total DLP first", *export["warnings"]):
        assert_that(details).to_contain_text(text)
    with page.expect_download() as started:
        details.get_by_role("button", name="Manifest").click()
    manifest = json.loads(Path(started.value.path()).read_text())
    assert started.value.suggested_filename == f"{path.name}.manifest.json"
    assert manifest["file"] == {"name": path.name, "size": export["size"], "sha256": export["sha256"]}
    details.get_by_role("button", name="Copy the SHA-256").click()
    assert_that(page.locator(".message")).to_contain_text("SHA-256 copied.")
    assert page.evaluate("navigator.clipboard.readText()") == export["sha256"]


def test_history_shows_events_and_users(
    visit: Visits, physicist: User, as_service: AsService, tmp_path: Path
) -> None:
    service = as_service(physicist)
    service.wait(service.request_export(**FEW).json["id"])
    page = visit().sign_in(physicist, "#exports")
    download(page, newest(page), tmp_path)
    details = open_details(page, newest(page))
    details.get_by_label("Retention").fill("77")
    details.get_by_role("button", name="History").click()
    items = details.get_by_role("list", name="History").get_by_role("listitem")
    who = f"by {physicist.name}"
    for item, text in enumerate(
        (f"Requested {who}", "Started", "Completed with", f"Download link issued {who}")
    ):
        assert_that(items.nth(item)).to_contain_text(text)
    assert_that(items).to_have_count(4)
    assert_that(details.get_by_role("button", name="History")).to_be_focused()
    assert_that(details.get_by_label("Retention")).to_have_value("77")


def test_run_again_and_edit_and_run_repeat_request(
    visit: Visits, physicist: User, as_service: AsService
) -> None:
    service = as_service(physicist)
    request = {
        "type": "rf-xlsx",
        "filters": {"date_from": "2030-01-01"},
        "order": "oldest_first",
        "send_mail": True,
    }
    service.wait(service.request_export(**request).json["id"])
    page = visit().sign_in(physicist, "#exports")
    row = newest(page)
    assert_that(row).to_contain_text("No study matches")
    row.get_by_role("button", name="Run again").click()
    assert_that(rows(page)).to_have_count(2)
    open_details(page, newest(page)).get_by_role("button", name="Edit and run").click()
    assert_that(page.get_by_role("tab", name="RF")).to_have_attribute("aria-selected", "true")
    assert_that(field(page, "Study date from")).to_have_value("2030-01-01")
    assert_that(page.get_by_role("radio", name="Workbook")).to_be_checked()
    assert_that(page.get_by_label("Order of studies")).to_have_value("oldest_first")
    assert_that(page.get_by_label("Mail me when it ends")).to_be_checked()
    assert [each["send_mail"] for each in service.call("GET", "/exports").json["exports"]] == [True, True]


def test_delete_removes_selected_exports_after_confirmation(
    visit: Visits, physicist: User, as_service: AsService
) -> None:
    service = as_service(physicist)
    for _ in range(4):
        service.wait(service.request_export(**FEW).json["id"])
    page = visit().sign_in(physicist, "#exports")
    assert_that(rows(page)).to_have_count(4)
    page.get_by_label("Select all exports").check()
    newest(page).get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Delete 3").click()
    assert_that(page.get_by_role("dialog")).to_contain_text("Delete 3 exports?")
    page.get_by_role("button", name="Cancel").click()
    assert_that(rows(page)).to_have_count(4)
    page.get_by_role("button", name="Delete 3").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(rows(page)).to_have_count(1)
    assert_that(page.locator(".message")).to_contain_text("3 exports deleted.")
    assert_that(page.get_by_role("heading", name="Exports")).to_be_focused()
    assert len(service.call("GET", "/exports").json["exports"]) == 1


def test_show_older_appends_next_page(visit: Visits, physicist: User, as_service: AsService) -> None:
    service = as_service(physicist)
    for _ in range(5):
        service.wait(service.request_export(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"])
    window = visit()
    window.page.route("**/exports?*", limit_to_three)
    page = window.sign_in(physicist, "#exports")
    assert_that(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Show older exports").click()
    assert_that(rows(page)).to_have_count(5)
    assert_that(page.get_by_role("button", name="Show older exports")).to_be_hidden()
    newest(page).get_by_role("button", name="Run again").click()
    assert_that(rows(page)).to_have_count(6)
    wait_for(newest(page), "Failed")
    assert_that(rows(page)).to_have_count(6)


def limit_to_three(route: Route) -> None:
    """Request pages of three, so that few exports fill several pages."""
    route.continue_(url=route.request.url.replace("limit=25", "limit=3"))


def test_delete_removes_more_exports_than_one_request_may(
    visit: Visits, physicist: User, as_service: AsService, stack: Stack
) -> None:
    service = as_service(physicist)
    export = service.request_export(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"]
    service.wait(export)
    copy_rows(stack, export, 120)
    window = visit()
    window.page.route("**/exports?*", allow_long_pages)
    page = window.sign_in(physicist, "#exports")
    assert_that(rows(page)).to_have_count(100)
    page.get_by_role("button", name="Show older exports").click()
    assert_that(rows(page)).to_have_count(121)
    page.get_by_label("Select all exports").check()
    page.get_by_role("button", name="Delete 121").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(page.locator(".message").last).to_contain_text("121 exports deleted.")
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()
    assert service.call("GET", "/exports").json["exports"] == []


def allow_long_pages(route: Route) -> None:
    route.continue_(url=route.request.url.replace("limit=25", "limit=100"))


def test_laptop_shows_a_dense_table(
    visit: Visits, physicist: User, as_service: AsService, stack: Stack
) -> None:
    service = as_service(physicist)
    export = service.request_export(**FEW).json["id"]
    service.wait(export)
    copy_rows(stack, export, 8)
    page = visit().sign_in(physicist, "#exports")
    for width, height, shown in ((1024, 768, 7), (900, 700, 5)):
        page.set_viewport_size({"width": width, "height": height})
        assert_that(rows(page).nth(shown - 1)).to_be_in_viewport(ratio=1)
        assert_that(rows(page).first.get_by_role("button", name="Download")).to_be_in_viewport(ratio=1)
        assert_that(page.get_by_role("columnheader", name="Studies")).to_be_visible()


def test_phone_selects_all(visit: Visits, physicist: User, as_service: AsService) -> None:
    service = as_service(physicist)
    service.wait(service.request_export(**FEW).json["id"])
    page = visit(size=PHONE).sign_in(physicist, "#exports")
    box = page.get_by_label("Select all exports")
    box.check()
    place = box.bounding_box()
    assert place is not None
    assert place["x"] > 0
    assert place["width"] > 10
    seen = "({x, y}) => document.elementFromPoint(x + 5, y + 5).id"
    assert page.evaluate(seen, place) == "select-all"
    assert_that(page.get_by_role("button", name="Delete 1")).to_be_visible()


def test_ready_message_downloads_the_file(
    visit: Visits, physicist: User, database_held: Hold, tmp_path: Path
) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-25")
    with database_held():
        start(page)
        wait_for(newest(page), "Running")
        page.get_by_role("link", name="New export").click()
    message = page.locator(".message").filter(has_text="is ready.")
    assert_that(message).to_be_visible()
    with page.expect_download() as started:
        message.get_by_role("button", name="Download").click()
    started.value.save_as(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").stat().st_size > 0
    assert_that(message).to_be_hidden()


def test_boxes_wait_until_the_page_listens_to_them(visit: Visits, physicist: User) -> None:
    window = visit()
    held = hold_requests(window.page, "**/endings*.js")
    page = window.sign_in(physicist, "#exports")
    box = page.get_by_label("Download when ready")
    assert_that(box).to_be_disabled()
    wait_for_request(page, held)
    held[0].continue_()
    assert_that(box).to_be_enabled()


def test_file_is_downloaded_when_it_is_ready(
    visit: Visits, physicist: User, database_held: Hold, tmp_path: Path
) -> None:
    page = visit().sign_in(physicist, "#exports")
    page.get_by_label("Download when ready").check()
    page.reload()
    assert_that(page.get_by_label("Download when ready")).to_be_checked()
    page.goto(f"{page.url.partition('#')[0]}#CT?date_from=2025-10-25")
    with page.expect_download(timeout=60_000) as started:
        start(page)
    started.value.save_as(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").stat().st_size > 0


def test_file_of_an_export_that_the_list_hides_is_downloaded_when_it_is_ready(
    visit: Visits, physicist: User, database_held: Hold, tmp_path: Path
) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-25")
    badge = page.get_by_label("1 running")
    with page.expect_download(timeout=60_000) as started, database_held():
        start(page)
        wait_for(newest(page), "Running")
        page.get_by_label("Download when ready").check()
        page.goto(f"{page.url.partition('#')[0]}#exports?state=FAILED")
        page.reload()
        assert_that(badge).to_be_visible()
        assert_that(rows(page)).to_have_count(0)
    started.value.save_as(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").stat().st_size > 0
    assert_that(badge).to_be_hidden()


RECORD_NOTIFICATIONS = """() => {
  globalThis.shown = [];
  globalThis.Notification = class extends EventTarget {
    static permission = "default";
    static async requestPermission() { return (this.permission = globalThis.answer); }
    constructor(title, { body, tag }) { super(); shown.push({title, body, tag, element: this}); }
    close() {}
  };
}
"""


def test_notification_tells_in_a_hidden_tab_that_an_export_has_ended(
    visit: Visits, physicist: User, database_held: Hold
) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-25")
    page.evaluate(RECORD_NOTIFICATIONS)
    with database_held():
        start(page)
        wait_for(newest(page), "Running")
        box = page.get_by_label("Notify me")
        page.evaluate("() => { globalThis.answer = 'denied'; }")
        box.click()
        assert_that(page.locator(".message.is-error")).to_contain_text("The browser blocks notifications")
        assert_that(box).not_to_be_checked()
        page.evaluate("() => { globalThis.answer = 'granted'; }")
        box.check()
        page.get_by_role("link", name="New export").click()
        show_tab(page, hidden=True)
    let_refreshes_pass(page, lambda: page.evaluate("() => shown.length") == 1)
    (shown,) = page.evaluate("() => shown.map(({title, body}) => [title, body])")
    assert shown == ["Export completed", "CT table (csv)"]
    page.evaluate("() => { shown[0].element.dispatchEvent(new Event('click')); }")
    assert_that(page).to_have_url(re.compile(r"#exports\?export="))
    assert_that(page).to_have_title("Exports · Dose Export")
    show_tab(page, hidden=False)
    assert_that(page).to_have_title("Exports · Dose Export")


def test_notification_that_the_browser_refuses_prevents_no_download(
    visit: Visits, physicist: User, database_held: Hold
) -> None:
    """Chrome on Android has notifications, but its pages cannot make them."""
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-25")
    downloads: list[Download] = []
    page.on("download", lambda each: downloads.append(each))  # noqa: PLW0108  Playwright wants a function
    page.evaluate(RECORD_NOTIFICATIONS)
    page.evaluate(
        """() => {
          globalThis.answer = 'granted';
          globalThis.Notification = class extends Notification {
            constructor() { throw new TypeError("Illegal constructor"); }
          };
        }"""
    )
    with database_held():
        start(page)
        wait_for(newest(page), "Running")
        page.get_by_label("Notify me").check()
        page.get_by_label("Download when ready").check()
        show_tab(page, hidden=True)
    let_refreshes_pass(page, lambda: count_events(page, downloads) == 1)
    show_tab(page, hidden=False)
    assert_that(page.locator(".message.is-error")).to_contain_text("cannot show notifications")
    assert_that(page.get_by_label("Notify me")).not_to_be_checked()
    assert_that(page.locator("#list-error")).to_be_empty()


def test_new_exports_stay_in_the_table_though_the_list_lacks_them(visit: Visits, physicist: User) -> None:
    """The list is read from an index, which lags behind."""
    page = visit().sign_in(physicist, "#exports?state=FAILED")
    assert_that(page.get_by_text("No exports match.")).to_be_visible()
    page.goto(f"{page.url.partition('#')[0]}#CT?date_from=2025-10-25")
    answered: list[int] = []

    def empty(route: Route) -> None:
        answered.append(1)
        route.fulfill(json={"exports": [], "next_cursor": None})

    page.route(re.compile(r"/exports\?"), empty)
    start(page)
    wait_for(newest(page), "Completed")
    details = open_details(page, newest(page))
    for number in (2, 3):
        details.get_by_role("button", name="Run again").click()
        assert_that(rows(page)).to_have_count(number)
    page.get_by_role("link", name="New export").click()
    page.get_by_role("link", name="Exports").click()
    until(lambda: page.evaluate("1") and len(answered) > 2)
    assert_that(rows(page)).to_have_count(3)
    page.unroute(re.compile(r"/exports\?"))
    page.reload()
    assert_that(rows(page)).to_have_count(3)


def test_title_tells_in_a_hidden_tab_that_an_export_has_ended(
    visit: Visits, physicist: User, database_held: Hold
) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#CT?date_from=2025-10-25")
    with database_held():
        start(page)
        wait_for(newest(page), "Running")
        show_tab(page, hidden=True)
    let_refreshes_pass(page, lambda: page.title() == "Completed: CT table (csv)")
    show_tab(page, hidden=False)
    assert_that(page).to_have_title("Exports · Dose Export")


def test_last_row_can_be_scrolled_clear_of_messages(
    visit: Visits, physicist: User, as_service: AsService, stack: Stack
) -> None:
    service = as_service(physicist)
    export = service.request_export(**FEW).json["id"]
    service.wait(export)
    copy_rows(stack, export, 12)
    page = visit(size=PHONE).sign_in(physicist, "#CT?nonsense=1&more=2")
    assert_that(page.locator(".message")).to_contain_text("Ignored from this link")
    page.get_by_role("link", name="Exports").click()
    assert_that(rows(page)).to_have_count(13)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    row, message = rows(page).last.bounding_box(), page.locator(".message").bounding_box()
    assert row is not None
    assert message is not None
    assert row["y"] + row["height"] <= message["y"]


def test_address_with_malformed_id_is_not_followed(visit: Visits, physicist: User) -> None:
    window = visit()
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    page = window.sign_in(physicist, "#exports?export=../schedules")
    assert_that(page.locator(".message")).to_contain_text("This link names no export.")
    assert not [url for url in asked if url.endswith("/schedules")]


def test_failed_export_shows_no_expiry(visit: Visits, physicist: User, as_service: AsService) -> None:
    """It has no file that could expire."""
    service = as_service(physicist)
    service.wait(service.request_export(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"])
    page = visit().sign_in(physicist, "#exports")
    wait_for(newest(page), "Failed")
    assert_that(newest(page).locator("td.expires")).to_have_text(NONE)
    assert_that(open_details(page, newest(page))).not_to_contain_text("File expires")


def test_list_filters_by_scope_and_state(
    visit: Visits, physicist: User, make_user: Callable[..., User], as_service: AsService
) -> None:
    service, admin = as_service(physicist), make_user("admin", ADMIN, EXPORT)
    service.wait(service.request_export(**FEW).json["id"])
    service.wait(service.request_export(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"])
    page = visit().sign_in(admin, "#exports")
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()
    page.get_by_role("radio", name="Everyone's").check()
    assert_that(rows(page).filter(has_text=f"by {physicist.name}")).to_have_count(2)
    page.get_by_label("State").select_option("failed")
    theirs = rows(page).filter(has_text=f"by {physicist.name}")
    assert_that(theirs).to_have_count(1)
    assert_that(theirs.locator(".state")).to_have_text("Failed")
    assert_that(page).to_have_url(re.compile("#exports.scope=all&state=FAILED$"))
    theirs.get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(theirs).to_have_count(0)


def test_row_hides_patient_filters_from_other_users(
    visit: Visits, physicist: User, privileged: User, as_service: AsService
) -> None:
    service = as_service(privileged)
    export = service.request_export(type="ct-csv", filters={"patient_name": "Secretname"}).json
    service.wait(export["id"])
    page = visit().sign_in(physicist, "#exports?scope=all")
    row = rows(page).filter(has_text=f"by {privileged.name}")
    assert_that(row).to_contain_text("patient data")
    open_details(page, row)
    assert_that(page.get_by_text("Secretname")).to_have_count(0)
    assert_that(page.get_by_role("button", name="Edit and run")).to_have_count(0)


def test_list_sends_no_requests_in_hidden_tab(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.clock.install()
    page = window.sign_in(physicist, "#exports")
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    show_tab(page, hidden=True)
    page.clock.run_for("10:00")
    assert requested == []
    with page.expect_request("**/exports?*"):
        show_tab(page, hidden=False)


def test_audit_shows_its_answer_in_the_row_and_on_the_first_sheet(
    visit: Visits, physicist: User, tmp_path: Path
) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-09-01")
    page.get_by_role("radio", name="Dose audit").check()
    field(page, "Robust z").fill("0")
    page.get_by_role("button", name="Export to xlsx").click()
    assert_that(field(page, "Robust z")).to_be_focused()
    field(page, "Robust z").fill("3")
    start(page, "Export to xlsx")
    row = newest(page)
    wait_for(row, "Completed")
    answer = row.locator(".answer").inner_text()
    assert re.fullmatch(r"\d+ of \d+ groups above their DRL.*", answer)
    book = openpyxl.load_workbook(download(page, row, tmp_path), read_only=True)
    cells = [cell for cells in book["Summary"].iter_rows(max_row=3, values_only=True) for cell in cells]
    assert answer in cells


def test_selected_exports_are_downloaded_one_after_the_other(
    visit: Visits, physicist: User, as_service: AsService
) -> None:
    service = as_service(physicist)
    made = {service.request_export(**FEW).json["id"] for _ in range(2)}
    for export in made:
        service.wait(export)
    page = visit().sign_in(physicist, "#exports")
    page.get_by_label("Select all exports").check()
    downloads: list[Download] = []
    asked: list[str] = []
    page.on("download", lambda each: downloads.append(each))  # noqa: PLW0108  Playwright wants a function
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Download 2").click()
    until(lambda: count_events(page, downloads) == len(made), seconds=30)
    assert all(sum(f"/{export}/" in url for url in asked) == 1 for export in made)


def test_selected_exports_are_aborted_after_confirmation(
    visit: Visits, physicist: User, database_held: Hold, as_service: AsService
) -> None:
    service = as_service(physicist)
    with database_held():
        for _ in range(2):
            service.request_export(**FEW)
        page = visit().sign_in(physicist, "#exports")
        page.get_by_label("Select all exports").check()
        page.get_by_role("button", name="Abort 2").click()
        page.get_by_role("dialog").get_by_role("button", name="Abort").click()
        for row in rows(page).all():
            wait_for(row, "Aborted")
    assert_that(page.get_by_role("button", name="Abort 2")).to_be_hidden()
