"""The translation of PostgreSQL's errors. Only their codes are passed on, because texts can hold data."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import psycopg

from doseexport.engine.dialect import NOT_POSTGRESQL
from doseexport.engine.postgres_tls import UNKNOWN
from doseexport.errors import ExportError, RetryableError

_ILLEGIBLE = (
    "DATABASE_TEXT",
    "The database holds a text that is not valid in its character set. An administrator must correct it.",
)
_BUSY_USER = (
    "DATABASE_BUSY",
    "The database allows its user no more connections. Try again later. An export needs two connections.",
)
TLS_FAILED = "DATABASE_TLS"
"""The code of a connection that TLS refused."""
_FINAL = {
    "28": (
        "DATABASE_REFUSED",
        "The database refused the user name or password. An administrator must correct them.",
    ),
    "3D": (
        "DATABASE_MISSING",
        "The server has no database with the configured name. An administrator must correct it.",
    ),
    "42501": (
        "DATABASE_FORBIDDEN",
        (
            "The database user may not read a table of OpenREM{table}."
            " After an upgrade, an administrator must run docs/read_only_role.sql again."
        ),
    ),
    "42P01": ("SCHEMA_UNKNOWN", "A table of OpenREM 1.0 is missing in the database{table}."),
    "42703": ("SCHEMA_UNKNOWN", "A column of OpenREM is missing in the database{column}."),
    "22021": _ILLEGIBLE,
    "22P05": _ILLEGIBLE,
    "22023": (
        "DATABASE_SETTING",
        "The database server does not accept a setting of the export. It may not know the time zone.",
    ),
    "53300": _BUSY_USER,
    "57014": (
        "OUT_OF_TIME",
        "The database did not answer within the time limit of an export. Choose fewer studies.",
    ),
}
QUERY_CANCELLED = "QUERY_CANCELLED"
"""The code of a query that another session cancelled."""
TIMED_OUT = frozenset({"OUT_OF_TIME", "TABLES_LOCKED"})
"""The codes of a query that the database did not answer in time."""
_CANCELLED = (
    QUERY_CANCELLED,
    "An administrator of the database cancelled the query of this export. Try again later.",
)
_LOST = ("DATABASE_LOST", "The connection to the database was lost.")
_UNREACHABLE = ("DATABASE_UNREACHABLE", "The database cannot be reached.")
# What libpq says of a server that answers in another protocol, such as MySQL or HTTP.
_FOREIGN = ("invalid response to SSL negotiation", "expected authentication request")
_BUSY = ("starting up", "shutting down", "too many", "remaining connection slots", "recovery")
# SQLSTATE classes that can succeed later: connection, rollback, resources, operator intervention, system.
_RETRYABLE_CLASSES = ("08", "40", "53", "57", "58")


@contextlib.contextmanager
def explain_errors() -> Iterator[None]:
    """Raise ExportError instead of psycopg.Error, without its cause, whose text can hold data."""
    try:
        yield
    except psycopg.Error as error:
        raise translate_error(error) from None


def translate_error(error: psycopg.Error) -> ExportError:
    """Return the ExportError, or RetryableError, that an error of psycopg stands for."""
    state = error.sqlstate or ""
    if state == "57014" and "user request" in (error.diag.message_primary or ""):
        return ExportError(*_CANCELLED)
    for prefix, (code, message) in _FINAL.items():
        if state.startswith(prefix):
            kind = RetryableError if code == _BUSY_USER[0] else ExportError
            return kind(code, message.format(table=_find_table(error), column=_find_column(error)))
    if state.startswith(_RETRYABLE_CLASSES):
        return RetryableError(*_LOST)
    if not state and isinstance(error, psycopg.OperationalError):
        return _explain_connection(str(error))
    return ExportError("DATABASE_ERROR", f"The database reported an error (SQLSTATE {state or 'unknown'}).")


def _find_table(error: psycopg.Error) -> str:
    found = re.search(r"\bremapp_[a-z_]+", error.diag.message_primary or "")
    return f": {found[0]}" if found else ""


def _find_column(error: psycopg.Error) -> str:
    """Return the name of the missing column, which is part of our own SQL: src.pulse_rate or "pulse_rate"."""
    text = error.diag.message_primary or ""
    found = re.search(r'\b([a-z_0-9]+\.[a-z_0-9]+)\b|"([a-z_0-9]+)"', text)
    return f": {found[1] or found[2]}" if found else ""


def _explain_connection(text: str) -> ExportError:
    if any(words in text for words in _FOREIGN):
        return ExportError(*NOT_POSTGRESQL)
    if "SSL" in text or "certificate" in text:
        return ExportError(TLS_FAILED, UNKNOWN)
    if "FATAL" not in text:
        return RetryableError(*(_LOST if "lost" in text or "closed" in text else _UNREACHABLE))
    if any(words in text for words in _BUSY):
        return RetryableError(*(_BUSY_USER if "for role" in text else _UNREACHABLE))
    if "does not exist" in text and "database" in text:
        return ExportError(*_FINAL["3D"])
    return ExportError(*_FINAL["28"])
