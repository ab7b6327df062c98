"""Text filters suggest what the database holds, by mouse and by keyboard, and take any text."""

import re

import pytest
from local.stack.users import User
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.steps import field
from tests.browser.test_accessibility import LOOKS, list_findings

SUGGESTIONS = "**/suggestions?*"


def suggested(page: Page) -> Locator:
    """Return the options that are suggested."""
    return page.locator(".listbox [role=option]")


def focus(page: Page, label: str) -> Locator:
    """Focus a field, and wait until it can suggest."""
    box = field(page, label)
    box.focus()
    assert_that(box).to_have_attribute("aria-controls", re.compile("."))
    return box


def options(page: Page) -> list[str]:
    assert_that(suggested(page).first).to_be_visible()
    return suggested(page).all_inner_texts()


def test_suggestion_is_chosen_by_keyboard(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT")
    box, keys = focus(page, "Display name"), page.keyboard
    assert_that(box).to_have_attribute("aria-expanded", "false")
    keys.press("ArrowDown")
    assert len(options(page)) > 2
    assert_that(box).to_have_attribute("aria-expanded", "true")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    assert_that(chosen).to_have_count(1)
    assert_that(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    text = chosen.locator("span").first.inner_text()
    assert_that(box).to_have_value("")
    keys.press("Enter")
    assert_that(box).to_have_value(text)
    assert_that(box).to_be_focused()
    assert_that(box).to_have_attribute("aria-expanded", "false")
    assert_that(page.locator("#chosen")).to_contain_text(f"Display name contains “{text}”")
    assert_that(page.locator("#summary")).to_contain_text("studies · ")


def test_escape_closes_suggestions_and_free_text_stays(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT")
    box, keys = field(page, "Acquisition protocol"), page.keyboard
    box.press_sequentially("tho")
    assert_that(suggested(page).first).to_be_visible()
    assert_that(suggested(page).filter(has_not_text=re.compile("tho", re.IGNORECASE))).to_have_count(0)
    keys.press("Escape")
    assert_that(suggested(page).first).to_be_hidden()
    assert_that(box).to_have_value("tho")
    keys.press("Enter")
    assert_that(page.locator("#chosen")).to_contain_text("Acquisition protocol contains “tho”")
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    keys.press("Tab")
    keys.press("Shift+Tab")
    assert_that(suggested(page).first).to_be_hidden()


def test_suggestion_is_chosen_by_mouse_with_its_count(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT")
    box = field(page, "Study description")
    box.press_sequentially("head")
    option = suggested(page).first
    assert_that(option).to_have_accessible_name(re.compile(r"Head.* [\d,]+ studies$"))
    text = option.locator("span").first.inner_text()
    option.click()
    assert_that(box).to_have_value(text)
    assert_that(box).to_be_focused()
    assert_that(suggested(page).first).to_be_hidden()


def test_suggestions_of_large_database_ask_for_letters(visit: Visits, physicist: User) -> None:
    window = visit()
    answer = {"values": [], "complete": False, "letters_needed": 2}
    window.page.route(SUGGESTIONS, lambda route: route.fulfill(json=answer))
    page = window.sign_in(physicist, "#CT")
    field(page, "Station").press_sequentially("C")
    assert_that(page.locator(".popup")).to_have_text("The database is large. Type 2 letters or more.")
    assert_that(field(page, "Station")).to_have_attribute("aria-expanded", "false")


def test_identifying_filters_suggest_nothing(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged, "#CT")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    for name in ("Patient name", "Patient ID", "Accession number"):
        assert field(page, name).get_attribute("role") is None
        field(page, name).press_sequentially("abc")
    page.wait_for_timeout(500)
    assert not [url for url in sent if "suggestions" in url]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_suggestions_have_no_axe_findings_and_fit(
    visit: Visits, physicist: User, size: tuple[int, int]
) -> None:
    page = visit(size=size).sign_in(physicist, "#CT")
    page.locator("details", has_text="Events").locator("summary").click() if size == PHONE else None
    focus(page, "Acquisition protocol").press_sequentially("t")
    assert options(page)
    page.keyboard.press("ArrowDown")
    assert_that(page.locator(".popup")).to_be_in_viewport(ratio=1)
    assert list_findings(page, "#filters", LOOKS if size == DESKTOP else ["light"]) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
