"""A temporary SQLite database, for values that must be sorted but need not fit into memory."""

from __future__ import annotations

import errno
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = "database or disk is full"


def open_temporary_database(owner: object, schema: str) -> sqlite3.Connection:
    """Return a database with this schema, in a transaction. It is deleted with its owner."""
    # The empty name is a temporary file that SQLite deletes with the connection. The finalizer may run on any
    # thread.
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    weakref.finalize(owner, database.close)
    database.executescript(schema)
    database.execute("BEGIN")
    return database


@contextmanager
def explain_full_disk() -> Iterator[None]:
    """Raise the OSError of a full disk in place of SQLite's own error."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, _FULL) from error
