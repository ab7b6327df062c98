"""The version of this software, as files and GET /health show it."""

from __future__ import annotations

VERSION = "0.1.0"
