"""Compress responses with gzip for callers that accept it."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any

MIN_SIZE = 512
"""Bytes below which compression gains nothing."""


def compress_response(response: Mapping[str, Any], accepted: str) -> dict[str, Any]:
    """Return a response with its body compressed, if the body is long enough and the caller accepts gzip."""
    content = response.get("body", "").encode()
    if len(content) < MIN_SIZE or not accepts_gzip(accepted):
        return dict(response)
    return {
        **response,
        "headers": {**response["headers"], "Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
        "body": base64.b64encode(gzip.compress(content, mtime=0)).decode(),
        "isBase64Encoded": True,
    }


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header names gzip, and not with weight 0 (RFC 9110, 12.5.3)."""
    for each in header.lower().split(","):
        name, _, weight = each.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight == "" or bool(weight.strip("0."))
    return False
