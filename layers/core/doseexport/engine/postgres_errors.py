"""What PostgreSQL's errors mean to the person who asked. Only codes are read on: texts can hold data."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import psycopg

from doseexport.errors import ExportError, RetryableError

_FINAL = {
    "28": (
        "DATABASE_REFUSED",
        "The database refused our user name or password; an administrator has to correct them.",
    ),
    "3D": ("DATABASE_MISSING", "There is no database of the configured name on the server."),
    "42501": ("DATABASE_FORBIDDEN", "Our database user may not read OpenREM's tables."),
    "42P01": ("SCHEMA_UNKNOWN", "A table of OpenREM 1.0 is missing in the database{table}."),
    "42703": ("SCHEMA_UNKNOWN", "A column of OpenREM 1.0 is missing in the database."),
    "57014": ("OUT_OF_TIME", "The database did not answer in the time an export has; choose fewer studies."),
}
_AGAIN = ("DATABASE_LOST", "The connection to the database was lost.")
_UNREACHABLE = ("DATABASE_UNREACHABLE", "The database cannot be reached.")
_BUSY = ("starting up", "shutting down", "too many", "remaining connection slots", "recovery")
# Classes of SQLSTATE that a second attempt can cure: connection, transaction rollback, resources, operator.
_RETRYABLE_CLASSES = ("08", "40", "53", "57", "58")


@contextlib.contextmanager
def explain_errors() -> Iterator[None]:
    """Turn psycopg's errors into ours; the original is cut off, since its text can hold data."""
    try:
        yield
    except psycopg.Error as error:
        raise explain(error) from None


def explain(error: psycopg.Error) -> ExportError:
    """Return our error for one of psycopg's."""
    state = error.sqlstate or ""
    for prefix, (code, message) in _FINAL.items():
        if state.startswith(prefix):
            return ExportError(code, message.format(table=_find_table(error)))
    if state.startswith(_RETRYABLE_CLASSES):
        return RetryableError(*_AGAIN)
    if not state and isinstance(error, psycopg.OperationalError):
        return _explain_connection(str(error))
    return ExportError("DATABASE_ERROR", f"The database reported an error (SQLSTATE {state or 'unknown'}).")


def _find_table(error: psycopg.Error) -> str:
    found = re.search(r"\bremapp_[a-z_]+", error.diag.message_primary or "")
    return f": {found[0]}" if found else ""


def _explain_connection(text: str) -> ExportError:
    if "SSL" in text or "certificate" in text:
        return ExportError(
            "DATABASE_TLS",
            "There is no trusted TLS connection to the database: certificates need attention.",
        )
    if "FATAL" not in text:
        return RetryableError(*(_AGAIN if "lost" in text or "closed" in text else _UNREACHABLE))
    if any(words in text for words in _BUSY):
        return RetryableError(*_UNREACHABLE)
    if "does not exist" in text and "database" in text:
        return ExportError(*_FINAL["3D"])
    return ExportError(*_FINAL["28"])
