"""Schedules on the page: made of the form, listed, run, disabled, enabled, deleted; and who sees whose."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from local.stack.service import Service
from local.stack.users import ADMIN, EXPORT, User
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that
from tests.browser.conftest import Visits
from tests.browser.steps import field, newest, rows, wait_for

FEW = "#CT?date_from=2025-10-25"
MONTHLY = {"name": "Monthly", "type": "ct-csv", "window": "last_month", "expression": "cron(0 7 1 * ? *)"}

NOTHING = "\N{EN DASH}"


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Schedule …").click()
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_be_focused()
    return dialog


def press_make(page: Page) -> None:
    page.get_by_role("button", name="Make the schedule").click()


def row(page: Page, name: str) -> Locator:
    return page.locator("#schedule-rows tr", has_text=name)


def press(page: Page, action: str, name: str) -> None:
    page.get_by_role("button", name=f"{action}: {name}").click()


def list_mine(service: Service) -> list[Any]:
    listed: list[Any] = service.call("GET", "/schedules").json["schedules"]
    return listed


def make_by_api(service: Service, **terms: object) -> Any:
    made = service.call("POST", "/schedules", MONTHLY | terms)
    assert made.status == 201, made.body
    return made.json


def test_what_the_form_holds_is_made_a_schedule(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, "#CT?type=ct-xlsx&date_from=2025-01-01&station=CT1&order=oldest_first")
    page.get_by_label("Keep the file for").fill("7")
    dialog = open_dialog(page)
    assert_that(dialog).to_contain_text("CT workbook (xlsx)")
    assert_that(dialog).to_contain_text("The dates in the form are left out")
    assert_that(dialog.get_by_label("Time zone")).to_have_value("Europe/London")
    dialog.get_by_label("Name").fill("Monthly audit")
    dialog.get_by_label("Last day (optional)").fill("2090-12-31")
    press_make(page)
    assert_that(page.get_by_role("heading", name="Schedules")).to_be_focused()
    assert_that(page).to_have_url(re.compile("#schedules$"))
    assert_that(page.locator(".message")).to_contain_text("The schedule “Monthly audit” is due next on 1 ")
    (made,) = list_mine(as_service(physicist))
    asked = {
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
    assert {name: made[name] for name in asked} == asked
    shown = row(page, "Monthly audit")
    assert_that(shown.locator(".next time")).to_have_attribute("datetime", made["next_run"])
    assert_that(shown).to_contain_text(
        "The last whole month, every month on the 1st at 07:00 (Europe/London)"
    )
    assert_that(shown).to_contain_text("until 2090-12-31")
    assert_that(shown.locator(".last")).to_have_text(NOTHING)
    assert_that(shown.locator(".state")).to_have_text("Enabled")


def test_a_schedule_is_disabled_enabled_and_deleted(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#schedules")
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    page.get_by_role("link", name="New export").click()
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Weekly")
    dialog.get_by_label("Study dates").select_option(label="The last N days")
    dialog.get_by_label("How many").fill("14")
    dialog.get_by_label("Due").select_option(label="every week")
    dialog.get_by_label("Day of the week").select_option(label="Friday")
    dialog.get_by_label("Time", exact=True).fill("23:05")
    press_make(page)
    shown = row(page, "Weekly")
    assert_that(shown).to_contain_text("The last 14 days, every week on Friday at 23:05 (Europe/London)")
    press(page, "Disable", "Weekly")
    assert_that(shown.locator(".state")).to_have_text("Disabled")
    assert_that(shown.locator(".next")).to_have_text(NOTHING)
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


def test_run_now_leads_to_an_export_that_completes(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist, FEW)
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Same dates")
    dialog.get_by_label("Study dates").select_option(label="The dates in the form")
    assert_that(dialog).to_contain_text("Each run is about the same dates.")
    press_make(page)
    press(page, "Run now", "Same dates")
    assert_that(page.get_by_role("heading", name="Exports")).to_be_focused()
    wait_for(newest(page), "Completed")
    assert_that(newest(page)).to_contain_text("Study date from 2025-10-25")
    (schedule,) = list_mine(as_service(physicist))
    assert (schedule["window"], schedule["filters"]) == (None, {"date_from": "2025-10-25"})


def test_the_last_run_leads_to_its_export(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    first = service.ask(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"]
    service.wait(first)
    for _ in range(25):  # as many as a page of the table holds
        service.wait(service.ask(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"])
    run = {"scheduled_at": "2026-11-01T07:00:00Z", "export_id": first, "outcome": "NO_STUDIES"}
    made = make_by_api(service) | {"last_run": run}
    window = visit()
    window.page.route("**/schedules?*", lambda route: route.fulfill(json={"schedules": [made]}))
    page = window.sign_in(physicist, "#schedules")
    assert_that(row(page, "Monthly").locator(".last")).to_contain_text("1 Nov 2026, 07:00")
    row(page, "Monthly").get_by_role("link", name="There were no studies").click()
    assert_that(page).to_have_url(re.compile(f"#exports.export={first}$"))
    assert_that(page.locator("#rows .details:not([hidden])")).to_have_count(1)
    assert_that(rows(page)).to_have_count(26)
    assert_that(rows(page).last.get_by_role("button", name="Details")).to_be_focused()


def test_one_just_made_is_shown_though_the_list_is_late(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.route("**/schedules?*", lambda route: route.fulfill(json={"schedules": []}))
    page = window.sign_in(physicist)
    open_dialog(page).get_by_label("Name").fill("New")
    press_make(page)
    assert_that(row(page, "New")).to_be_visible()
    press(page, "Delete", "New")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()


def test_a_paused_schedule_says_why(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    paused = {"code": "OWNER_INACTIVE", "message": "Its owner has not used the service for too long."}
    made = make_by_api(as_service(physicist)) | {"paused": paused, "next_run": None}
    window = visit()
    window.page.route("**/schedules?*", lambda route: route.fulfill(json={"schedules": [made]}))
    page = window.sign_in(physicist, "#schedules")
    assert_that(row(page, "Monthly").locator(".state")).to_have_text("Paused")
    assert_that(row(page, "Monthly")).to_contain_text(paused["message"])
    assert_that(page.get_by_role("button", name="Enable: Monthly")).to_be_visible()


def test_who_sees_whose_and_may_do_what(
    visit: Visits, make_user: Callable[..., User], as_service: Callable[[User], Service]
) -> None:
    owner, other, admin = (make_user(*given) for given in (("ada", EXPORT), ("ben", EXPORT), ("eve", ADMIN)))
    name = f"Audit of {owner.name}"
    make_by_api(as_service(owner), name=name)
    page = visit().sign_in(other, "#schedules?scope=all")
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    assert_that(page.get_by_role("radio", name="Everyone's")).to_be_hidden()

    page = visit().sign_in(admin, "#schedules")
    assert_that(page.get_by_text("No schedules yet.")).to_be_visible()
    page.locator("label", has=page.get_by_role("radio", name="Everyone's")).locator("visible=true").click()
    assert_that(row(page, name)).to_contain_text(f"by {owner.name}")
    assert_that(row(page, name).get_by_role("button")).to_have_text(["Disable", "Delete"])
    press(page, "Disable", name)
    assert_that(row(page, name).locator(".state")).to_have_text("Disabled")
    assert_that(row(page, name).get_by_role("button")).to_have_text(["Delete"])
    (schedule,) = list_mine(as_service(owner))
    assert schedule["enabled"] is False
    press(page, "Delete", name)
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(row(page, name)).to_have_count(0)
    assert list_mine(as_service(owner)) == []


def test_what_is_refused_is_told_beside_its_field(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist)
    dialog = open_dialog(page)

    def is_refused(label: str, words: str) -> None:
        press_make(page)
        at_fault = dialog.get_by_label(label, exact=True)
        assert_that(at_fault).to_be_focused()
        assert_that(at_fault).to_have_attribute("aria-invalid", "true")
        assert_that(at_fault).to_have_accessible_description(re.compile(words))

    is_refused("Name", "1 to 80 printable characters")
    dialog.get_by_label("Name").fill("Audit")
    dialog.get_by_label("Study dates").select_option(label="The last N months")
    is_refused("How many", "Give a whole number")
    dialog.get_by_label("How many").fill("999")
    is_refused("How many", "N up to 120")
    dialog.get_by_label("How many").fill("3")
    dialog.get_by_label("Time", exact=True).fill("")
    is_refused("Time", "Give hours and minutes")
    dialog.get_by_label("Due").select_option(label="other")
    dialog.get_by_label("Expression").fill("cron(0/5 * * * ? *)")
    is_refused("Expression", "once an hour at most")
    dialog.get_by_label("Expression").fill("rate(7 days)")
    dialog.get_by_label("Time zone").fill("Europe/Nowhere")
    is_refused("Time zone", "a name like Europe/London")
    assert_that(dialog.get_by_label("Expression")).not_to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Time zone").fill("UTC")
    press_make(page)
    assert_that(row(page, "Audit")).to_contain_text("The last 3 months, rate(7 days)")
    (schedule,) = list_mine(as_service(physicist))
    assert (schedule["window"], schedule["expression"]) == ("rolling_3_months", "rate(7 days)")


def test_what_only_the_form_can_mend_is_told_there(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?age_min=x")
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Audit")
    press_make(page)
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert_that(field(page, "Age from")).to_be_focused()


def test_filters_that_name_patients_stay_out_of_addresses_and_storage(
    visit: Visits, privileged: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(privileged)
    field(page, "Patient name").fill("Secretname")
    page.get_by_role("radio", name="Both").check()
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("<img src=x onerror=alert(1)>")
    press_make(page)
    shown = row(page, "<img src=x onerror=alert(1)>")
    assert_that(shown).to_contain_text("patient data")
    assert_that(page.locator("main img")).to_have_count(0)
    (schedule,) = list_mine(as_service(privileged))
    assert (schedule["include_names"], schedule["include_ids"], schedule["filters"]) == (
        True,
        True,
        {"patient_name": "Secretname"},
    )
    kept = page.evaluate("JSON.stringify([location.href, {...localStorage}, {...sessionStorage}])")
    assert "Secretname" not in kept


RHYTHMS = [
    ("day", "07:00", "cron(0 7 * * ? *)", "every day at 07:00"),
    ("week", "23:59", "cron(59 23 ? * SUN *)", "every week on Sunday at 23:59"),
    ("month", "00:05", "cron(5 0 L * ? *)", "every month on the last day at 00:05"),
    ("other", "", "rate(7 days)", "rate(7 days)"),
]


@pytest.mark.parametrize(("every", "time", "expression", "words"), RHYTHMS)
def test_a_rhythm_is_written_and_read(
    visit: Visits, every: str, time: str, expression: str, words: str
) -> None:
    window = visit()
    window.open()
    rhythm = {"every": every, "weekday": "SUN", "day": "L", "time": time, "other": " rate(7 days) "}
    written = window.page.evaluate(
        "async (rhythm) => (await import('./rhythm.js')).writeExpression(rhythm)", rhythm
    )
    read = window.page.evaluate(
        "async (text) => (await import('./rhythm.js')).describeExpression(text)", expression
    )
    assert (written, read) == (expression, words)


@pytest.mark.parametrize(
    "expression", ["cron(0 7 1 1 ? *)", "cron(0 7 31 * ? *)", "cron(0 7 ? * MON#1 *)", "cron(0/5 7 * * ? *)"]
)
def test_what_the_form_does_not_make_is_shown_as_it_is(visit: Visits, expression: str) -> None:
    window = visit()
    window.open()
    read = window.page.evaluate(
        "async (text) => (await import('./rhythm.js')).describeExpression(text)", expression
    )
    assert read == expression
