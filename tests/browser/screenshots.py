"""`make screenshots`: take the pictures in the README of the real page on the whole service.

`python -m tests.browser.screenshots FOLDER` instead takes every view in both themes and widths.
"""

import sys
from contextlib import ExitStack
from http import HTTPStatus
from itertools import product
from pathlib import Path

from local import sample
from local.sample.postgres import Postgres
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack
from playwright.sync_api import Browser, Page
from playwright.sync_api import expect as assert_that

from tests.browser import chromium
from tests.browser.steps import newest, paused_worker, wait_for

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
STUDIES = 20_000
DESKTOP, TALL, PHONE = (1280, 800), (1280, 1080), (390, 844)
REQUESTS = (
    {"type": "nm-xlsx", "filters": {"date_from": "2090-01-01"}},
    {
        "type": "mg-nhsbsp-csv",
        "filters": {"compression_thickness_min": 20},
        "options": {"whole_years": "yes"},
    },
    {"type": "dx-phe2019-study", "filters": {"institution": "hospital"}},
    {"type": "rf-csv", "filters": {"date_from": "2024-01-01", "date_to": "2024-12-31"}, "include_ids": True},
    {
        "type": "ct-csv",
        "filters": {"acquisition_protocol": "thorax", "date_from": "2025-01-01", "dlp_min": 100},
    },
)
FORM = "#CT?type=ct-xlsx&date_from=2025-01-01&acquisition_protocol=thorax&test_patients=exclude"
PICTURES = {
    # Picture in the README: view, size, dark
    "new-export.png": ("form", TALL, False),
    "exports.png": ("exports", DESKTOP, False),
    "exports-dark.png": ("exports", DESKTOP, True),
    "phone.png": ("exports", PHONE, False),
    "schedules.png": ("schedules", DESKTOP, False),
}
VIEWS = (
    "sign-in",
    "form",
    "survey",
    "exports",
    "details",
    "deletion",
    "schedules",
    "schedule-form",
    "usage",
    "no-access",
)
SCHEDULES = (
    {
        "name": "Monthly CT audit",
        "type": "ct-xlsx",
        "filters": {"station": "CT1"},
        "window": "last_month",
        "expression": "cron(0 7 1 * ? *)",
        "ends_on": "2030-12-31",
    },
    {
        "name": "Weekly repeats, mammography",
        "type": "mg-csv",
        "window": "since_last_run",
        "expression": "cron(30 6 ? * MON *)",
        "include_ids": True,
    },
    {
        "name": "Radiation safety committee",
        "type": "dx-xlsx",
        "window": "last_financial_year",
        "expression": "cron(0 7 2 APR ? *)",
        "enabled": False,
    },
)


class Photographer:
    """A browser and a user with exports in every state."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        self._browser, self._address = browser, f"{stack.url}/"
        self._user = users.create(stack, "ada.medphys", users.EXPORT, users.PATIENTS)
        self._colleague = users.create(stack, "grace.medphys", users.EXPORT)
        self._admin = users.create(stack, "admin", users.ADMIN)
        self._visitor = users.create(stack, "visitor")
        self.service = Service(stack.url, users.sign_in(stack, self._user))

    def make_exports(self) -> None:
        """Request exports of every kind, and abort one."""
        for request in REQUESTS:
            self.service.wait(self.service.request_export(**request).json["id"])
        aborted = self.service.request_export(type="ct-xlsx").json["id"]
        self.service.call("POST", f"/exports/{aborted}/abort")
        self.service.wait(aborted)

    def make_schedules(self) -> None:
        """Create a schedule of each recurrence. One of them is disabled."""
        for terms in SCHEDULES:
            created = self.service.call("POST", "/schedules", {"time_zone": "Europe/London"} | terms)
            assert created.status == HTTPStatus.CREATED, created.body

    def take(self, path: Path, view: str, size: tuple[int, int], *, dark: bool) -> None:
        """Take a picture of a view."""
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/London",
            reduced_motion="reduce",
        )
        page = context.new_page()
        getattr(self, f"_show_{view.replace('-', '_')}")(page)
        page.mouse.move(0, 0)
        page.screenshot(path=path)
        context.close()

    def _show_sign_in(self, page: Page) -> None:
        page.goto(self._address)
        assert_that(page.get_by_label("User name")).to_be_focused()

    def _sign_in(self, page: Page, path: str, user: users.User | None = None) -> None:
        page.goto(self._address + path)
        page.get_by_label("User name").fill((user or self._user).name)
        page.get_by_label("Password").fill((user or self._user).password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        assert_that(page.get_by_role("button", name="Sign out")).to_be_visible()

    def _show_no_access(self, page: Page) -> None:
        self._sign_in(page, "", self._visitor)
        assert_that(page.get_by_text("Ask the administrator")).to_be_visible()

    def _show_form(self, page: Page) -> None:
        self._sign_in(page, FORM, self._colleague)
        page.get_by_role("button", name="Preview").click()
        assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()

    def _show_survey(self, page: Page) -> None:
        self._sign_in(page, "#MG?type=mg-nhsbsp-xlsx")
        assert_that(page.get_by_label("Survey number")).to_be_visible()

    def _show_exports(self, page: Page) -> None:
        self._sign_in(page, "#exports")
        wait_for(newest(page), "Running")

    def _show_details(self, page: Page) -> None:
        self._show_exports(page)
        page.locator("#rows tr", has_text="CT table").get_by_role("button", name="Details").click()
        page.get_by_text("SHA-256").scroll_into_view_if_needed()

    def _show_schedules(self, page: Page) -> None:
        self._sign_in(page, "#schedules")
        assert_that(page.get_by_role("button", name="Run now: Monthly CT audit")).to_be_visible()

    def _show_schedule_form(self, page: Page) -> None:
        self._sign_in(page, FORM, self._colleague)
        page.get_by_role("button", name="Schedule …").click()
        assert_that(page.get_by_role("dialog")).to_be_visible()

    def _show_usage(self, page: Page) -> None:
        self._sign_in(page, "#usage", self._admin)
        assert_that(page.get_by_role("rowheader", name=self._user.name)).to_be_visible()

    def _show_deletion(self, page: Page) -> None:
        self._show_exports(page)
        for row in page.locator("#rows tr:not(.details)").all()[2:5]:
            row.get_by_role("checkbox").check()
        page.get_by_role("button", name="Delete 3").click()
        assert_that(page.get_by_role("dialog")).to_be_visible()


def main() -> None:
    """Take the pictures in the README, or every view into the given folder."""
    with ExitStack() as running:
        server = running.enter_context(Postgres())
        url = server.create_database("openrem")
        sample.fill(url, STUDIES, rf=100, mg=100, dx=100, nm=70)
        stack = running.enter_context(Stack(url))
        photographer = Photographer(running.enter_context(chromium.launch()), stack)
        photographer.make_exports()
        photographer.make_schedules()
        for path, (view, size, dark) in _list_pictures():
            path.parent.mkdir(parents=True, exist_ok=True)
            if view in {"exports", "details", "deletion"}:
                with paused_worker(stack, photographer.service, type="ct-xlsx") as export:
                    photographer.take(path, view, size, dark=dark)
                photographer.service.wait(export["id"])
                photographer.service.call("DELETE", f"/exports/{export['id']}")
            else:
                photographer.take(path, view, size, dark=dark)
            print(f"{path}  {path.stat().st_size:,} bytes")  # noqa: T201


def _list_pictures() -> list[tuple[Path, tuple[str, tuple[int, int], bool]]]:
    if len(sys.argv) == 1:
        return [(FOLDER / name, picture) for name, picture in PICTURES.items()]
    looks = product(
        VIEWS, {"desktop": DESKTOP, "phone": PHONE}.items(), {"light": False, "dark": True}.items()
    )
    return [
        (Path(sys.argv[1]) / f"{view}-{width}-{theme}.png", (view, size, dark))
        for view, (width, size), (theme, dark) in looks
    ]


if __name__ == "__main__":
    main()
