"""The version of the software, as files and /health tell it."""

from __future__ import annotations

VERSION = "0.1.0"
