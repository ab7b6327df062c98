"""The installed chromium, driven by Playwright.

Its headless shell is preferred. It is the same engine without the windows of a browser, and takes a third of
the processor's time.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium-headless-shell", "chromium")
# Without these, chromium contacts its own servers and logs an error where the network is closed.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Pictures that stay in one process take a tenth less of the processor's time.
FAST = ("--in-process-gpu",)


class NoChromiumError(RuntimeError):
    """Chromium is not installed. The message explains how to install it."""


def find() -> str:
    """Return the path of the browser: CHROMIUM, or the first of NAMES on the PATH."""
    chosen = os.environ.get("CHROMIUM")
    for name in (chosen,) if chosen else NAMES:
        if path := shutil.which(name):
            return path
    raise NoChromiumError(
        "no chromium: run `apt-get install chromium-headless-shell`, or set CHROMIUM to its path"
    )


@contextmanager
def launch() -> Iterator[Browser]:
    """Run the browser without a window. For root, disable its sandbox, which does not work there."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=[*QUIET, *FAST, *sandbox])
        yield browser
        browser.close()
