"""Steps that users take on the page, and the elements they look for."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.stack.service import Service
from local.stack.stack import Stack
from playwright.sync_api import Download, Locator, Page, Route
from playwright.sync_api import expect as assert_that

from tests.journey.backstage import until

FEBRUARY = "#CT?date_from=2020-02-01&date_to=2020-02-29"


def start(page: Page, name: str = "Export to") -> None:
    """Press the Export button and wait for the exports table."""
    page.get_by_role("button", name=name).click()
    page.get_by_role("heading", name="Exports").wait_for()


def field(page: Page, label: str) -> Locator:
    """Return a field of the form: a filter, or an option of the file type."""
    return page.locator("#filters, #type-fields").get_by_label(re.compile(rf"^{re.escape(label)}(, | \(|$)"))


def rows(page: Page) -> Locator:
    """Return the rows of the exports table."""
    return page.locator("#rows tr:not(.details)")


def newest(page: Page) -> Locator:
    """Return the row of the newest export."""
    return rows(page).first


def wait_for(row: Locator, state: str) -> None:
    """Wait until a row shows a state."""
    assert_that(row.locator(".state")).to_have_text(state, timeout=60_000)


def download(page: Page, row: Locator, folder: Path) -> Path:
    """Press Download and save the file under its suggested name."""
    with page.expect_download() as started:
        row.get_by_role("button", name="Download").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def open_details(page: Page, row: Locator) -> Locator:
    """Open the details of a row and return them."""
    button = row.get_by_role("button", name="Details")
    button.click()
    return page.locator(f"#{button.get_attribute('aria-controls')}")


def copy_rows(stack: Stack, export_id: str, number: int) -> list[str]:
    """Copy an export that has ended, and return the ids of the copies. Each is older than the one before."""
    client, table = stack.cloud.client("dynamodb"), stack.resource("ExportsTable")
    row = client.get_item(TableName=table, Key={"pk": {"S": f"EXPORT#{export_id}"}})["Item"]
    copies = [f"{export_id[:-4]}{index:04}" for index in range(number)]
    for index, copied in enumerate(copies):
        older = {"id": {"S": copied}, "pk": {"S": f"EXPORT#{copied}"}, "created_at": _earlier(row, index)}
        client.put_item(TableName=table, Item={**row, **older})
    return copies


def _earlier(row: dict[str, dict[str, str]], seconds: int) -> dict[str, str]:
    created_at = datetime.fromisoformat(row["created_at"]["S"]) - timedelta(seconds=seconds + 1)
    return {"S": f"{created_at:%Y-%m-%dT%H:%M:%S.000Z}"}


def show_tab(page: Page, *, hidden: bool) -> None:
    """Hide the tab, or show it again."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def let_refreshes_pass(page: Page, is_seen: Callable[[], bool]) -> None:
    """Move the tab's clock from refresh to refresh of a hidden tab until what they bring is seen."""

    def look_after_refresh() -> bool:
        page.clock.fast_forward("00:15")
        return is_seen()

    until(look_after_refresh, seconds=60)


def count_events(page: Page, events: list[Download]) -> int:
    """Let the browser tell its events, and count them."""
    page.evaluate("() => null")
    return len(events)


def hold_requests(page: Page, url: str | re.Pattern[str], method: str = "", most: int = 1000) -> list[Route]:
    """Hold the next requests to an address, at most so many, of one method if it is given. Return them."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if method in {"", route.request.method} and len(held) < most:
            held.append(route)
        else:
            route.continue_()

    page.route(url, hold)
    return held


def wait_for_request(page: Page, held: list[Route]) -> None:
    """Wait until a request is held."""
    until(lambda: page.evaluate("1") and held != [])


def let_answers_be_read(page: Page) -> None:
    """Let the page do what it does with the answers that it has."""
    page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")


@contextmanager
def paused_worker(stack: Stack, service: Service, **request: object) -> Iterator[Any]:
    """Request a long export and suspend its worker. The block must be shorter than a lease (120 s)."""
    export = service.request_export(**request).json
    until(lambda: _is_running(service.get(export["id"])), seconds=60)
    processes = stack.workers("RunExport")
    try:
        _signal(processes, signal.SIGSTOP)
        yield export
    finally:
        _signal(processes, signal.SIGCONT)


def _is_running(export: Any) -> bool:
    assert export["state"] in {"QUEUED", "RUNNING"}, f"the export ended before it was seen running: {export}"
    return bool(export["studies_done"])


def _signal(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
