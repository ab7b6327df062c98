"""Accessibility: axe-core on every view and dialog in three looks and two widths, and use without a mouse."""

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from local.stack.build import ROOT
from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Locator, Page, Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import DESKTOP, PHONE, Hold, Visits
from tests.browser.steps import field, newest, open_details, start, wait_for

LOOKS: dict[str, dict[str, Any]] = {
    "forced colors": {"color_scheme": "light", "forced_colors": "active"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "light": {"color_scheme": "light", "forced_colors": "none"},
}
COLORS_ONLY = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules of axe whose findings depend on the look. The other rules are tried in light only."""
NO_COLORS = {"rules": {rule: {"enabled": False} for rule in COLORS_ONLY["runOnly"]["values"]}}
RUN_AXE = "([part, options]) => axe.run(part, options).then(({ violations }) => violations)"
# The page behind a dialog was checked before the dialog opened.
OPEN_DIALOG = "dialog[open]"


def list_findings(
    page: Page, part: str = "html", looks: Iterable[str] = LOOKS, *, colors: bool = True
) -> list[str]:
    """Return the findings of axe of any impact in each look, with the element of each.

    Without `colors`, the rules about them are left out. They take most of the time.
    """
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(Axe().axe_script)
    found = []
    for look in looks:
        page.emulate_media(**LOOKS[look])
        rules = COLORS_ONLY if look != "light" else {} if colors else NO_COLORS
        options = {"resultTypes": ["violations"], **rules}
        found += [
            f"{look}: {finding['impact']} {finding['id']}: {finding['help']} at {node['target']}"
            for finding in page.evaluate(RUN_AXE, [part, options])
            for node in finding["nodes"]
        ]
    return found


def list_findings_of_widths(page: Page, part: str = "html", *, has_tables: bool = False) -> list[str]:
    """Return the findings on a phone, and on a desktop in each look, and whether a phone is too narrow.

    A phone has other colors in tables only. Pass `has_tables` to have them checked.
    """
    _set_size(page, PHONE)
    looks = LOOKS if has_tables else ("light",)
    found = [f"phone: {finding}" for finding in list_findings(page, part, looks, colors=has_tables)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("phone: the page is wider than the window")
    _set_size(page, DESKTOP)
    return found + list_findings(page, part)


def thin_out(rows: Locator) -> None:
    """Remove all but the first of rows that are alike. axe takes long for each."""
    rows.evaluate_all("rows => rows.slice(5).forEach((row) => row.remove())")


def _set_size(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def test_phone_has_other_colors_in_tables_only() -> None:
    sheet = (ROOT / "functions" / "web" / "static" / "style.css").read_text(encoding="utf-8")
    by_width = re.findall(r"^@media[^{]*width[^{]*\{$(.*?)^\}", sheet, re.MULTILINE | re.DOTALL)
    assert by_width
    for selector, rules in re.findall(r"^  (\S[^{]*) \{([^}]*)\}", "".join(by_width), re.MULTILINE):
        if re.search(r"\b(color|background\S*|opacity|fill): (?!none)", rules):
            assert re.search(r"\.(exports|schedules|details)\b", selector), selector


def test_views_have_no_axe_findings(
    visit: Visits, privileged: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(privileged)
    service.wait(
        service.request_export(type="ct-csv", filters={"date_from": "2025-10-01"}, include_names=True).json[
            "id"
        ]
    )
    service.wait(service.request_export(type="ct-csv", filters={"date_from": "2090-01-01"}).json["id"])
    window = visit()
    window.open()
    page = window.page
    assert_that(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert list_findings_of_widths(page) == []

    window.sign_in(privileged, "#MG?type=mg-nhsbsp-csv&date_from=2020-01-01&age_min=x")
    page.get_by_role("button", name="Preview").click()
    assert_that(field(page, "Age from")).to_have_attribute("aria-invalid", "true")
    assert list_findings_of_widths(page) == []

    page.get_by_role("tab", name="CT").click()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("radio", name="Both").check()
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    assert list_findings_of_widths(page) == []

    check_preset_dialog(page)
    check_schedule_dialogs(page)

    page.get_by_role("link", name="Exports").click()
    wait_for(newest(page), "Failed")
    open_details(page, page.locator("#rows tr:not(.details)").last)
    page.get_by_role("search").get_by_text("Filters", exact=True).click()
    assert_that(page.get_by_label("Requested from")).to_be_visible()
    assert list_findings_of_widths(page, has_tables=True) == []
    page.get_by_label("Select all exports").check()
    page.get_by_role("button", name="Delete", exact=False).first.click()
    assert_that(page.get_by_role("dialog")).to_be_visible()
    assert list_findings_of_widths(page, OPEN_DIALOG) == []


def check_preset_dialog(page: Page) -> None:
    page.get_by_role("button", name="Save as preset").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    assert_that(page.get_by_text("Enter a name for the preset.")).to_be_visible()
    assert list_findings_of_widths(page, OPEN_DIALOG) == []
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Audit")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Edit preset").click()
    assert_that(dialog.get_by_role("heading")).to_have_text("Change “Audit”")
    assert list_findings_of_widths(page, OPEN_DIALOG) == []
    dialog.get_by_role("button", name="Cancel").click()


def check_schedule_dialogs(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Schedule …").click()
    dialog.get_by_label("Name").fill("Audit")
    dialog.get_by_label("Time", exact=True).fill("")
    dialog.get_by_role("button", name="Create schedule").click()
    assert_that(dialog.get_by_text("Enter a time in hours and minutes.")).to_be_visible()
    assert list_findings_of_widths(page, OPEN_DIALOG) == []
    dialog.get_by_label("Time", exact=True).fill("07:00")
    dialog.get_by_role("button", name="Create schedule").click()
    assert_that(page.get_by_role("button", name="Run now: Audit")).to_be_visible()
    assert list_findings_of_widths(page, has_tables=True) == []
    page.get_by_role("button", name="Edit: Audit").click()
    assert_that(dialog.locator("#schedule-coming li")).to_have_count(3)
    assert list_findings_of_widths(page, OPEN_DIALOG) == []
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="History: Audit").click()
    assert_that(page.get_by_text("It has not run yet.")).to_be_visible()
    assert list_findings_of_widths(page, OPEN_DIALOG) == []
    dialog.get_by_role("button", name="Close").click()


def test_axe_reports_a_missing_label(visit: Visits) -> None:
    window = visit()
    window.open()
    assert_that(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
    window.page.evaluate("document.querySelector('#sign-in label').remove()")
    assert any("label" in finding for finding in list_findings(window.page))
    assert any("label" in finding for finding in list_findings(window.page, looks=["light"], colors=False))


def test_axe_reports_a_color_of_one_look(visit: Visits) -> None:
    window = visit()
    window.open()
    assert_that(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
    rule = "@media (prefers-color-scheme: dark) { .hint { color: #345; } }"
    window.page.evaluate(
        "(rule) => document.styleSheets[0].insertRule(rule, document.styleSheets[0].cssRules.length)", rule
    )
    assert {finding.partition(" ")[0] for finding in list_findings(window.page)} == {"dark:"}


def press_until(page: Page, key: str, is_done: Callable[[], bool], name: str) -> None:
    """Press a key until a condition holds."""
    for _ in range(80):
        if is_done():
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} cannot be reached by {key}")


def reach(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until the element with this accessible name has the focus."""
    focused = page.locator(":focus")

    def is_reached() -> bool:
        return focused.count() == 1 and name in (focused.aria_snapshot() or "")

    press_until(page, key, is_reached, name)
    page.wait_for_timeout(10)


def test_page_works_with_keyboard_alone(visit: Visits, physicist: User, tmp_path: Path) -> None:
    window = visit()
    window.open()
    page, keys = window.page, window.page.keyboard
    assert_that(page.get_by_label("User name")).to_be_focused()
    keys.type(physicist.name)
    keys.press("Tab")
    keys.type(physicist.password)
    keys.press("Enter")
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()

    reach(page, 'tab "CT')
    keys.press("ArrowRight")
    assert_that(page.get_by_role("tab", name="DX")).to_be_focused()
    keys.press("ArrowLeft")
    reach(page, '"Study description"')
    keys.type("a")
    reach(page, 'radio "csv Table')
    keys.press("ArrowDown")
    assert_that(page.get_by_role("radio", name="Workbook")).to_be_checked()
    reach(page, 'button "Preview"')
    keys.press("Enter")
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    assert_that(page.get_by_role("button", name="Preview")).to_be_focused()
    reach(page, 'button "Export to xlsx"')
    keys.press("Enter")
    assert_that(page.get_by_role("heading", name="Exports")).to_be_focused()

    wait_for(newest(page), "Completed")
    reach(page, 'button "Download"')
    with page.expect_download() as started:
        keys.press("Enter")
    started.value.save_as(tmp_path / "file.xlsx")
    reach(page, 'button "Details"')
    keys.press("Enter")
    assert_that(page.get_by_text("SHA-256")).to_be_visible()
    reach(page, 'button "Delete"')
    keys.press("Enter")
    assert_that(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()
    assert_that(page.get_by_role("heading", name="Exports")).to_be_focused()


def test_export_is_reached_in_a_few_keys(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-25")
    keys = page.keyboard
    page.reload()
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()
    for _ in range(2):
        keys.press("Tab")
    assert_that(page.get_by_role("button", name="Skip to export")).to_be_focused()
    assert_that(page.get_by_role("button", name="Skip to export")).to_be_in_viewport()
    keys.press("Enter")
    assert_that(page.get_by_role("button", name="Export to csv")).to_be_focused()


def test_control_enter_exports(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-25")
    field(page, "Station").press("Control+Enter")
    assert_that(page.get_by_role("heading", name="Exports")).to_be_focused()
    wait_for(newest(page), "Completed")


def test_small_phone_shows_whole_dates(visit: Visits, physicist: User) -> None:
    page = visit(size=(320, 640)).sign_in(physicist, "#CT?date_from=2025-10-25")
    for end in ("from", "to"):
        place = field(page, f"Study date {end}").bounding_box()
        assert place is not None
        assert place["width"] >= 150
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# Chromium's measure of layout shifts, without those that a click causes.
MEASURE_SHIFT = """
globalThis.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


def test_forced_colors_show_what_is_chosen_and_how_much(visit: Visits, physicist: User) -> None:
    """A user's own few colors replace all backgrounds, and make transparent borders visible."""
    page = visit(forced_colors=True).sign_in(physicist, "#CT?date_from=2025-09-01")
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()

    def look(selector: str) -> list[object]:
        return page.locator(selector).evaluate_all(f"all => all.map({COLORS})")

    for chosen, other in (
        ("nav a[aria-current]", "nav a:not([aria-current], [hidden])"),
        (".tabs [aria-selected=true]", ".tabs [aria-selected=false]"),
        (".type:has(:checked)", ".type:not(:has(:checked))"),
    ):
        assert look(chosen)[0] not in look(other), chosen
    bars = page.locator(".protocols progress")
    assert bars.first.screenshot() != bars.last.screenshot()


# The colors that say whether something is chosen. A border counts only if it is drawn.
COLORS = """(element) => {
  const style = getComputedStyle(element);
  const side = (name) => parseFloat(style[`border${name}Width`]) ? style[`border${name}Color`] : "none";
  const outline = style.outlineStyle === "none" ? "none" : style.outlineColor;
  return JSON.stringify([style.backgroundColor, side("Top"), side("Bottom"), side("Left"), outline]);
}"""


def test_views_fit_window_width(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    terms = {
        "name": "W" * 80,
        "type": "ct-csv",
        "expression": "rate(7 days)",
        "window": "last_financial_year",
    }
    assert service.call("POST", "/schedules", terms).status == 201
    page = visit().sign_in(physicist)
    for path in ("#CT", "#MG?type=mg-nhsbsp-csv&study_description=" + "long" * 40, "#exports", "#schedules"):
        page.evaluate("(path) => { location.hash = path; }", path)
        page.wait_for_timeout(300)
        for size in (DESKTOP, (1024, 768), (900, 700), PHONE):
            _set_size(page, size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, size)


def answer_late(route: Route) -> None:
    """Answer so late that nothing counts as the consequence of a click."""
    answer = route.fetch()
    time.sleep(0.6)
    route.fulfill(response=answer)


def test_layout_stays_still_while_export_runs(visit: Visits, physicist: User, database_held: Hold) -> None:
    window = visit()
    window.page.add_init_script(MEASURE_SHIFT)
    window.page.route("**/exports", answer_late)
    page = window.sign_in(physicist, "#CT?date_from=2025-06-01")
    with database_held():
        start(page)
        wait_for(newest(page), "Running")
    wait_for(newest(page), "Completed")
    # Below 0.1 a page counts as stable. The number of running exports in the navigation causes 0.0003.
    assert page.evaluate("shift") < 0.0005
