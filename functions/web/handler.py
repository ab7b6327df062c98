"""Serve the files of the page: GET / and GET /{file}. No token is needed."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from doseexport.api.modules import join_modules
from doseexport.api.static import Page, WebSettings, read_files


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer 200 with the file, 304 if the caller already has it, or 404 if the page has no such file."""
    return _open_page().answer(event)


@cache
def _open_page() -> Page:
    files = join_modules(read_files(Path(__file__).parent / "static"), "app.js")
    return Page(files, WebSettings.from_environment(os.environ))
