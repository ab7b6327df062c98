"""GET / and GET /{file}: the page. Needs no token, touches nothing."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from doseexport.api.static import Page, WebSettings, read_files


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer 200 with the file, 304 if the caller has it already, 404 if it is none of the page's."""
    return _open_page().answer(event)


@cache
def _open_page() -> Page:
    return Page(read_files(Path(__file__).parent / "static"), WebSettings.from_environment(os.environ))
