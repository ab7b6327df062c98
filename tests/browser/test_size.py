"""How much there is to load before somebody sees something."""

from collections.abc import Iterator
from contextlib import contextmanager

from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that
from tests.browser.conftest import Visits

LIMIT = 100_000


@contextmanager
def weighed(page: Page) -> Iterator[list[int]]:
    """Bytes as they came over the wire, headers included."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    yield sizes


def test_the_first_view_is_small(visit: Visits) -> None:
    window = visit()
    with weighed(window.page) as sizes:
        window.open()
        assert_that(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
        window.page.wait_for_load_state("networkidle")
    assert len(sizes) > 10
    assert sum(sizes) < LIMIT


def test_the_form_is_small_too(visit: Visits, physicist: User) -> None:
    window = visit()
    with weighed(window.page) as sizes:
        window.sign_in(physicist)
        assert_that(window.page.get_by_role("tab", name="CT")).to_be_visible()
        window.page.wait_for_load_state("networkidle")
    assert sum(sizes) < LIMIT
