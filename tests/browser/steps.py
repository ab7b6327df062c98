"""What people do on the page, and what they look for."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from local.stack.service import Service
from local.stack.stack import Stack
from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as assert_that
from tests.journey.backstage import until

FEBRUARY = "#CT?date_from=2020-02-01&date_to=2020-02-29"


def start(page: Page, name: str = "Export to") -> None:
    """Press the button that starts, and come to the table."""
    page.get_by_role("button", name=name).click()
    assert_that(page.get_by_role("heading", name="Exports")).to_be_visible()


def field(page: Page, label: str) -> Locator:
    """A field of the form: of the filters, or of the type of file."""
    return page.locator("#filters, #type-fields").get_by_label(re.compile(rf"^{re.escape(label)}(, | \(|$)"))


def rows(page: Page) -> Locator:
    """The exports in the table."""
    return page.locator("#rows tr:not(.details)")


def newest(page: Page) -> Locator:
    return rows(page).first


def wait_for(row: Locator, state: str) -> None:
    assert_that(row.locator(".state")).to_have_text(state, timeout=60_000)


def download(page: Page, row: Locator, folder: Path) -> Path:
    """Press Download and keep the file under the name it comes with."""
    with page.expect_download() as started:
        row.get_by_role("button", name="Download").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def open_details(page: Page, row: Locator) -> Locator:
    """Open a row and return what it tells."""
    button = row.get_by_role("button", name="Details")
    button.click()
    return page.locator(f"#{button.get_attribute('aria-controls')}")


@contextmanager
def caught_in_the_middle(stack: Stack, service: Service, **request: object) -> Iterator[Any]:
    """Ask for a long export and freeze its worker at work; a block must be shorter than a lease (60 s)."""
    asked = service.ask(**request).json
    until(lambda: _is_in_the_middle(service.get(asked["id"])), seconds=60)
    processes = stack.workers("RunExport")
    try:
        _signal(processes, signal.SIGSTOP)
        yield asked
    finally:
        _signal(processes, signal.SIGCONT)


def _is_in_the_middle(export: Any) -> bool:
    assert export["state"] in {"QUEUED", "RUNNING"}, f"it ended before it was seen at work: {export}"
    return bool(export["done"])


def _signal(processes: list[int], what: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, what)
