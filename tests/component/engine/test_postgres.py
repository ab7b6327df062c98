"""Sessions of a real PostgreSQL have the settings and the time that they should."""

import threading

import psycopg
import pytest

from doseexport.engine.postgres import Database
from doseexport.engine.query import Query
from doseexport.errors import ExportError
from tests.component.engine.sessions import SLOW, find_sessions, open_snapshot, wait_until

ONE = Query("SELECT 1", ())


def test_session_is_read_only(sample_url):
    with open_snapshot(
        sample_url, time_zone="Europe/Paris", name="mine", seconds_left=lambda: 77.9
    ) as snapshot:
        for connection in snapshot.connections:
            wanted = {
                "transaction_isolation": "repeatable read",
                "transaction_read_only": "on",
                "application_name": "mine",
                "TimeZone": "Europe/Paris",
                "DateStyle": "ISO, YMD",
                "statement_timeout": "77s",
                "client_encoding": "UTF8",
            }
            assert {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in wanted} == wanted
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            snapshot.connections[0].execute("CREATE TABLE x ()")


def test_snapshot_that_replaces_cancels_statements_of_its_name_only(sample_url):
    ended = {}

    def count(name):
        try:
            ended[name] = Database({"conninfo": sample_url}, name=name).fetch_rows((), lambda _: SLOW)
        except ExportError as error:
            ended[name] = error.code

    slow = [threading.Thread(target=count, args=(name,)) for name in ("mine", "another's")]
    for each in slow:
        each.start()
    wait_until(lambda: all("md5" in str(find_sessions(sample_url, name)) for name in ("mine", "another's")))
    with Database({"conninfo": sample_url}, name="mine").open_snapshot(replaces=True) as newer:
        newer.begin()
        assert newer.fetch_in_time(ONE, ONE) == [[(1,)], [(1,)]]
    slow[0].join(10)
    assert ended == {"mine": "QUERY_CANCELLED"}
    with psycopg.connect(sample_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $$another's$$"
        )
    slow[1].join(10)


def test_fetch_rows_counts_the_wait_for_locks_as_time(sample_url):
    left = iter([20.0, 20.0])  # for the deadline, and for the locks
    database = Database({"conninfo": sample_url}, seconds_left=lambda: next(left, 5.0))
    assert database.fetch_rows((), lambda _: Query("SELECT current_setting('statement_timeout')", ())) == [
        ("5s",)
    ]
