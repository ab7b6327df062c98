"""A session for hundreds of questions to the sample."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row


@pytest.fixture(scope="module")
def select_sample(sample_url: str) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """`select_sample(sql, *values)`: rows of the sample. While this is open, the sample cannot be copied."""
    with psycopg.connect(sample_url, autocommit=True, row_factory=dict_row) as session:
        yield lambda sql, *values: session.execute(sql, values or None).fetchall()
