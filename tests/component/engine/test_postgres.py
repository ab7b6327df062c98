"""A snapshot of a real PostgreSQL is unchanging, can be cancelled, and reveals no secrets."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from doseexport.catalogue import Inclusions
from doseexport.engine import snapshot as snapshot_module
from doseexport.engine.copy_text import CSV
from doseexport.engine.postgres import Database
from doseexport.engine.query import Counts, Queries, Query, build_queries
from doseexport.errors import ExportError
from tests.component.exporting import export, parse

SECRET = "Secret^Name"
SLOW = Query("SELECT n, 0, 0, %s FROM generate_series(1, 40000000) n ORDER BY md5(n::text)", (SECRET,))
ONE = Query("SELECT 1, 0, 0, %s", (SECRET,))
BOUND = 2.0


@contextmanager
def open_snapshot(url, **options):
    with Database({"conninfo": url}, **options).open_snapshot() as snapshot:
        snapshot.begin()
        yield snapshot


def cleanup(url, name):
    """What the server says of the sessions of that name: (state, query)."""
    with psycopg.connect(url) as connection:
        query = "SELECT state, query FROM pg_stat_activity WHERE application_name = %s"
        return connection.execute(query, [name]).fetchall()


def wait_until(is_so, seconds=10.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def small_url(make_database, small_sample_url):
    return make_database(small_sample_url)


def add_study(url):
    """One more study of today, with one more event."""
    with psycopg.connect(url, autocommit=True) as connection:
        (study,) = connection.execute(
            "INSERT INTO remapp_generalstudymoduleattr (modality_type, study_date, accession_hashed)"
            " VALUES ('CT', '2026-11-23', false) RETURNING id"
        ).fetchone()
        (dose,) = connection.execute(
            "INSERT INTO remapp_ctradiationdose (general_study_module_attributes_id)"
            " VALUES (%s) RETURNING id",
            [study],
        ).fetchone()
        connection.execute(
            "INSERT INTO remapp_ctirradiationeventdata (ct_radiation_dose_id) VALUES (%s)", [dose]
        )


@pytest.mark.parametrize("is_early", [True, False])
def test_snapshot_streams_nothing_added_after_opening(small_url, is_early):
    queries = build_queries(parse(), Inclusions())
    with open_snapshot(small_url) as snapshot:
        if is_early:
            add_study(small_url)
        snapshot.start_longest(queries, CSV)
        counted = snapshot.count(queries)
        if not is_early:
            add_study(small_url)
        studies, events = snapshot.stream(queries, CSV)
        assert len({row.split(b",")[0] for row in studies}) == counted.studies == 40
        assert len({row.split(b",")[1] for row in events}) == counted.events
    with open_snapshot(small_url) as snapshot:
        assert snapshot.count(queries).studies == 41


def test_snapshot_that_cannot_be_shared_is_read_by_one_connection(sample_url, small_url, monkeypatch):
    """As behind a proxy that sends the second connection to another server."""
    usual, _ = export(sample_url)
    connect, share = psycopg.connect, snapshot_module.share_snapshot
    urls, shared = [sample_url, small_url], []
    with monkeypatch.context() as patched:
        patched.setattr(psycopg, "connect", lambda conninfo, **options: connect(urls.pop(0), **options))
        patched.setattr(
            snapshot_module, "share_snapshot", lambda *given: shared.append(share(*given)) or shared[-1]
        )
        alone, _ = export(sample_url)
    assert alone == usual
    assert (shared, urls) == ([False], [])


def slow_queries(studies=SLOW, events=SLOW):
    return Queries(counts=ONE, widths=(), frequencies={}, studies=studies, events=events)


def drain(url, queries, note=lambda snapshot: None):
    """Read both streams to their ends."""
    with open_snapshot(url, name="cancelled") as snapshot:
        note(snapshot)
        snapshot.start_longest(queries, CSV)
        for stream in snapshot.stream(queries, CSV):
            list(stream)


@pytest.mark.parametrize("queries", [slow_queries(), slow_queries(events=ONE), slow_queries(studies=ONE)])
def test_snapshot_cancels_a_sorting_copy_within_two_seconds(postgres, sample_url, queries):
    def run():
        try:
            drain(sample_url, queries, opened.append)
        except ExportError as error:
            ended.append(error)

    opened, ended = [], []
    slow = [queries.studies, queries.events].count(SLOW)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_until(
            lambda: (
                sum(state == "active" and "md5" in query for state, query in cleanup(sample_url, "cancelled"))
                == slow
            )
        )
        assert SECRET not in str(cleanup(sample_url, "cancelled"))
        began = time.monotonic()
        opened[0].cancel()
        thread.join(BOUND)
        assert not thread.is_alive()
        assert time.monotonic() - began < BOUND
    finally:
        for snapshot in opened:
            snapshot.cancel()
        thread.join()
    assert ended[0].code == "QUERY_CANCELLED"
    assert SECRET not in ended[0].message
    wait_until(lambda: cleanup(sample_url, "cancelled") == [])
    assert "canceling statement" in postgres.read_log()
    assert SECRET not in postgres.read_log()


def test_snapshot_read_to_its_end_is_not_cancelled(sample_url, monkeypatch):
    cancelled = []
    monkeypatch.setattr(snapshot_module.Snapshot, "cancel", cancelled.append)
    drain(sample_url, slow_queries(studies=ONE, events=ONE))
    assert cancelled == []


def test_snapshot_counts_while_it_sorts_studies_without_events(sample_url):
    counts = Query("SELECT 1, 2, 2, 2, length(%s)", (SECRET,))
    queries = replace(slow_queries(events=None), counts=counts)
    with open_snapshot(sample_url, name="ahead") as snapshot:
        snapshot.start_longest(queries, CSV)
        wait_until(lambda: any("md5" in query for _, query in cleanup(sample_url, "ahead")))
        assert snapshot.count(queries) == Counts(1, 2, 2, {}, 2, len(SECRET))
        snapshot.cancel()


def test_snapshot_left_early_ends_what_still_runs(sample_url):
    with open_snapshot(sample_url, name="left") as snapshot:
        snapshot.start_longest(slow_queries(), CSV)
        wait_until(lambda: any("md5" in query for _, query in cleanup(sample_url, "left")))
        began = time.monotonic()
    assert time.monotonic() - began < BOUND
    wait_until(lambda: cleanup(sample_url, "left") == [])


def test_snapshot_left_before_a_copy_began_waits_for_no_lock(small_url):
    def leave_early():
        for _ in range(20):
            with open_snapshot(small_url) as snapshot:
                snapshot.start_longest(build_queries(parse(), Inclusions()), CSV)
        left.append(True)

    left = []
    thread = threading.Thread(target=leave_early, daemon=True)
    with psycopg.connect(small_url) as holder:
        holder.execute("LOCK remapp_ctdosecheckdetails IN ACCESS EXCLUSIVE MODE")
        thread.start()
        thread.join(30)
        assert left == [True]


def test_failed_statement_reveals_no_value(postgres, sample_url):
    broken = Query("SELECT 1, 0, 1 / (length(%s) - length(%s))", (SECRET, SECRET))
    queries = slow_queries(studies=broken, events=broken)
    with pytest.raises(ExportError) as failed:
        drain(sample_url, queries)
    assert failed.value.code == "DATABASE_ERROR"
    assert "22012" in failed.value.message
    assert failed.value.__cause__ is None
    log = postgres.read_log()
    assert "division by zero" in log
    assert SECRET not in log


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


def test_fetch_rows_replaces_statement_of_the_same_name_only(sample_url):
    ended = {}

    def count(name, **options):
        try:
            ended[name] = Database({"conninfo": sample_url}, name=name).fetch_rows(
                (), lambda _: SLOW, **options
            )
        except ExportError as error:
            ended[name] = error.code

    slow = [threading.Thread(target=count, args=(name,)) for name in ("mine", "another's")]
    for each in slow:
        each.start()
    wait_until(lambda: all("md5" in str(cleanup(sample_url, name)) for name in ("mine", "another's")))
    newer = Database({"conninfo": sample_url}, name="mine")
    assert newer.fetch_rows((), lambda _: Query("SELECT 1", ()), replaces=True) == [(1,)]
    slow[0].join(10)
    assert ended == {"mine": "QUERY_CANCELLED"}
    with psycopg.connect(sample_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $$another's$$"
        )
    slow[1].join(10)


def test_fetch_rows_counts_the_wait_for_locks_as_time(sample_url):
    left = iter([20.0, 20.0])
    database = Database({"conninfo": sample_url}, seconds_left=lambda: next(left, 5.0))
    assert database.fetch_rows((), lambda _: Query("SELECT current_setting('statement_timeout')", ())) == [
        ("5s",)
    ]
