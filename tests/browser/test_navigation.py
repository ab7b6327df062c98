"""The links to the views, which are all in sight on a small phone."""

from collections.abc import Callable

import pytest
from local.stack.users import ADMIN, User
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import PHONE, Visits

WIDTHS = (320, 360, PHONE[0], 1024)
FITS = """() => {
  const navigation = document.querySelector("nav");
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = navigation;
  return scrollWidth <= clientWidth && scrollHeight <= clientHeight;
}"""
SHOW_BADGE = """() => {
  const badge = document.getElementById("active");
  badge.textContent = "5";
  badge.hidden = false;
}"""


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    """Create an administrator, who has a link more than other users."""
    return make_user("a-long-administrators-name", ADMIN)


def test_links_to_all_views_are_in_sight(visit: Visits, admin: User) -> None:
    page = visit().sign_in(admin)
    page.evaluate(SHOW_BADGE)
    links = page.locator("nav a")
    assert_that(links).to_have_count(5)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        boxes = [box for link in links.all() if (box := link.bounding_box())]
        assert len(boxes) == 5
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), (width, boxes)
        assert page.evaluate(FITS), width
        # A narrower window may put the last one below the others.
        assert len({box["y"] for box in boxes}) == 1 or width < PHONE[0], (width, boxes)
