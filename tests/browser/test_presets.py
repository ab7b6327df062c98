"""Presets on the page: kept, found again, used, shared, deleted."""

import re
from collections.abc import Callable

from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import expect as assert_that
from tests.browser.conftest import Visits
from tests.browser.steps import field, newest, start

ADULTS = "#MG?type=mg-nhsbsp-csv&order=oldest_first&date_from=2024-01-01&age_min=16&option.survey_number=7"


def choice(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Presets")


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Save as preset").click()
    dialog = page.get_by_role("dialog")
    assert_that(dialog.get_by_label("Name")).to_be_focused()
    return dialog


def keep(page: Page, name: str, *, shared: bool = False) -> None:
    dialog = open_dialog(page)
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Share with everybody who may export").set_checked(shared)
    dialog.get_by_role("button", name="Save").click()
    assert_that(page.locator("#messages")).to_contain_text(f"The preset “{name}” is saved.")
    assert_that(choice(page).locator("option:checked")).to_have_text(name + (" (shared)" if shared else ""))


def mine(page: Page) -> Locator:
    """One's own presets: what others share is in the list, too."""
    return choice(page).locator("optgroup[label=Mine] option")


def use(page: Page, label: str) -> None:
    choice(page).select_option(label=label)
    page.get_by_role("button", name="Use", exact=True).click()


def test_a_preset_is_kept_and_fills_the_form_another_day(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, ADULTS)
    assert_that(mine(page)).to_have_count(0)
    keep(page, "Adults")
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


def test_what_is_shared_others_use_and_cannot_delete(
    visit: Visits, physicist: User, make_user: Callable[..., User]
) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-06-01")
    keep(page, "For me")
    keep(page, f"For all of {physicist.name}", shared=True)
    assert_that(mine(page)).to_have_text([f"For all of {physicist.name} (shared)", "For me"])
    colleague = visit().sign_in(make_user("colleague", "exportgroup"))
    assert_that(choice(colleague)).to_contain_text(f"For all of {physicist.name} · {physicist.name}")
    assert_that(choice(colleague)).not_to_contain_text("For me")
    use(colleague, f"For all of {physicist.name} · {physicist.name}")
    assert_that(field(colleague, "Study date from")).to_have_value("2025-06-01")
    assert_that(colleague.get_by_role("button", name="Delete preset")).to_be_disabled()
    start(colleague)
    assert_that(newest(colleague)).to_contain_text("Study date from 2025-06-01")


def test_ones_own_preset_is_deleted_after_a_question(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    keep(page, "Everything")
    delete = page.get_by_role("button", name="Delete preset")
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert_that(choice(page).locator("option:checked")).to_have_text("Everything")
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    assert_that(page.get_by_role("heading", name="Presets")).to_be_focused()
    assert_that(mine(page)).to_have_count(0)
    with page.expect_response("**/presets"):
        page.reload()
    assert_that(page.get_by_role("button", name="Save as preset")).to_be_visible()
    assert_that(mine(page)).to_have_count(0)


def test_a_filter_that_tells_who_a_patient_is_cannot_be_kept(
    visit: Visits, privileged: User, as_service: Callable[[User], Service]
) -> None:
    page = visit().sign_in(privileged)
    for label in ("Patient name", "Accession number"):
        fault = field(page, label)
        fault.fill("Secret")
        page.get_by_role("button", name="Save as preset").click()
        assert_that(fault).to_be_focused()
        assert_that(fault).to_have_accessible_description(re.compile("^No preset keeps this filter"))
        assert_that(page.get_by_role("dialog")).to_have_count(0)
        fault.fill("")
    page.get_by_role("radio", name="Both").check()
    keep(page, "Without")
    (kept,) = [
        each for each in as_service(privileged).call("GET", "/presets").json["presets"] if each["mine"]
    ]
    assert kept["request"] == {"type": "ct-csv", "filters": {}, "order": "newest_first", "options": {}}


def test_a_name_that_is_none_is_told_beside_it(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Save").click()
    name = dialog.get_by_label("Name")
    assert_that(name).to_have_accessible_description(re.compile("A preset needs a name.$"))
    name.fill("a\u200bb")
    name.press("Enter")
    assert_that(name).to_have_accessible_description(re.compile("1 to 80 printable characters.$"))
    dialog.get_by_role("button", name="Cancel").click()
    assert_that(page.get_by_role("dialog")).to_have_count(0)
    assert_that(mine(page)).to_have_count(0)


def test_a_name_is_only_ever_text(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    name = "<img src=x onerror=alert(1)>"
    keep(page, name)
    assert_that(mine(page)).to_have_text([name])


def test_a_preset_of_another_release_can_only_be_deleted(visit: Visits, physicist: User) -> None:
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
    choice(page).select_option(label="Old")
    assert_that(page.get_by_text("This preset asks for what is no more.")).to_be_visible()
    assert_that(page.get_by_role("button", name="Use", exact=True)).to_be_disabled()
    assert_that(page.get_by_role("button", name="Delete preset")).to_be_enabled()
    assert_that(choice(page).locator("optgroup").last).to_have_attribute(
        "label", re.compile("the newest only$")
    )
    choice(page).select_option(label="Old · ada")
    assert_that(page.get_by_role("button", name="Delete preset")).to_be_disabled()


def test_the_form_works_where_presets_cannot_be_had(visit: Visits, physicist: User) -> None:
    window = visit()
    window.page.route("**/presets", lambda route: route.fulfill(status=503))
    page = window.sign_in(physicist, "#CT?date_from=2025-10-01")
    assert_that(page.get_by_text("Presets cannot be shown now.")).to_be_visible()
    start(page)
