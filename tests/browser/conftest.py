"""Fixtures for tests of the page in a real browser against the whole service on this machine."""

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

# Enough studies to observe a running export, and few enough to create them quickly.
MANY_STUDIES = 20_000
# DICOM headers can contain such values. The page must show them as text only.
MARKUP = "<img src=x onerror=alert(1)>"
FORMULA = "=1+1"
# While this table is locked, no export gets past its first query.
FIRST_TABLE = "remapp_generalstudymoduleattr"
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (violation) => {
  reportViolation(`${violation.violatedDirective} ${violation.blockedURI}`);
});
"""
# Store tokens of Cognito as session.js does.
STORE_TOKENS = """
({ AccessToken: access, ExpiresIn: seconds, RefreshToken: refresh }) => {
  const generation = localStorage.getItem("doseexport.generation") ?? "";
  const tokens = { access, expires: Date.now() + seconds * 1000, refresh, generation };
  sessionStorage.setItem("doseexport.tokens", JSON.stringify(tokens));
}
"""
DESKTOP, PHONE = (1440, 900), (390, 844)

assert_that.set_options(timeout=20_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run chromium. Skip the test if it is not installed."""
    try:
        chromium.find()
    except chromium.NoChromiumError as missing:
        pytest.skip(str(missing))
    with chromium.launch() as running:
        yield running


@pytest.fixture(scope="session")
def database_url(postgres: Postgres) -> str:
    """Create a database of many CT studies. Protocols of February 2020 look like markup or a formula."""
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
    """Run the whole service on the database."""
    with Stack(database_url) as running:
        yield running


@pytest.fixture(scope="session")
def make_user(stack: Stack) -> Callable[..., users.User]:
    """Return a function that creates a user with a unique name: `make_user("ada", users.EXPORT)`."""
    numbers = iter(range(10_000))

    def make(name: str, *groups: str) -> users.User:
        return users.create(stack, f"{name}{next(numbers)}", *groups)

    return make


@pytest.fixture
def physicist(make_user: Callable[..., users.User]) -> users.User:
    """Create an export user without exports."""
    return make_user("physicist", users.EXPORT)


@pytest.fixture
def privileged(make_user: Callable[..., users.User]) -> users.User:
    """Create an export user who may also export names and IDs of patients."""
    return make_user("privileged", users.EXPORT, users.PATIENTS)


@pytest.fixture
def as_service(stack: Stack) -> Callable[[users.User], Service]:
    """Return a function that gives an API client signed in as a user."""
    return lambda user: Service(stack.url, users.sign_in(stack, user))


@dataclass(frozen=True)
class Visit:
    """The page in a separate window, the problems found in it, and the other addresses it may request."""

    page: Page
    address: str
    stack: Stack
    problems: list[str]
    allowed: list[str]

    def open(self, path: str = "") -> None:
        self.page.goto(self.address + path)

    def open_tab(self, path: str = "") -> "Visit":
        """Open another tab of the same browser."""
        tab = _watch(
            Visit(self.page.context.new_page(), self.address, self.stack, self.problems, self.allowed)
        )
        tab.open(path)
        return tab

    def sign_in(self, user: users.User, path: str = "") -> Page:
        """Open the page in a tab whose user has signed in already, and wait for the first view.

        It has the tokens that enter_password() would leave there.
        """
        self.open("icon.svg")
        self.page.evaluate(STORE_TOKENS, users.request_tokens(self.stack, user))
        self.open(path)
        # An assertion would describe the whole page each time that it does not hold yet.
        self.page.locator("#sign-out").wait_for()
        self.page.locator("#loading").wait_for(state="hidden")
        return self.page

    def enter_password(self, user: users.User) -> None:
        self.page.get_by_label("User name").fill(user.name)
        self.page.get_by_label("Password").fill(user.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()


Visits = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visits]:
    """Return a function that opens windows: `visit(dark=True, size=PHONE)`.

    After every test, fail if a window had a script error or a violation of the security policy.
    """
    visits: list[Visit] = []
    with ExitStack() as windows:

        def make(
            *, size: tuple[int, int] = DESKTOP, dark: bool = False, forced_colors: bool = False
        ) -> Visit:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if dark else "light",
                forced_colors="active" if forced_colors else "none",
                locale="en-GB",
                timezone_id="Europe/London",
                reduced_motion="reduce",
            )
            windows.callback(context.close)
            first = Visit(context.new_page(), f"{stack.url}/", stack, [], [stack.cloud.endpoint, "data:"])
            visits.append(_watch(first))
            return visits[-1]

        yield make
        problems = [problem for each in visits for problem in each.problems]
    assert problems == []


def _watch(visit: Visit) -> Visit:
    """Record script errors, violations of the Content-Security-Policy, and requests to other addresses."""
    page, record = visit.page, visit.problems.append
    page.on("pageerror", lambda error: record(f"error: {error}"))
    page.on("dialog", lambda dialog: record(f"dialog: {dialog.message}"))
    page.expose_function("reportViolation", lambda text: record(f"policy: {text}"))
    page.add_init_script(REPORT_VIOLATIONS)

    def check(request: Any) -> None:
        if not request.url.startswith(tuple(visit.allowed)):
            record(f"request: {request.url}")

    page.on("request", check)
    return visit


Hold = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def database_held(database_url: str) -> Hold:
    """Return a context manager that blocks every export at its first query."""

    @contextmanager
    def hold() -> Iterator[None]:
        with psycopg.connect(database_url) as connection:
            connection.execute(f"LOCK TABLE {FIRST_TABLE} IN ACCESS EXCLUSIVE MODE")
            yield

    return hold
