"""Presets on the page: save, list, use, share, delete."""

import re
from collections.abc import Callable

from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits
from tests.browser.steps import field, hold_requests, let_answers_be_read, newest, start, wait_for_request

ADULTS = "#MG?type=mg-nhsbsp-csv&order=oldest_first&date_from=2024-01-01&age_min=16&option.survey_number=7"


def preset_select(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Presets")


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Save as preset").click()
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_be_focused()
    return dialog


def save(page: Page, name: str, *, shared: bool = False) -> None:
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Share with all export users").set_checked(shared)
    dialog.get_by_role("button", name="Save").click()
    assert_that(page.locator("#messages")).to_contain_text(f"Preset “{name}” saved.")
    assert_that(preset_select(page).locator("option:checked")).to_have_text(
        name + (" (shared)" if shared else "")
    )


def save_months(page: Page) -> None:
    """Save a preset whose dates are those of the month before it is used."""
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("Months")
    dialog.get_by_label("Study dates").select_option("previous calendar month")
    dialog.get_by_role("button", name="Save").click()


def own_presets(page: Page) -> Locator:
    """Return the presets of the user. The list also contains those that others share."""
    return preset_select(page).locator("optgroup[label=Mine] option")


def use(page: Page, label: str) -> None:
    preset_select(page).select_option(label=label)
    page.get_by_role("button", name="Use", exact=True).click()


def test_preset_is_saved_and_fills_form(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, ADULTS)
    assert_that(own_presets(page)).to_have_count(0)
    save(page, "Adults")
    other = visit().sign_in(physicist, "#CT?station=CT1")
    use(other, "Adults")
    assert_that(other.get_by_role("tab", name="MG")).to_have_attribute("aria-selected", "true")
    assert_that(other.get_by_role("radio", name="NHSBSP survey", exact=False).first).to_be_checked()
    assert_that(other.get_by_label("Order of studies")).to_have_value("oldest_first")
    assert_that(field(other, "Survey number")).to_have_value("7")
    assert_that(field(other, "Age from")).to_have_value("16")
    assert_that(field(other, "Study date from")).to_have_value("2024-01-01")
    assert_that(field(other, "Station")).to_have_value("")
    assert_that(other).to_have_url(
        re.compile(r"#MG\?type=mg-nhsbsp-csv&order=oldest_first&date_from=2024-01-01")
    )
    other.go_back()
    assert_that(field(other, "Station")).to_have_value("CT1")


def test_preset_with_a_relative_period_fills_the_dates_of_today(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?station=CT1&date_from=2020-01-01")
    save_months(page)
    page.get_by_role("button", name="Last month", exact=True).click()
    dates = [field(page, f"Study date {end}").input_value() for end in ("from", "to")]
    assert_that(page.locator("#preset-note")).to_have_text(f"Study dates now: {dates[0]} to {dates[1]}.")
    page.get_by_role("button", name="Clear filters").click()
    use(page, "Months")
    assert_that(field(page, "Station")).to_have_value("CT1")
    assert [field(page, f"Study date {end}").input_value() for end in ("from", "to")] == dates


def test_preset_with_a_relative_period_is_read_again_for_use(visit: Visits, physicist: User) -> None:
    """The page can be open since yesterday, when the period had other dates."""
    page = visit().sign_in(physicist, "#CT?station=CT1")
    save_months(page)
    assert_that(page.locator("#preset-note")).to_contain_text("Study dates now")

    def move(route: Route) -> None:
        reply = route.fetch()
        presets = reply.json()
        presets["presets"][0]["dates"] = {"date_from": "2031-01-01", "date_to": "2031-01-31"}
        route.fulfill(response=reply, json=presets)

    page.route("**/presets", move)
    use(page, "Months")
    assert_that(field(page, "Study date from")).to_have_value("2031-01-01")
    assert_that(field(page, "Study date to")).to_have_value("2031-01-31")


def test_saved_preset_stays_though_an_older_list_comes_later(visit: Visits, physicist: User) -> None:
    window = visit()
    held = hold_requests(window.page, "**/presets", "GET", most=1)
    page = window.sign_in(physicist, "#CT")
    wait_for_request(page, held)
    save(page, "Mine")
    with page.expect_response("**/presets"):
        held[0].fulfill(json={"presets": [], "complete": True})
    let_answers_be_read(page)
    assert_that(preset_select(page).locator("option:checked")).to_have_text("Mine")


def test_answer_of_a_cancelled_dialog_leaves_the_next_one_open(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT")
    held = hold_requests(page, "**/presets", "POST")
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("One")
    dialog.get_by_role("button", name="Save").click()
    wait_for_request(page, held)
    dialog.get_by_role("button", name="Cancel").click()
    open_dialog(page).get_by_label("Name").fill("Two")
    held[0].continue_()
    assert_that(page.locator("#messages")).to_contain_text("Preset “One” saved.")
    assert_that(dialog.get_by_label("Name")).to_have_value("Two")
    assert_that(dialog).to_be_visible()


def test_preset_of_the_same_name_is_replaced_after_confirmation(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?station=CT1")
    save(page, "Thorax")
    field(page, "Station").fill("CT2")
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill("thorax")
    dialog.get_by_role("button", name="Save").click()
    question = page.get_by_role("dialog", name="Replace “Thorax”?")
    question.get_by_role("button", name="Cancel").click()
    assert_that(question).to_be_hidden()
    assert_that(dialog.get_by_label("Name")).to_have_value("thorax")
    dialog.get_by_role("button", name="Save").click()
    question.get_by_role("button", name="Replace").click()
    assert_that(own_presets(page)).to_have_text(["thorax"])
    assert_that(dialog).to_be_hidden()
    page.get_by_role("button", name="Clear filters").click()
    use(page, "thorax")
    assert_that(field(page, "Station")).to_have_value("CT2")


def test_preset_is_renamed_shared_and_given_a_period(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?station=CT1&date_from=2020-01-01")
    save(page, "Old")
    save(page, "Other")
    preset_select(page).select_option(label="Old")
    page.get_by_role("button", name="Edit preset").click()
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_have_value("Old")
    dialog.get_by_label("Name").fill("Other")
    dialog.get_by_role("button", name="Save").click()
    assert_that(dialog.get_by_role("alert")).to_have_text(re.compile("You have a preset of this name"))
    dialog.get_by_label("Name").fill("New")
    dialog.get_by_label("Study dates").select_option("previous day")
    dialog.get_by_label("Share with all export users").check()
    dialog.get_by_role("button", name="Save").click()
    assert_that(own_presets(page)).to_have_text(["New (shared)", "Other"])
    assert_that(preset_select(page).locator("option:checked")).to_have_text("New (shared)")
    assert_that(page.locator("#preset-note")).to_have_text(re.compile("Study dates now"))
    page.get_by_role("button", name="Clear filters").click()
    use(page, "New (shared)")
    assert_that(field(page, "Station")).to_have_value("CT1")


def test_shared_preset_is_usable_by_others_without_delete(
    visit: Visits, physicist: User, make_user: Callable[..., User]
) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-06-01")
    save(page, "For me")
    save(page, f"For all of {physicist.name}", shared=True)
    assert_that(own_presets(page)).to_have_text([f"For all of {physicist.name} (shared)", "For me"])
    colleague = visit().sign_in(make_user("colleague", "exportgroup"))
    assert_that(preset_select(colleague)).to_contain_text(f"For all of {physicist.name} · {physicist.name}")
    assert_that(preset_select(colleague)).not_to_contain_text("For me")
    use(colleague, f"For all of {physicist.name} · {physicist.name}")
    assert_that(field(colleague, "Study date from")).to_have_value("2025-06-01")
    assert_that(colleague.get_by_role("button", name="Delete preset")).to_be_disabled()
    start(colleague)
    assert_that(newest(colleague)).to_contain_text("Study date from 1 Jun 2025")


def test_delete_removes_own_preset_after_confirmation(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    save(page, "Everything")
    delete = page.get_by_role("button", name="Delete preset")
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert_that(preset_select(page).locator("option:checked")).to_have_text("Everything")
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(page.get_by_role("heading", name="Presets")).to_be_focused()
    assert_that(own_presets(page)).to_have_count(0)
    with page.expect_response("**/presets"):
        page.reload()
    assert_that(page.get_by_role("button", name="Save as preset")).to_be_visible()
    assert_that(own_presets(page)).to_have_count(0)


def test_save_rejects_patient_filters(
    visit: Visits, privileged: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(privileged)
    for label in ("Patient name", "Accession number"):
        control = field(page, label)
        control.fill("Secret")
        page.get_by_role("button", name="Save as preset").click()
        assert_that(control).to_be_focused()
        assert_that(control).to_have_accessible_description(
            re.compile("^This filter identifies a patient and cannot be saved.")
        )
        assert_that(page.get_by_role("dialog")).to_have_count(0)
        control.fill("")
    page.get_by_role("radio", name="Both").check()
    save(page, "Without")
    (saved,) = [
        each for each in as_service(privileged).call("GET", "/presets").json["presets"] if each["mine"]
    ]
    assert saved["request"] == {"type": "ct-csv", "filters": {}, "order": "newest_first", "options": {}}


def test_save_shows_invalid_name_beside_field(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(physicist)
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Save").click()
    name = dialog.get_by_label("Name")
    assert_that(name).to_have_accessible_description(re.compile("Enter a name for the preset.$"))
    terms = {"name": "a\u200bb", "shared": False, "request": {"type": "ct-csv"}}
    refused = as_service(physicist).call("POST", "/presets", terms)
    name.fill(terms["name"])
    name.press("Enter")
    assert_that(name).to_have_accessible_description(re.compile(re.escape(refused.json["detail"]) + "$"))
    dialog.get_by_role("button", name="Cancel").click()
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert_that(own_presets(page)).to_have_count(0)


def test_name_with_markup_is_shown_as_text(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    name = "<img src=x onerror=alert(1)>"
    save(page, name)
    assert_that(own_presets(page)).to_have_text([name])


def test_unusable_preset_can_only_be_deleted(visit: Visits, physicist: User) -> None:
    window = visit()

    def answer(route: Route) -> None:
        old = {
            "id": "x" * 32,
            "name": "Old",
            "mine": True,
            "shared": False,
            "usable": False,
            "links": {"self": "/", "delete": "/"},
        }
        others = {**old, "id": "y" * 32, "mine": False, "owner_name": "ada", "links": {"self": "/"}}
        route.fulfill(json={"presets": [old, others], "complete": False})

    window.page.route("**/presets", answer)
    page = window.sign_in(physicist)
    preset_select(page).select_option(label="Old")
    assert_that(page.get_by_text("This preset uses options that no longer exist.")).to_be_visible()
    assert_that(page.get_by_role("button", name="Use", exact=True)).to_be_disabled()
    assert_that(page.get_by_role("button", name="Delete preset")).to_be_enabled()
    assert_that(preset_select(page).locator("optgroup").last).to_have_attribute(
        "label", re.compile("the newest only$")
    )
    preset_select(page).select_option(label="Old · ada")
    assert_that(page.get_by_role("button", name="Delete preset")).to_be_disabled()


def test_form_works_without_presets(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.route("**/presets", lambda route: route.fulfill(status=503))
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    assert_that(page.get_by_text("Cannot load the presets. Reload the page to try again.")).to_be_visible()
    start(page)
