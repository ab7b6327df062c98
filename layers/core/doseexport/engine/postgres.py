"""The only psycopg: one snapshot of an OpenREM database, read through two ordered COPY streams.

Two connections share one exported snapshot (REPEATABLE READ, read only), so studies and events come
at the same time and agree. Filter values travel as session settings, never inside a COPY statement:
PostgreSQL logs the text of statements that fail or are cancelled, and values can name patients.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import IO, Any

import psycopg
from psycopg import Copy
from psycopg import sql as pgsql
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from doseexport.catalogue import Spec
from doseexport.engine.postgres_errors import explain_errors
from doseexport.engine.query import (
    HAS_STANDARD_NAMES,
    STANDARD_NAMES_ARE_ON,
    TAKEN_AT,
    Queries,
    Query,
    build_checks,
)
from doseexport.engine.survey import Counts
from doseexport.errors import unprocessable

HEEDS = 3.0
"""Seconds that a server has to heed a cancel, before the line to it is cut."""
_PREFIX = "doseexport.value_"
POSTGRES_14 = 140_000
BATCH = 50
"""Rows that are read at once."""

Connection = psycopg.Connection[Any]
_Open = tuple[ExitStack, Copy]


@dataclass(frozen=True, slots=True)
class Database:
    """Where the database is and how it is read.

    `parameters` are libpq's (or "conninfo", a connection string or URL); `time_zone` is the zone
    OpenREM wrote its times in; `name` is what the sessions are called in pg_stat_activity;
    `seconds_left` gives the statement timeout of a connection made now.
    """

    parameters: Mapping[str, Any]
    time_zone: str = "Europe/London"
    name: str = "doseexport"
    seconds_left: Callable[[], float] | None = None

    @contextlib.contextmanager
    def open_snapshot(self) -> Iterator[Snapshot]:
        """Yield a snapshot; raises ExportError or RetryableError when the database cannot serve."""
        with explain_errors(), ExitStack() as stack:
            first = stack.enter_context(self._connect())
            second = stack.enter_context(self._connect())
            yield Snapshot(first, second if _share_snapshot(first, second) else None, stack)

    def ask(self, query: Query) -> list[Any]:
        """Return the rows of one query, on a connection of its own; raises as open_snapshot does."""
        with explain_errors(), self._connect() as connection:
            connection.execute("BEGIN READ ONLY")
            return connection.execute(_bind(connection, query)).fetchall()

    def _connect(self) -> AbstractContextManager[Connection]:
        connection = psycopg.connect(
            **self.parameters,
            autocommit=True,
            connect_timeout=10,
            tcp_user_timeout=30_000,
            # A server gone without a word is noticed also while it would have nothing to say.
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
            application_name=self.name,
        )
        for name, value in self._settings():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        if connection.info.server_version >= POSTGRES_14:
            connection.execute("SET client_connection_check_interval = '1s'")
        return contextlib.closing(connection)

    def _settings(self) -> Iterable[tuple[str, str]]:
        yield "default_transaction_read_only", "on"
        yield "idle_in_transaction_session_timeout", "10min"
        yield "DateStyle", "ISO, YMD"
        yield "TimeZone", self.time_zone
        yield "client_encoding", "UTF8"
        yield "work_mem", "64MB"
        # Codes and children are looked up once an event: by index, not by reading or hashing their table.
        yield "random_page_cost", "1.1"
        yield "jit", "off"
        if self.seconds_left is not None:
            yield "statement_timeout", f"{max(1, int(self.seconds_left()))}s"


def check_url(url: str) -> None:
    """Raise RequestError unless it is a connection string or URL; never show it: it may hold a password."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise unprocessable("BAD_DATABASE_URL", "This is no PostgreSQL URL.", "--database-url") from None


def _share_snapshot(first: Connection, second: Connection) -> bool:
    first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        row = first.execute("SELECT pg_export_snapshot()").fetchone()
        second.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        second.execute(pgsql.SQL("SET TRANSACTION SNAPSHOT {}").format(row[0] if row else ""))
    except psycopg.Error:
        # A proxy or a split reader endpoint: the two connections are not of one instance.
        return _start_alone(first, second)
    return True


def _start_alone(first: Connection, second: Connection) -> bool:
    second.close()
    first.execute("ROLLBACK")
    first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    return False


class Snapshot:
    """One unchanging view of the database. Not for threads, except `cancel`.

    `second` is another connection to the same snapshot, or None where there cannot be one.
    """

    def __init__(self, first: Connection, second: Connection | None, cleanup: ExitStack) -> None:
        self._first = first
        self._second = second
        self._connections = [first] if second is None else [first, second]
        self._pool = cleanup.enter_context(ThreadPoolExecutor(2, "copy"))
        self._started: list[Future[_Open]] = []
        cleanup.callback(self._stop)
        self._events: Future[_Open] | None = None
        self._cancelled_at: float | None = None

    def taken_at(self) -> datetime:
        """Return when the transaction began that sees it, by the database's clock."""
        found: datetime = self._rows(TAKEN_AT)[0][0]
        return found

    def begin(self, queries: Queries, form: str) -> None:
        """Let PostgreSQL sort the events, which takes longest, while the rest is being counted."""
        if self._second is not None and queries.events is not None:
            self._events = self._start(self._second, queries.events, form)

    def has_standard_names(self) -> bool:
        """Tell whether OpenREM has standard names switched on here."""
        return bool(self._rows(HAS_STANDARD_NAMES)[0][0] and self._rows(STANDARD_NAMES_ARE_ON)[0][0])

    def survey(self, queries: Queries) -> Counts:
        """Return what the export will hold."""
        studies, events, widest, *widths = self._rows(queries.survey)[0]
        return Counts(studies, int(events), int(widest), dict(zip(queries.widths, widths, strict=True)))

    def count_frequencies(self, queries: Queries) -> dict[str, list[tuple[str, int]]]:
        """Return each frequency table by its title, most frequent first."""
        return {title: self._rows(query) for title, query in queries.frequencies.items()}

    def stream(self, queries: Queries, form: str) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """Return the rows of studies and of events, in order, as COPY writes them (with the line end)."""
        studies = _read(self._start(self._first, queries.studies, form))
        if queries.events is None:
            return studies, iter(())
        if self._events is not None:
            return studies, _read(self._events)
        return _spill(studies), _read(self._start(self._first, queries.events, form))

    def explain_repeats(self, spec: Spec, studies: Collection[bytes]) -> list[str]:
        """Return a message for each kind of repeated child that these studies (ids) have."""
        if not studies or not spec.checks:
            return []
        counts = self._rows(build_checks(spec, studies))[0]
        return [check.message.format(n=n) for check, n in zip(spec.checks, counts, strict=True) if n]

    def cancel(self) -> None:
        """Stop what PostgreSQL is doing for this snapshot; callable from any thread, again and again.

        A server that does not answer, or does not heed it, is hung up on: nobody waits for it.
        """
        self._cancelled_at = self._cancelled_at or time.monotonic()
        for connection in self._connections:
            try:
                connection.cancel_safe(timeout=1)
            except psycopg.Error:
                _hang_up(connection)
            if time.monotonic() - self._cancelled_at > HEEDS:
                _hang_up(connection)

    def _rows(self, query: Query) -> list[Any]:
        return self._first.execute(_bind(self._first, query)).fetchall()

    def _start(self, connection: Connection, query: Query, form: str) -> Future[_Open]:
        """Start a COPY, on a thread: it does not answer before its first rows are there."""
        statement = b"COPY (" + _bind(connection, query) + b") TO STDOUT (" + form.encode() + b")"
        self._started.append(self._pool.submit(_open, connection, statement))
        return self._started[-1]

    def _stop(self) -> None:
        """Leave no COPY behind; one that has not yet reached PostgreSQL does not hear the first cancel."""
        # Where all was read there is nothing to cancel: that takes a new line to the server, twice.
        if any(map(_is_busy, self._connections)):
            self.cancel()
        while wait(self._started, timeout=0.2).not_done:
            self.cancel()


def _is_busy(connection: Connection) -> bool:
    return connection.info.transaction_status is TransactionStatus.ACTIVE


def _hang_up(connection: Connection) -> None:
    """End every wait on a connection, on whatever thread: the other end is gone, as far as we care."""
    with (
        contextlib.suppress(psycopg.Error, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)


def _open(connection: Connection, statement: bytes) -> _Open:
    stack = ExitStack()
    return stack, stack.enter_context(connection.cursor().copy(statement))


def _read(opened: Future[_Open]) -> Iterator[bytes]:
    stack, copy = opened.result()
    with stack:
        while rows := copy.connection.wait(_read_batch(copy)):
            yield from rows


def _read_batch(copy: Copy) -> PQGen[list[bytes]]:
    """Read some rows, [] after the last: to enter psycopg for each costs as much as to read it."""
    rows: list[bytes] = []
    while len(rows) < BATCH and (row := (yield from copy._read_gen())):  # noqa: SLF001  read() enters for each
        rows.append(bytes(row))
    return rows


def _bind(connection: Connection, query: Query) -> bytes:
    numbers = count()
    for value in query.params:
        connection.execute("SELECT set_config(%s, %s, true)", (f"{_PREFIX}{next(numbers)}", value))
    parts = query.sql.split("%s")
    settings = [f"current_setting('{_PREFIX}{n}')" for n in range(len(query.params))]
    return "".join(part + setting for part, setting in zip(parts, [*settings, ""], strict=True)).encode()


def _spill(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Return the same rows, read to their end into a file first."""
    spilled = tempfile.TemporaryFile()  # noqa: SIM115  closed when the rows are forgotten
    for row in rows:
        spilled.write(len(row).to_bytes(4, "big") + row)
    spilled.seek(0)
    return _read_spilled(spilled)


def _read_spilled(spilled: IO[bytes]) -> Iterator[bytes]:
    with spilled:
        while size := spilled.read(4):
            yield spilled.read(int.from_bytes(size, "big"))
