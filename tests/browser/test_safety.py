"""Text from the dose database is shown as text only. The page loads nothing from other addresses."""

import re

from local.stack.stack import Stack
from local.stack.users import User
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import FORMULA, MARKUP, Visits
from tests.browser.steps import FEBRUARY, field, newest, start, wait_for


def test_preview_shows_markup_and_formulas_as_text(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, FEBRUARY)
    page.get_by_role("button", name="Preview").click()
    for protocol in (MARKUP, FORMULA):
        assert_that(page.get_by_role("rowheader", name=protocol, exact=True)).to_have_text(protocol)
    assert_that(page.locator("main img")).to_have_count(0)


def test_filter_with_markup_is_shown_as_text(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, FEBRUARY)
    field(page, "Acquisition protocol").fill(MARKUP)
    assert_that(page.get_by_role("listitem").last).to_contain_text(
        f"Acquisition protocol contains “{MARKUP}”"
    )
    start(page)
    wait_for(newest(page), "Completed")
    assert_that(newest(page)).to_contain_text(MARKUP)
    assert_that(page.locator("main img")).to_have_count(0)


def test_policy_forbids_inline_code_and_page_has_none(visit: Visits, stack: Stack) -> None:
    window = visit()
    answer = window.page.goto(window.address)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    content = answer.text()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", content)
    assert not re.search(r"(src|href)=[\"'](https?:)?//", content)


def test_visit_records_policy_violation(visit: Visits) -> None:
    """The fixture `visit` must detect a violation."""
    window = visit()
    window.open()
    assert_that(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
    window.page.evaluate(
        "document.body.append(Object.assign(new Image(), {src: 'data:image/gif;base64,R0lG'}))"
    )
    window.page.wait_for_timeout(300)
    assert [trouble.split()[0] for trouble in window.problems] == ["policy:"]
    window.problems.clear()
