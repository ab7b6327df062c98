"""The machine's own chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# Without these it calls home, and where the network is closed every such call is an error in its log.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoChromiumError(RuntimeError):
    """There is no chromium; the text says how to get one."""


def find() -> str:
    """Return the path of the browser: CHROMIUM, or chromium on the PATH."""
    path = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if path is None:
        raise NoChromiumError("no chromium: `apt-get install chromium`, or name one by CHROMIUM")
    return path


@contextmanager
def launch() -> Iterator[Browser]:
    """Run the browser without a window. Its own sandbox does not work for root."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=[*QUIET, *sandbox])
        yield browser
        browser.close()
