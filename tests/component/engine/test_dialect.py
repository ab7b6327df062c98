"""Servers of other releases, and servers that are not PostgreSQL."""

import contextlib
import socket
import struct
import threading

import psycopg
import pytest

from doseexport.engine.dialect import adapt_statement
from doseexport.engine.postgres import Database
from doseexport.errors import ExportError, RetryableError

NUMBERS = (
    "0", "0.0", "0.00000000", "100", "1000.000", "110.130", "-0.050", "0.5", "-7", "120.00000000",
    "0.000000000001", "NaN", "9999999999999999.10", "-100.0", "10", "0.10", "1e20", "1e-20",
)  # fmt: skip


@pytest.mark.parametrize(
    "template",
    [
        "SELECT trim_scale(({0})::numeric)::text",
        "SELECT trim_scale((SELECT max(trim_scale(n)) FROM unnest(ARRAY[{0}::numeric]) n))::text || ')'",
    ],
)
def test_function_for_old_servers_gives_the_same_digits(sample_url, template):
    with psycopg.connect(sample_url) as connection:
        for number in NUMBERS:
            sql = template.format(f"'{number}'")
            adapted = adapt_statement(sql, 120_000)
            assert connection.execute(adapted).fetchone() == connection.execute(sql).fetchone(), number


@contextlib.contextmanager
def serve(answer):
    """A server on loopback that lets `answer` handle each connection. Yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError):
                        client.settimeout(5)
                        answer(client)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"postgresql://reader:secret@127.0.0.1:{listener.getsockname()[1]}/openrem"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def speak_old_postgresql(client):
    """Answer as PostgreSQL 9.6 does, until the client has asked whether it is PostgreSQL."""
    if client.recv(8)[4:] == struct.pack("!i", 80877103):  # the client asks for TLS
        client.sendall(b"N")
        client.recv(8)
    client.recv(1024)
    client.sendall(message(b"R", struct.pack("!i", 0)))
    client.sendall(message(b"S", b"server_version\x009.6.24\x00"))
    client.sendall(message(b"S", b"client_encoding\x00UTF8\x00"))
    client.sendall(message(b"Z", b"I"))
    client.recv(1024)
    column = b"?column?\x00" + struct.pack("!ihihih", 0, 0, 16, 1, -1, 0)
    text = b"t"
    client.sendall(message(b"T", struct.pack("!h", 1) + column))
    client.sendall(message(b"D", struct.pack("!hi", 1, len(text)) + text))
    client.sendall(message(b"C", b"SELECT 1\x00") + message(b"Z", b"I"))
    client.recv(1024)


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def speak_mysql(client):
    client.sendall(b"\x4a\x00\x00\x00\x0a8.0.36\x00" + b"\x00" * 66)
    client.recv(1024)


def speak_http(client):
    client.recv(1024)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def connect(url, sslmode):
    with pytest.raises(ExportError) as refused:
        Database({"conninfo": f"{url}?sslmode={sslmode}"}).fetch_schema()
    assert not isinstance(refused.value, RetryableError)
    return refused.value


@pytest.mark.parametrize("sslmode", ["disable", "prefer"])
def test_server_below_postgresql_10_is_refused_by_name(sslmode):
    with serve(speak_old_postgresql) as url:
        refused = connect(url, sslmode)
    assert refused.code == "POSTGRESQL_TOO_OLD"
    assert refused.message == (
        "The database server is PostgreSQL 9.6. Dose Export needs PostgreSQL 10 or later."
    )


@pytest.mark.parametrize("sslmode", ["disable", "prefer", "verify-full"])
@pytest.mark.parametrize("answer", [speak_mysql, speak_http])
def test_server_that_is_not_postgresql_is_refused(answer, sslmode):
    with serve(answer) as url:
        refused = connect(url, sslmode)
    assert refused.code == "NOT_POSTGRESQL"
    assert refused.message == (
        "The database server is not PostgreSQL. Dose Export needs PostgreSQL 10 or later."
    )
