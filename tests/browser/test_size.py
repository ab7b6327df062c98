"""The number of bytes to load before the first view."""

from collections.abc import Iterator
from contextlib import contextmanager

from local.stack.users import User
from playwright.sync_api import Page
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import Visits

BYTES, REQUESTS = 60_000, 12
"""What the first view may take, for a person who has not been here before."""
FORM_BYTES = 75_000
"""The same with signing in, the catalogue, the form and its first preview."""


@contextmanager
def record_sizes(page: Page) -> Iterator[list[int]]:
    """Record the bytes of every response as transferred, headers included."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    yield sizes


def test_first_view_is_small(visit: Visits) -> None:
    window = visit(alone=True)
    with record_sizes(window.page) as sizes:
        window.open()
        assert_that(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
        window.page.wait_for_load_state("networkidle")
    assert 3 < len(sizes) <= REQUESTS
    assert sum(sizes) < BYTES


def test_form_is_small(visit: Visits, physicist: User) -> None:
    window = visit(alone=True)
    with record_sizes(window.page) as sizes:
        window.open()
        window.enter_password(physicist)
        assert_that(window.page.get_by_role("tab", name="CT")).to_be_visible()
        window.page.wait_for_load_state("networkidle")
    assert sum(sizes) < FORM_BYTES
