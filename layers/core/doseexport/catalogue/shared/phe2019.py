"""The rule for several texts in one cell of PHE's survey forms of 2019 (docs/export-rules.md §8)."""

from __future__ import annotations

from collections.abc import Iterable


def join_texts(texts: Iterable[str]) -> str:
    """Return the texts that are not empty, joined by " | "."""
    return " | ".join(filter(None, texts))
