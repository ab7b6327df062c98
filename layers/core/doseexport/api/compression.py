"""Answers made smaller by gzip, for those who take it. Pure."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any

WORTH_PACKING = 512
"""Bytes below which packing gains nothing."""


def pack_answer(response: Mapping[str, Any], accepted: str) -> dict[str, Any]:
    """Return an answer for API Gateway with its text packed, if that is long and its reader takes gzip."""
    content = response.get("body", "").encode()
    if len(content) < WORTH_PACKING or not takes_gzip(accepted):
        return dict(response)
    return {
        **response,
        "headers": {**response["headers"], "Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
        "body": base64.b64encode(gzip.compress(content, mtime=0)).decode(),
        "isBase64Encoded": True,
    }


def takes_gzip(header: str) -> bool:
    """Tell whether gzip is among the encodings taken (RFC 9110, 12.5.3): named, and not with weight 0."""
    for each in header.lower().split(","):
        name, _, weight = each.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight == "" or bool(weight.strip("0."))
    return False
