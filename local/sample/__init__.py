"""A synthetic OpenREM database, made in SQL and the same every time."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def fill(url: str, studies: int) -> None:
    """Fill the empty database at `url` with that many CT studies and some of other modalities."""
    raise NotImplementedError(url, studies)
