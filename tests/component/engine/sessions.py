"""Sessions of a real PostgreSQL, and a statement that takes long."""

import time
from contextlib import contextmanager

import psycopg

from doseexport.engine.postgres import Database
from doseexport.engine.query import Query

SECRET = "Secret^Name"
SLOW = Query("SELECT n, 0, 0, %s FROM generate_series(1, 40000000) n ORDER BY md5(n::text)", (SECRET,))


@contextmanager
def open_snapshot(url, **options):
    with Database({"conninfo": url}, **options).open_snapshot() as snapshot:
        snapshot.begin()
        yield snapshot


def find_sessions(url, name):
    """What the server says of the sessions of that name: (state, query)."""
    with psycopg.connect(url) as connection:
        query = "SELECT state, query FROM pg_stat_activity WHERE application_name = %s"
        return connection.execute(query, [name]).fetchall()


def wait_until(is_so, seconds=10.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
