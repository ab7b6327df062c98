"""The options of COPY … TO STDOUT for each kind of file: NULL and '' are both an empty cell."""

from __future__ import annotations

CSV = "FORMAT csv"
TEXT = "FORMAT text, NULL ''"
