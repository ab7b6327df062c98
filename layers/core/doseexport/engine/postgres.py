"""A PostgreSQL database of OpenREM: how to connect to it, and the settings of its sessions."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from doseexport.catalogue.schema import Schema
from doseexport.engine.dialect import POSTGRES_11, POSTGRES_14, check_server
from doseexport.engine.postgres_errors import TLS_FAILED, explain_errors, translate_error
from doseexport.engine.postgres_tls import explain_tls_failure
from doseexport.engine.query import Query
from doseexport.engine.snapshot import Connection, Snapshot
from doseexport.errors import ExportError, unprocessable

DEFAULT_PORT = 5432
# A text could be bytes: the encoding is not set yet.
IS_POSTGRESQL = "SELECT version() LIKE 'PostgreSQL %'"
CANCEL_NAMESAKES = """SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE application_name = %s AND usename = current_user AND pid <> pg_backend_pid()"""


@dataclass(frozen=True, slots=True)
class Database:
    """The database: how to connect to it and how to read it.

    `parameters` are those of libpq, or "conninfo", a connection string or URL. `time_zone` is the zone of
    the times that OpenREM stores. `name` appears in pg_stat_activity. `seconds_left` returns how many seconds
    the database may still take. It limits every statement and the wait for locks. Without it there is no
    limit.
    """

    parameters: Mapping[str, Any]
    time_zone: str = "Europe/London"
    name: str = "doseexport"
    seconds_left: Callable[[], float] | None = None

    @contextlib.contextmanager
    def open_snapshot(self, *, replaces: bool = False) -> Iterator[Snapshot]:
        """Yield a snapshot on two connections.

        With `replaces`, first cancel what other sessions of this name and user are doing. Raise ExportError,
        or RetryableError if a later attempt can succeed.
        """
        with explain_errors(), ExitStack() as stack:
            first = stack.enter_context(self._connect())
            if replaces:
                first.execute(CANCEL_NAMESAKES, (self.name,))
            second = stack.enter_context(self._connect())
            yield Snapshot(first, second, stack, self._settings, self._find_deadline())

    def fetch_schema(self) -> Schema:
        """Return what the database has. Raise the errors of open_snapshot."""
        with self._open_single_snapshot() as snapshot:
            snapshot.begin()
            return snapshot.read_schema()

    def fetch_rows(self, tables: Iterable[str], build_query: Callable[[Schema], Query]) -> list[Any]:
        """Return the rows of the query that is built for the schema. Raise the errors of open_snapshot."""
        with self._open_single_snapshot() as snapshot:
            snapshot.begin(tables)
            (rows,) = snapshot.fetch_in_time(build_query(snapshot.read_schema()))
            return rows

    @contextlib.contextmanager
    def _open_single_snapshot(self) -> Iterator[Snapshot]:
        with explain_errors(), ExitStack() as stack:
            connection = stack.enter_context(self._connect())
            yield Snapshot(connection, None, stack, self._settings, self._find_deadline())

    def _find_deadline(self) -> float | None:
        return None if self.seconds_left is None else time.monotonic() + self.seconds_left()

    @contextlib.contextmanager
    def _connect(self) -> Iterator[Connection]:
        with contextlib.closing(self._open_connection()) as connection:
            self._prepare(connection)
            yield connection

    def _open_connection(self) -> Connection:
        try:
            return psycopg.connect(
                **self.parameters,
                autocommit=True,
                connect_timeout=10,
                tcp_user_timeout=30_000,
                # Detect a server that vanished while a long query has nothing to send.
                keepalives_idle=15,
                keepalives_interval=5,
                keepalives_count=3,
                application_name=self.name,
                client_encoding="UTF8",
                # PgBouncer gives each transaction another session, without the statements of earlier ones.
                prepare_threshold=None,
            )
        except psycopg.OperationalError as error:
            raise self._explain_refusal(translate_error(error)) from None

    def _prepare(self, connection: Connection) -> None:
        release = connection.info.server_version
        (is_postgresql,) = connection.execute(IS_POSTGRESQL).fetchone() or (False,)
        check_server(release, is_postgresql=is_postgresql)

    def _explain_refusal(self, error: ExportError) -> ExportError:
        """Return the error of a connection that was not made, with its reason if that is a certificate."""
        where = conninfo_to_dict(**self.parameters)
        if error.code != TLS_FAILED or not where.get("host") or not where.get("sslrootcert"):
            return error
        host, port = str(where["host"]), int(where.get("port") or DEFAULT_PORT)
        return ExportError(TLS_FAILED, explain_tls_failure(host, port, str(where["sslrootcert"])))

    def _settings(self, release: int) -> Iterable[tuple[str, str]]:
        """Yield the settings of a transaction on a server of this release."""
        yield "idle_in_transaction_session_timeout", "10min"
        yield "DateStyle", "ISO, YMD"
        yield "TimeZone", self.time_zone
        yield "work_mem", "64MB"
        # Codes and children are looked up once per event, so prefer index scans to reading their tables.
        yield "random_page_cost", "1.1"
        if release >= POSTGRES_11:
            yield "jit", "off"
        if release >= POSTGRES_14:
            yield "client_connection_check_interval", "1s"
        if self.seconds_left is not None:
            yield "statement_timeout", f"{max(1, int(self.seconds_left()))}s"


def check_url(url: str) -> None:
    """Raise RequestError, without the URL and its password, unless `url` is one or a connection string."""
    try:
        url.encode()
        conninfo_to_dict(url)
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        raise unprocessable("BAD_DATABASE_URL", "This is not a PostgreSQL URL.", "--database-url") from None
