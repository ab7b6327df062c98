"""An unchanging state of an OpenREM database, read through two ordered COPY streams of psycopg.

Two connections share one exported snapshot (REPEATABLE READ, read only), so studies and events are read at
the same time and agree. Filter values are passed as session settings, never inside a COPY statement:
PostgreSQL logs the text of statements that fail or are cancelled, and values can identify patients.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack
from datetime import datetime
from threading import Thread
from typing import IO, Any

import psycopg
from psycopg import Copy
from psycopg import sql as pgsql
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from doseexport.catalogue import Spec
from doseexport.catalogue.schema import FEATURE_TABLES, STUDY_TABLE, Schema, read_schema
from doseexport.engine.dialect import POSTGRES_11, adapt_statement
from doseexport.engine.query import (
    STANDARD_NAMES_ARE_ON,
    TAKEN_AT,
    Counts,
    Queries,
    Query,
    build_accession_numbers,
    build_repeat_counts,
)
from doseexport.engine.study_warnings import Concerned
from doseexport.errors import ExportError

CANCEL_SECONDS = 0.6
"""Time for the server to obey a cancel request, in seconds. Then the connection is shut down."""
CANCEL_TIMEOUT = 0.5
"""Time for the server to accept a cancel request, in seconds. A frozen server accepts none."""
LOCK_TIMEOUT = "500ms"
"""How long to wait for a lock while others are held. PostgreSQL checks for deadlocks after 1 s and could end
the waiting migration. A shorter timeout ends this session's wait first."""
LOCK_PAUSE = 0.2
"""Seconds between two attempts to lock the tables. An attempt costs little, so the wait can be short."""
_PREFIX = "doseexport.value_"
BATCH = 50
"""Rows to read at once. Entering psycopg once per row would double the time."""
AHEAD = 1 << 22
"""Bytes of studies to read while PostgreSQL still sorts their events, and a processor has nothing to do."""

LOCKABLE = """SELECT namespace.nspname, class.relname
FROM pg_class class JOIN pg_namespace namespace ON namespace.oid = class.relnamespace
WHERE class.oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)
  AND class.relkind = ANY(%s::text[]) AND has_table_privilege(class.oid, 'SELECT')
ORDER BY class.relname"""
TABLES = """SELECT name, has_table_privilege(to_regclass(name), 'SELECT')
FROM unnest(%s::text[]) name WHERE to_regclass(name) IS NOT NULL"""
STORE_VALUES = """SELECT set_config(name, value, true)
FROM unnest(%s::text[], %s::text[]) given (name, value)"""
COLUMNS = """SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""
TABLES_LOCKED = (
    "Another program, such as an upgrade of OpenREM, has locked its tables. Try again when it has finished."
)

Connection = psycopg.Connection[Any]
Settings = Callable[[int], Iterable[tuple[str, str]]]
"""The function from the release of a server to the settings of a transaction."""
_Open = tuple[ExitStack, Copy, list[list[bytes]]]
"""A COPY that has begun, how to end it, and the batches of rows that were read ahead."""


class Snapshot:
    """One unchanging state of the database. Only `cancel` is safe to call from other threads.

    `begin` starts it. Rows that are fetched before are not part of it. `second` is another connection for
    the same snapshot, or None. `settings` are those of its transactions. `deadline` is when to stop waiting
    for locks, by time.monotonic().
    """

    def __init__(
        self,
        first: Connection,
        second: Connection | None,
        cleanup: ExitStack,
        settings: Settings,
        deadline: float | None = None,
    ) -> None:
        self._first = first
        self._settings = settings
        self._second = second
        self._deadline = deadline
        self.connections = [first] if second is None else [first, second]
        self._pool = cleanup.enter_context(ThreadPoolExecutor(2, "copy"))
        self._started: list[Future[Any]] = []
        cleanup.callback(self._stop)
        self._ahead: Future[_Open] | None = None
        self._counting = first
        self._cancelled_at: float | None = None

    def begin(self, tables: Iterable[str] = ()) -> None:
        """Lock the tables against rewrites on both connections, then take the snapshot.

        A snapshot that is older than a rewrite of a table (ALTER TABLE … TYPE, TRUNCATE, DROP and CREATE)
        sees that table as empty. Locks from before the snapshot keep every rewrite out.
        Tables that the schema lacks, or that the user may not read, are left to the queries that name them.
        Raise ExportError if the locks cannot be had before the deadline.
        """
        while not self._try_begin(self._build_start(tables)):
            if self._cancelled_at is not None or self._is_late():
                raise ExportError("TABLES_LOCKED", TABLES_LOCKED)
            time.sleep(LOCK_PAUSE)

    def taken_at(self) -> datetime:
        """Return when the transaction of the snapshot began, by the clock of the database."""
        found: datetime = self.fetch_rows(TAKEN_AT)[0][0]
        return found

    def read_schema(self) -> Schema:
        """Return what the database has, as the snapshot sees it."""
        tables = self._first.execute(TABLES, ([STUDY_TABLE, *sorted(FEATURE_TABLES)],)).fetchall()
        columns = self._first.execute(COLUMNS, (STUDY_TABLE,)).fetchall()
        return read_schema(dict(tables), (name for (name,) in columns))

    def start_longest(self, queries: Queries, copy_format: str) -> None:
        """Start to sort the events, or else the studies, on one connection. The other counts meanwhile.

        Studies are sorted on the first, which a file needs until its end, so that it is never idle for long.
        """
        if self._second is None:
            return
        if queries.events is not None:
            self._ahead = self._start(self._second, queries.events, copy_format)
        else:
            self._ahead = self._start(self._first, queries.studies, copy_format)
            self._counting = self._second

    def has_standard_names(self) -> bool:
        """Return whether standard names are switched on in OpenREM, which must have their settings."""
        return bool(self.fetch_rows(STANDARD_NAMES_ARE_ON)[0][0])

    def count(self, queries: Queries) -> Counts:
        """Return the counts of the export's studies and events."""
        studies, events, widest, median, widest_study, *widths = _fetch(self._counting, queries.counts)[0]
        named = dict(zip(queries.widths, widths, strict=True))
        return Counts(studies, int(events), int(widest), named, int(median), widest_study)

    def count_frequencies(self, queries: Queries) -> dict[str, list[tuple[str, int]]]:
        """Return the frequency tables by title, each with the most frequent value first."""
        return {title: _fetch(self._counting, query) for title, query in queries.frequencies.items()}

    def stream(self, queries: Queries, copy_format: str) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """Return the ordered rows of studies and of events as COPY writes them, with line ends."""
        studies = _read(self._start_studies(queries, copy_format))
        if queries.events is None:
            return studies, iter(())
        if self._ahead is not None:
            return studies, _read(self._ahead)
        return _spill(studies), _read(self._start(self._first, queries.events, copy_format))

    def stream_tables(self, queries: Queries, copy_format: str) -> Iterator[Iterator[bytes]]:
        """Yield the ordered rows of studies, of events, then of each further table, as COPY writes them.

        Each must be read completely before the next is taken. Further tables are read on the first
        connection, the first of them is sorted while the events are read, so that it is never idle for long.
        """
        yield _read(self._start_studies(queries, copy_format))
        details = [*queries.details.values()]
        if queries.events is not None and self._ahead is None:
            yield _read(self._start(self._first, queries.events, copy_format))
        elif queries.events is not None and self._ahead is not None:
            ahead = [self._start(self._first, each, copy_format) for each in details[:1]]
            yield _read(self._ahead)
            yield from map(_read, ahead)
            del details[:1]
        for each in details:
            yield _read(self._start(self._first, each, copy_format))

    def explain_repeats(self, spec: Spec, studies: Collection[bytes]) -> list[tuple[str, Concerned]]:
        """Return the messages about repeated children of these studies (ids), and what each concerns."""
        if not studies or not spec.repeat_warnings:
            return []
        found: dict[int, Concerned] = {}
        for number, study, parents in self.fetch_rows(build_repeat_counts(spec, studies)):
            found.setdefault(number, Concerned()).add(b"%d" % study, parents)
        return [(spec.repeat_warnings[number].message, concerned) for number, concerned in found.items()]

    def find_accession_numbers(self, studies: Collection[bytes]) -> dict[int, str]:
        """Return the accession numbers, as stored, of the studies with these ids."""
        return dict(self.fetch_rows(build_accession_numbers(studies))) if studies else {}

    def cancel(self) -> None:
        """Stop what PostgreSQL is doing for this snapshot, from any thread, as often as needed.

        A connection whose server does not answer, or does not obey in time, is shut down.
        """
        self._cancelled_at = self._cancelled_at or time.monotonic()
        cancels = [Thread(target=_cancel, args=(each,), daemon=True) for each in self.connections]
        for each in cancels:
            each.start()
        for each in cancels:
            each.join(CANCEL_TIMEOUT)
        if time.monotonic() - self._cancelled_at > CANCEL_SECONDS or any(map(Thread.is_alive, cancels)):
            for connection in self.connections:
                _shut_down(connection)

    def fetch_rows(self, query: Query) -> list[Any]:
        """Return the rows of a query, read in this snapshot."""
        return _fetch(self._first, query)

    def fetch_in_time(self, *queries: Query) -> list[list[Any]]:
        """Return the rows of one query or two, each with the time that is left when it starts.

        Two run at the same time if there are two connections.
        """
        if len(queries) > len(self.connections):
            return [self._fetch_in_time(self._first, each) for each in queries]
        started = [
            self._pool.submit(self._fetch_in_time, connection, query)
            for connection, query in zip(self.connections, queries, strict=False)
        ]
        self._started += started
        for each in as_completed(started):
            each.result()  # raises at once what one of them raised, however long the other takes
        return [each.result() for each in started]

    def _fetch_in_time(self, connection: Connection, query: Query) -> list[Any]:
        # Waiting for locks, or for another query, took part of the time.
        names, values = zip(*self._settings(connection.info.server_version), strict=True)
        connection.execute(STORE_VALUES, (list(names), list(values)))
        return _fetch(connection, query)

    def _build_start(self, tables: Iterable[str]) -> pgsql.Composed:
        """Return the statements that begin a transaction: its settings, and the locks of its tables.

        Settings of a session would stay with the session, which PgBouncer gives to other programs.
        """
        release = self._first.info.server_version
        settings = [
            pgsql.SQL("SET LOCAL {} = {}").format(pgsql.Identifier(name), value)
            for name, value in self._settings(release)
        ]
        return pgsql.SQL("; ").join([*settings, self._build_lock(tables)])

    def _build_lock(self, tables: Iterable[str]) -> pgsql.Composed:
        """Return the statement that locks those of the tables that exist and may be read, by name."""
        # Views can be locked from PostgreSQL 11 on.
        kinds = ["r", "p", "v"] if self._first.info.server_version >= POSTGRES_11 else ["r", "p"]
        found = self._first.execute(LOCKABLE, (sorted(tables), kinds)).fetchall()
        if not found:
            return pgsql.Composed([pgsql.SQL("SELECT")])
        names = pgsql.SQL(", ").join(pgsql.Identifier(*row) for row in found)
        return pgsql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names)

    def _try_begin(self, start: pgsql.Composed) -> bool:
        """Lock and take the snapshot. Return False, with nothing held, if another session holds a table."""
        try:
            _begin(self._first, start)
            if self._second is not None and not share_snapshot(self._first, self._second, start):
                self._second.close()
                self._second, self.connections = None, [self._first]
        except psycopg.errors.LockNotAvailable:
            for connection in self.connections:
                connection.execute("ROLLBACK")
            return False
        return True

    def _start_studies(self, queries: Queries, copy_format: str) -> Future[_Open]:
        if queries.events is None and self._ahead is not None:
            return self._ahead
        return self._start(self._first, queries.studies, copy_format, AHEAD if self._ahead else 0)

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _start(self, connection: Connection, query: Query, copy_format: str, ahead: int = 0) -> Future[_Open]:
        """Start a COPY on a thread, because it blocks until its first rows are ready.

        Read as many bytes `ahead` there.
        """
        statement = b"COPY (" + _bind(connection, query) + b") TO STDOUT (" + copy_format.encode() + b")"
        started = self._pool.submit(open_copy, connection, statement, ahead)
        self._started.append(started)
        return started

    def _stop(self) -> None:
        """Stop every statement. One that reached PostgreSQL after a cancel is cancelled again."""
        # Skip the cancel after a complete read: it opens a new connection to the server for each cancel.
        if any(map(_is_busy, self.connections)):
            self.cancel()
        while wait(self._started, timeout=0.2).not_done:
            self.cancel()


def _begin(connection: Connection, start: pgsql.Composed, snapshot: str | None = None) -> None:
    """Begin a transaction with its settings and locks.

    Use `snapshot` if it is given, else take one at the first query.
    """
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if snapshot is not None:
        connection.execute(pgsql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    connection.execute(start)
    connection.execute("SET LOCAL lock_timeout = 0")


def share_snapshot(first: Connection, second: Connection, start: pgsql.Composed) -> bool:
    """Begin on the second connection with the snapshot of the first. Return False if that is impossible.

    Behind a proxy or a reader endpoint the two connections can lead to different instances.
    """
    try:
        (snapshot,) = first.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
    except psycopg.Error:
        # The failed transaction holds no lock, so it is begun again for the first connection alone.
        first.execute("ROLLBACK")
        _begin(first, start)
        return False
    try:
        _begin(second, start, snapshot)
    except psycopg.errors.LockNotAvailable:
        raise
    except psycopg.Error:
        return False
    return True


def _cancel(connection: Connection) -> None:
    try:
        connection.cancel_safe(timeout=CANCEL_TIMEOUT)
    except psycopg.Error:
        _shut_down(connection)


def _is_busy(connection: Connection) -> bool:
    return connection.info.transaction_status is TransactionStatus.ACTIVE


def _shut_down(connection: Connection) -> None:
    """Shut down the socket of a connection, which ends every wait for it on any thread."""
    with (
        contextlib.suppress(psycopg.Error, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as connected,
    ):
        connected.shutdown(socket.SHUT_RDWR)


def open_copy(connection: Connection, statement: bytes, most: int) -> _Open:
    """Begin a COPY, and read its rows until they have `most` bytes."""
    with ExitStack() as stack:
        copy = stack.enter_context(connection.cursor().copy(statement))
        ahead: list[list[bytes]] = []
        while most > 0 and (rows := connection.wait(_read_batch(copy))):
            ahead.append(rows)
            most -= sum(map(len, rows))
        return stack.pop_all(), copy, ahead


def _read(opened: Future[_Open]) -> Iterator[bytes]:
    stack, copy, ahead = opened.result()
    with stack:
        while ahead:
            yield from ahead.pop(0)
        while rows := copy.connection.wait(_read_batch(copy)):
            yield from rows


def _read_batch(copy: Copy) -> PQGen[list[bytes]]:
    """Read up to BATCH rows. Return [] after the last."""
    rows: list[bytes] = []
    while len(rows) < BATCH and (row := (yield from copy._read_gen())):  # noqa: SLF001  read() enters once per row
        rows.append(bytes(row))
    return rows


def _fetch(connection: Connection, query: Query) -> list[Any]:
    return connection.execute(_bind(connection, query)).fetchall()


def _bind(connection: Connection, query: Query) -> bytes:
    """Return a query whose parameters are read from session settings, and store them there."""
    names = [f"{_PREFIX}{n}" for n in range(len(query.params))]
    if names:
        connection.execute(STORE_VALUES, (names, list(query.params)))
    parts = adapt_statement(query.sql, connection.info.server_version).split("%s")
    settings = [f"current_setting('{name}')" for name in names]
    return "".join(part + setting for part, setting in zip(parts, [*settings, ""], strict=True)).encode()


def _spill(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Return the same rows after reading all of them into a temporary file."""
    spilled = tempfile.TemporaryFile()  # noqa: SIM115  _read_spilled closes it
    for row in rows:
        spilled.write(len(row).to_bytes(4, "big") + row)
    spilled.seek(0)
    return _read_spilled(spilled)


def _read_spilled(spilled: IO[bytes]) -> Iterator[bytes]:
    with spilled:
        while size := spilled.read(4):
            yield spilled.read(int.from_bytes(size, "big"))
