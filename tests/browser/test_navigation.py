"""The links to the views, which are all in sight on a small phone."""

from collections.abc import Callable

import pytest
from local.stack.users import ADMIN, User
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits

WIDTHS = (320, 360, 390, 1024)


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    """Create an administrator, who has a link more than other users."""
    return make_user("a-long-administrators-name", ADMIN)


def test_links_to_all_views_are_in_sight(visit: Visits, admin: User) -> None:
    page = visit().sign_in(admin)
    page.evaluate("""() => {
      document.getElementById("active").textContent = "5";
      document.getElementById("active").hidden = false;
    }""")
    links = page.locator("nav a")
    assert_that(links).to_have_count(5)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        boxes = [link.bounding_box() for link in links.all()]
        assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), (
            width,
            boxes,
        )
        assert page.evaluate("""() => {
          const navigation = document.querySelector("nav");
          return navigation.scrollWidth <= navigation.clientWidth
            && navigation.scrollHeight <= navigation.clientHeight;
        }"""), width
        assert {box["y"] for box in boxes if box} == {boxes[0]["y"]} or width == WIDTHS[0], (width, boxes)
