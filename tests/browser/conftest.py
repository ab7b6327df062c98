"""The page in a real browser, before the whole service on this machine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from local import sample
from local.sample.postgres import Postgres
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack
from playwright.sync_api import Browser, Page
from playwright.sync_api import expect as assert_that
from tests.browser import chromium

# Enough that an export is caught in the middle, and quickly made.
MANY_STUDIES = 20_000
# What DICOM headers may hold, and what must never be more than text.
MARKUP = "<img src=x onerror=alert(1)>"
FORMULA = "=1+1"
# No export gets past its first query while this table is held.
FIRST_TABLE = "remapp_generalstudymoduleattr"
TELL_BREACHES = """
addEventListener("securitypolicyviolation", (breach) => {
  noteBreach(`${breach.violatedDirective} ${breach.blockedURI}`);
});
"""
DESKTOP, PHONE = (1440, 900), (390, 844)

assert_that.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the test skips."""
    try:
        chromium.find()
    except chromium.NoChromiumError as missing:
        pytest.skip(str(missing))
    with chromium.launch() as running:
        yield running


@pytest.fixture(scope="session")
def database_url(postgres: Postgres) -> str:
    """Many CT studies; the protocols of February 2020 look like markup and like a formula."""
    url = postgres.create_database("browser")
    sample.fill(url, MANY_STUDIES, rf=100, mg=100, dx=100, nm=70)
    with psycopg.connect(url) as connection:
        for number, protocol in enumerate((MARKUP, FORMULA)):
            connection.execute(NAME_EVENTS, {"protocol": protocol, "number": number})
    return url


NAME_EVENTS = """
UPDATE remapp_ctirradiationeventdata SET acquisition_protocol = %(protocol)s
FROM remapp_ctradiationdose dose JOIN remapp_generalstudymoduleattr study
  ON study.id = dose.general_study_module_attributes_id
WHERE dose.id = ct_radiation_dose_id AND study.study_date BETWEEN '2020-02-01' AND '2020-02-29'
  AND study.id %% 2 = %(number)s
"""


@pytest.fixture(scope="session")
def stack(database_url: str) -> Iterator[Stack]:
    with Stack(database_url) as running:
        yield running


@pytest.fixture(scope="session")
def make_user(stack: Stack) -> Callable[..., users.User]:
    """Make a person: `make_user("ada", users.EXPORT)`; names differ by themselves."""
    numbers = iter(range(10_000))

    def make(name: str, *groups: str) -> users.User:
        return users.create(stack, f"{name}{next(numbers)}", *groups)

    return make


@pytest.fixture
def physicist(make_user: Callable[..., users.User]) -> users.User:
    """Somebody who may export, without exports so far."""
    return make_user("physicist", users.EXPORT)


@pytest.fixture
def privileged(make_user: Callable[..., users.User]) -> users.User:
    """Somebody who may also have names and IDs of patients."""
    return make_user("privileged", users.EXPORT, users.PATIENTS)


@pytest.fixture
def as_service(stack: Stack) -> Callable[[users.User], Service]:
    """The API as a person's own programs call it."""
    return lambda user: Service(stack.url, users.sign_in(stack, user))


@dataclass(frozen=True)
class Visit:
    """The page in a window of its own, what went wrong in it, and where else it may ask."""

    page: Page
    address: str
    troubles: list[str]
    elsewhere: list[str]

    def open(self, place: str = "") -> None:
        self.page.goto(self.address + place)

    def sign_in(self, user: users.User, place: str = "") -> Page:
        """Sign in and wait for the first view."""
        self.open(place)
        self.give_password(user)
        assert_that(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        assert_that(self.page.get_by_text("Loading …")).to_be_hidden()
        return self.page

    def give_password(self, user: users.User) -> None:
        self.page.get_by_label("User name").fill(user.name)
        self.page.get_by_label("Password").fill(user.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()


Visits = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visits]:
    """Open windows: `visit(dark=True, size=PHONE)`. Whatever the test is about, nothing breaks the policy."""
    visits: list[Visit] = []
    with ExitStack() as windows:

        def make(*, size: tuple[int, int] = DESKTOP, dark: bool = False) -> Visit:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if dark else "light",
                locale="en-GB",
                timezone_id="Europe/London",
                reduced_motion="reduce",
            )
            windows.callback(context.close)
            visits.append(_watch(context.new_page(), stack))
            return visits[-1]

        yield make
        troubles = [trouble for each in visits for trouble in each.troubles]
    assert troubles == []


def _watch(page: Page, stack: Stack) -> Visit:
    """Note errors of scripts, breaches of the Content-Security-Policy, and requests to anywhere else."""
    visit = Visit(page, f"{stack.url}/", [], [stack.cloud.endpoint, "data:"])
    note = visit.troubles.append
    page.on("pageerror", lambda error: note(f"error: {error}"))
    page.on("dialog", lambda dialog: note(f"dialog: {dialog.message}"))
    page.expose_function("noteBreach", lambda text: note(f"policy: {text}"))
    page.add_init_script(TELL_BREACHES)

    def look(request: Any) -> None:
        if not request.url.startswith(tuple(visit.elsewhere)):
            note(f"elsewhere: {request.url}")

    page.on("request", look)
    return visit


Hold = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def database_held(database_url: str) -> Hold:
    """Keep every export at its first query, as long as the block lasts."""

    @contextmanager
    def hold() -> Iterator[None]:
        with psycopg.connect(database_url) as connection:
            connection.execute(f"LOCK TABLE {FIRST_TABLE} IN ACCESS EXCLUSIVE MODE")
            yield

    return hold
