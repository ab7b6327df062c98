"""Schedules on the page: create, list, run, disable, enable, delete, and access of other users."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from local.stack.service import Service
from local.stack.stack import Stack
from local.stack.users import ADMIN, EXPORT, User
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Hold, Visits
from tests.browser.steps import copy_rows, field, newest, rows, start, wait_for

FEW = "#CT?date_from=2025-10-25"
MONTHLY = {"name": "Monthly", "type": "ct-csv", "window": "last_month", "expression": "cron(0 7 1 * ? *)"}

NO_VALUE = "\N{EN DASH}"


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Schedule …").click()
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_be_focused()
    return dialog


def press_create(page: Page) -> None:
    page.get_by_role("button", name="Create schedule").click()


def row(page: Page, name: str) -> Locator:
    return page.locator("#schedule-rows tr", has_text=name)


def press(page: Page, action: str, name: str) -> None:
    page.get_by_role("button", name=f"{action}: {name}").click()


def list_schedules(service: Service) -> list[Any]:
    listed: list[Any] = service.call("GET", "/schedules").json["schedules"]
    return listed


def create_by_api(service: Service, **terms: object) -> Any:
    created = service.call("POST", "/schedules", MONTHLY | terms)
    assert created.status == 201, created.body
    return created.json


def test_dialog_creates_schedule_from_form(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, "#CT?type=ct-xlsx&date_from=2025-01-01&station=CT1&order=oldest_first")
    page.get_by_label("Retention (days)").fill("7")
    dialog = open_dialog(page)
    assert_that(dialog).to_contain_text("CT workbook (xlsx)")
    assert_that(dialog).to_contain_text("The dates in the form are ignored.")
    assert_that(dialog.get_by_label("Time zone")).to_have_value("Europe/London")
    dialog.get_by_label("Name").fill("Monthly audit")
    dialog.get_by_label("End date (optional)").fill("2090-12-31")
    press_create(page)
    assert_that(page.get_by_role("heading", name="Schedules")).to_be_focused()
    assert_that(page).to_have_url(re.compile("#schedules$"))
    assert_that(page.locator(".message")).to_contain_text("Schedule “Monthly audit” created. Next run: 1 ")
    (created,) = list_schedules(as_service(physicist))
    expected = {
        "type": "ct-xlsx",
        "filters": {"station": "CT1"},
        "order": "oldest_first",
        "options": {},
        "include_names": False,
        "include_ids": False,
        "retention_days": 7,
        "window": "last_month",
        "expression": "cron(0 7 1 * ? *)",
        "time_zone": "Europe/London",
        "ends_on": "2090-12-31",
        "enabled": True,
    }
    assert {name: created[name] for name in expected} == expected
    shown = row(page, "Monthly audit")
    assert_that(shown.locator(".next time").first).to_have_attribute("datetime", created["next_run"])
    assert_that(shown.locator(".next li")).to_have_count(3)
    assert_that(shown).to_contain_text(
        "Previous calendar month, every month on the 1st at 07:00 (Europe/London)"
    )
    assert_that(shown).to_contain_text("until 31 Dec 2090")
    assert_that(shown.locator(".last")).to_have_text(NO_VALUE)
    assert_that(shown.locator(".state")).to_have_text("Enabled")


@pytest.mark.parametrize(
    "terms",
    [
        ("every quarter", None, "cron(0 7 1 1,4,7,10 ? *)", "every quarter on the 1st at 07:00"),
        ("every year", "April", "cron(0 7 1 4 ? *)", "every year in April on the 1st at 07:00"),
    ],
    ids=["quarter", "year"],
)
def test_dialog_creates_quarterly_and_yearly_schedules(
    visit: Visits,
    physicist: User,
    as_service: Callable[[User], Service],
    terms: tuple[str, str | None, str, str],
) -> None:
    every, month, expression, words = terms
    page = visit().sign_in(physicist)
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Survey")
    dialog.get_by_label("Repeat").select_option(label=every)
    if month:
        dialog.get_by_label("Month", exact=True).select_option(label=month)
    press_create(page)
    assert_that(row(page, "Survey")).to_contain_text(words)
    assert [each["expression"] for each in list_schedules(as_service(physicist))] == [expression]


def test_weekday_of_a_month_is_shown_in_words(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    for name, expression in (("One", "cron(0 7 ? * 2#1 *)"), ("Two", "cron(30 6 ? * FRIL *)")):
        create_by_api(service, name=name, expression=expression)
    page = visit().sign_in(physicist, "#schedules")
    assert_that(row(page, "One")).to_contain_text("every month on the first Monday at 07:00")
    assert_that(row(page, "Two")).to_contain_text("every month on the last Friday at 06:30")
    assert_that(row(page, "One").locator(".next time").first).to_have_text(re.compile(r"07:00 (GMT|BST)$"))


def test_schedule_is_disabled_enabled_and_deleted(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#schedules")
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    page.get_by_role("link", name="New export").click()
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Weekly")
    dialog.get_by_label("Study dates").select_option(label="Last N days")
    dialog.get_by_label("How many").fill("14")
    dialog.get_by_label("Repeat").select_option(label="every week")
    dialog.get_by_label("Day of the week").select_option(label="Friday")
    dialog.get_by_label("Time", exact=True).fill("23:05")
    press_create(page)
    shown = row(page, "Weekly")
    assert_that(shown).to_contain_text("Last 14 days, every week on Friday at 23:05 (Europe/London)")
    press(page, "Disable", "Weekly")
    assert_that(shown.locator(".state")).to_have_text("Disabled")
    assert_that(shown.locator(".next")).to_have_text(NO_VALUE)
    assert_that(page.get_by_role("button", name="Enable: Weekly")).to_be_focused()
    press(page, "Enable", "Weekly")
    assert_that(shown.locator(".state")).to_have_text("Enabled")
    press(page, "Delete", "Weekly")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert_that(shown).to_be_visible()
    press(page, "Delete", "Weekly")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    assert_that(page.get_by_role("heading", name="Schedules")).to_be_focused()


def test_run_now_completes_an_export(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, FEW)
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Same dates")
    dialog.get_by_label("Study dates").select_option(label="Dates in the form")
    assert_that(dialog).to_contain_text("Every run exports the same dates.")
    press_create(page)
    press(page, "Run now", "Same dates")
    assert_that(page.get_by_role("heading", name="Exports")).to_be_focused()
    wait_for(newest(page), "Completed")
    assert_that(newest(page)).to_contain_text("Study date from 25 Oct 2025")
    (schedule,) = list_schedules(as_service(physicist))
    assert (schedule["window"], schedule["filters"]) == (None, {"date_from": "2025-10-25"})


def test_last_run_links_to_its_export(
    visit: Visits, physicist: User, as_service: Callable[[User], Service], stack: Stack
) -> None:
    service = as_service(physicist)
    last = service.request_export(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"]
    service.wait(last)
    *_, first = copy_rows(stack, last, 25)  # the page size of the table
    run = {"scheduled_at": "2026-11-01T07:00:00Z", "export_id": first, "outcome": "NO_STUDIES"}
    schedule = create_by_api(service) | {"last_run": run}
    window = visit()
    window.page.route("**/schedules?*", lambda route: route.fulfill(json={"schedules": [schedule]}))
    page = window.sign_in(physicist, "#schedules")
    assert_that(row(page, "Monthly").locator(".last")).to_contain_text("1 Nov 2026, 07:00")
    row(page, "Monthly").get_by_role("link", name="No studies matched").click()
    assert_that(page).to_have_url(re.compile(f"#exports.export={first}$"))
    assert_that(page.locator("#rows .details:not([hidden])")).to_have_count(1)
    assert_that(rows(page)).to_have_count(26)
    assert_that(rows(page).last.get_by_role("button", name="Details")).to_be_focused()


def test_new_schedule_is_shown_before_list_has_it(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.route("**/schedules?*", lambda route: route.fulfill(json={"schedules": []}))
    page = window.sign_in(physicist)
    open_dialog(page).get_by_label("Name").fill("New")
    press_create(page)
    assert_that(row(page, "New")).to_be_visible()
    press(page, "Delete", "New")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()


def test_paused_schedule_shows_reason(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    paused = {"code": "OWNER_INACTIVE", "message": "Its owner has not used the service for too long."}
    schedule = create_by_api(as_service(physicist)) | {"paused": paused, "next_run": None}
    window = visit()
    window.page.route("**/schedules?*", lambda route: route.fulfill(json={"schedules": [schedule]}))
    page = window.sign_in(physicist, "#schedules")
    assert_that(row(page, "Monthly").locator(".state")).to_have_text("Paused")
    assert_that(row(page, "Monthly")).to_contain_text(paused["message"])
    assert_that(page.get_by_role("button", name="Enable: Monthly")).to_be_visible()


def test_schedules_of_others_are_for_admins(
    visit: Visits, make_user: Callable[..., User], as_service: Callable[[User], Service]
) -> None:
    owner, other, admin = (make_user(*given) for given in (("ada", EXPORT), ("ben", EXPORT), ("eve", ADMIN)))
    name = f"Audit of {owner.name}"
    create_by_api(as_service(owner), name=name)
    page = visit().sign_in(other, "#schedules?scope=all")
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    assert_that(page.get_by_role("radio", name="Everyone's")).to_be_hidden()

    page = visit().sign_in(admin, "#schedules")
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    page.locator("label", has=page.get_by_role("radio", name="Everyone's")).locator("visible=true").click()
    assert_that(row(page, name)).to_contain_text(f"by {owner.name}")
    assert_that(row(page, name).get_by_role("button")).to_have_text(["History", "Disable", "Delete"])
    press(page, "Disable", name)
    assert_that(row(page, name).locator(".state")).to_have_text("Disabled")
    assert_that(row(page, name).get_by_role("button")).to_have_text(["History", "Delete"])
    (schedule,) = list_schedules(as_service(owner))
    assert schedule["enabled"] is False
    press(page, "Delete", name)
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(row(page, name)).to_have_count(0)
    assert list_schedules(as_service(owner)) == []


def test_dialog_shows_errors_beside_fields(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist)
    dialog = open_dialog(page)
    service = as_service(physicist)

    def detail(**terms: object) -> str:
        return str(service.call("POST", "/schedules", MONTHLY | terms).json["detail"])

    def expect_error(label: str, text: str) -> None:
        press_create(page)
        control = dialog.get_by_label(label, exact=True)
        assert_that(control).to_be_focused()
        assert_that(control).to_have_attribute("aria-invalid", "true")
        assert_that(control).to_have_accessible_description(re.compile(re.escape(text)))

    expect_error("Name", detail(name=""))
    dialog.get_by_label("Name").fill("Audit")
    dialog.get_by_label("Study dates").select_option(label="Last N months")
    expect_error("How many", "Enter a whole number, 1 or more.")
    dialog.get_by_label("How many").fill("999")
    expect_error("How many", detail(window="rolling_999_months"))
    dialog.get_by_label("How many").fill("3")
    dialog.get_by_label("Time", exact=True).fill("")
    expect_error("Time", "Enter a time in hours and minutes.")
    dialog.get_by_label("Repeat").select_option(label="other")
    dialog.get_by_label("Expression").fill("cron(0/5 * * * ? *)")
    expect_error("Expression", detail(expression="cron(0/5 * * * ? *)"))
    dialog.get_by_label("Expression").fill("rate(7 days)")
    dialog.get_by_label("Time zone").fill("Europe/Nowhere")
    expect_error("Time zone", detail(time_zone="Europe/Nowhere"))
    assert_that(dialog.get_by_label("Expression")).not_to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Time zone").fill("UTC")
    press_create(page)
    assert_that(row(page, "Audit")).to_contain_text("Last 3 months, every 7 days")
    (schedule,) = list_schedules(as_service(physicist))
    assert (schedule["window"], schedule["expression"]) == ("rolling_3_months", "rate(7 days)")


def test_dialog_shows_form_errors_in_form(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?age_min=x")
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Audit")
    press_create(page)
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert_that(field(page, "Age from")).to_be_focused()


def test_dialog_shows_too_many_schedules(visit: Visits, physicist: User) -> None:
    problem = {"code": "TOO_MANY_SCHEDULES", "detail": "You already have 50 schedules.", "field": None}

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=409, json=problem, content_type="application/problem+json")
        else:
            route.continue_()

    window = visit()
    window.page.route("**/schedules", refuse)
    page = window.sign_in(physicist)
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Audit")
    press_create(page)
    assert_that(dialog.get_by_role("alert").filter(has_text=problem["detail"])).to_be_visible()


def test_patient_filters_stay_out_of_address_and_storage(
    visit: Visits, privileged: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(privileged)
    field(page, "Patient name").fill("Secretname")
    page.get_by_role("radio", name="Both").check()
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("<img src=x onerror=alert(1)>")
    press_create(page)
    shown = row(page, "<img src=x onerror=alert(1)>")
    assert_that(shown).to_contain_text("patient data")
    assert_that(page.locator("main img")).to_have_count(0)
    (schedule,) = list_schedules(as_service(privileged))
    assert (schedule["include_names"], schedule["include_ids"], schedule["filters"]) == (
        True,
        True,
        {"patient_name": "Secretname"},
    )
    stored = page.evaluate("JSON.stringify([location.href, {...localStorage}, {...sessionStorage}])")
    assert "Secretname" not in stored


def test_schedule_is_changed_in_the_dialog(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    create_by_api(service, filters={"station": "CT1"}, ends_on="2090-12-31", time_zone="Europe/Paris")
    page = visit().sign_in(physicist, "#schedules")
    press(page, "Edit", "Monthly")
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_have_value("Monthly")
    assert_that(dialog.get_by_label("Time zone")).to_have_value("Europe/Paris")
    assert_that(dialog.get_by_label("End date (optional)")).to_have_value("2090-12-31")
    assert_that(dialog.get_by_label("Repeat")).to_have_value("month")
    assert_that(dialog.locator("#schedule-coming li")).to_have_count(3)
    dialog.get_by_label("Name").fill("First Mondays")
    dialog.get_by_label("Day of the month").select_option(label="first …")
    dialog.get_by_label("Day of the week").select_option(label="Monday")
    dialog.get_by_label("Time", exact=True).fill("06:30")
    dialog.get_by_label("Retention (days)").fill("7")
    dialog.get_by_label("End date (optional)").fill("")
    assert_that(dialog.locator("#schedule-coming li").first).to_contain_text(
        re.compile(r"^Mon,? \d+ \w+ \d{4},? (at )?06:30 (CET|CEST|GMT\+\d)")
    )
    assert_that(dialog.locator("#schedule-coming li").first).to_contain_text("studies of 1")
    page.get_by_role("button", name="Save changes").click()
    assert_that(page.locator(".message")).to_contain_text("Schedule “First Mondays” changed.")
    shown = row(page, "First Mondays")
    assert_that(shown).to_contain_text("every month on the first Monday at 06:30 (Europe/Paris)")
    assert_that(page.get_by_role("button", name="Edit: First Mondays")).to_be_focused()
    (changed,) = list_schedules(service)
    expected = {
        "name": "First Mondays",
        "expression": "cron(30 6 ? * 2#1 *)",
        "retention_days": 7,
        "ends_on": None,
        "filters": {"station": "CT1"},
        "window": "last_month",
    }
    assert {name: changed[name] for name in expected} == expected


def test_schedule_filters_are_changed_in_the_form(
    visit: Visits, privileged: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(privileged)
    create_by_api(service, filters={"station": "CT1", "patient_name": "Secretname"}, include_names=True)
    page = visit().sign_in(privileged, "#schedules")
    press(page, "Edit", "Monthly")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Repeat").select_option(label="every quarter")
    dialog.get_by_role("button", name="Filters and options …").click()
    assert_that(page.get_by_text("You change what “Monthly” exports.")).to_be_visible()
    assert_that(field(page, "Patient name")).to_have_value("Secretname")
    assert_that(page.get_by_role("radio", name="Names")).to_be_checked()
    field(page, "Station").fill("CT2")
    page.get_by_role("button", name="Schedule …").click()
    assert_that(dialog.get_by_label("Repeat")).to_have_value("quarter")
    page.get_by_role("button", name="Save changes").click()
    assert_that(row(page, "Monthly")).to_contain_text("every quarter")
    (changed,) = list_schedules(service)
    assert changed["filters"] == {"station": "CT2", "patient_name": "Secretname"}
    assert (changed["include_names"], changed["expression"]) == (True, "cron(0 7 1 1,4,7,10 ? *)")
    assert "Secretname" not in page.evaluate("location.href")
    page.get_by_role("link", name="New export").click()
    assert_that(page.get_by_text("You change what")).to_have_count(0)


def test_mail_is_requested_by_export_and_by_schedule(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    page = visit().sign_in(physicist, FEW)
    assert_that(page.get_by_label("Mail me when it ends")).not_to_be_checked()
    page.get_by_label("Mail me when it ends").check()
    start(page)
    assert [each["send_mail"] for each in service.call("GET", "/exports").json["exports"]] == [True]
    page.get_by_role("link", name="New export").click()
    dialog = open_dialog(page)
    assert_that(dialog.get_by_label("Mail me when a run ends")).to_be_checked()
    dialog.get_by_label("Name").fill("Mailed")
    press_create(page)
    assert_that(row(page, "Mailed")).to_be_visible()
    assert [each["send_mail"] for each in list_schedules(service)] == [True]
    press(page, "Edit", "Mailed")
    dialog.get_by_label("Mail me when a run ends").uncheck()
    page.get_by_role("button", name="Save changes").click()
    assert_that(page.locator(".message").last).to_contain_text("Schedule “Mailed” changed.")
    assert [each["send_mail"] for each in list_schedules(service)] == [False]


def test_coming_runs_are_shown_before_creating(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    dialog = open_dialog(page)
    coming = dialog.locator("#schedule-coming")
    assert_that(coming.locator("li")).to_have_count(3)
    assert_that(coming.locator("li").first).to_contain_text(re.compile(r"07:00 (GMT|BST) studies of 1"))
    dialog.get_by_label("End date (optional)").fill("2020-01-01")
    assert_that(coming).to_contain_text("It would never run: its first run would be after the end date.")
    dialog.get_by_label("End date (optional)").fill("")
    dialog.get_by_label("Repeat").select_option(label="every day")
    assert_that(coming).to_contain_text("no new days")
    dialog.get_by_label("Study dates").select_option(label="Last N days")
    assert_that(coming).to_contain_text("Enter a whole number, 1 or more.")


def test_history_lists_runs_with_their_exports(
    visit: Visits, physicist: User, as_service: Callable[[User], Service], database_held: Hold
) -> None:
    service = as_service(physicist)
    schedule = create_by_api(service)
    with database_held():
        export = service.call("POST", f"/schedules/{schedule['id']}/run").json
        page = visit().sign_in(physicist, "#schedules")
        assert_that(row(page, "Monthly").locator(".last")).to_contain_text("In progress (Run now)")
        press(page, "History", "Monthly")
        dialog = page.get_by_role("dialog", name="Runs of “Monthly”")
        assert_that(dialog.locator("tbody tr")).to_have_count(1)
        assert_that(dialog.locator("tbody tr")).to_contain_text("(Run now)")
        dialog.get_by_role("link", name="In progress").click()
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert_that(page).to_have_url(re.compile(f"#exports.export={export['id']}$"))
