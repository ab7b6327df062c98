"""What depends on the release of the PostgreSQL server. Statements are written for PostgreSQL 13 on."""

from __future__ import annotations

import re

from doseexport.errors import ExportError

POSTGRES_10, POSTGRES_11, POSTGRES_13, POSTGRES_14 = 100_000, 110_000, 130_000, 140_000
"""Releases as libpq numbers them."""

NOT_POSTGRESQL = (
    "NOT_POSTGRESQL",
    "The database server is not PostgreSQL. Dose Export needs PostgreSQL 10 or later.",
)

_CALL = "trim_scale("
# The fraction of a number without its last zeros, and without a point that nothing follows.
_ZEROS = r"'(\.\d*[1-9])0+$|\.0*$'"
_TOKEN = re.compile(r"'(?:[^']|'')*'|[()]")


def check_server(release: int, *, is_postgresql: bool) -> None:
    """Raise ExportError unless the server is PostgreSQL 10 or later."""
    if not is_postgresql:
        raise ExportError(*NOT_POSTGRESQL)
    if release < POSTGRES_10:
        name = f"{release // 10_000}.{release // 100 % 100}"
        raise ExportError(
            "POSTGRESQL_TOO_OLD",
            f"The database server is PostgreSQL {name}. Dose Export needs PostgreSQL 10 or later.",
        )


def adapt_statement(sql: str, release: int) -> str:
    """Return a statement without functions that the release lacks: trim_scale came with PostgreSQL 13.

    The replacement gives the same digits, as a text.
    """
    if release >= POSTGRES_13:
        return sql
    while (start := sql.rfind(_CALL)) >= 0:  # the last call contains no other
        end = _find_end(sql, start + len(_CALL))
        number = sql[start + len(_CALL) : end]
        sql = f"{sql[:start]}regexp_replace(({number})::text, {_ZEROS}, '\\1'){sql[end + 1 :]}"
    return sql


def _find_end(sql: str, start: int) -> int:
    """Return the position of the parenthesis that closes the one before `start`."""
    depth = 1
    for token in _TOKEN.finditer(sql, start):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if not depth:
            return token.start()
    raise ValueError("the statement has no such parenthesis")
