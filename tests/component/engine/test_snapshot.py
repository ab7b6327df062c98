"""A snapshot of a real PostgreSQL is unchanging, can be cancelled, and reveals no secrets."""

import threading
import time
from dataclasses import replace

import psycopg
import pytest

from doseexport.catalogue import Inclusions
from doseexport.engine import snapshot as snapshot_module
from doseexport.engine.copy_text import CSV
from doseexport.engine.query import Counts, Queries, Query, build_queries
from doseexport.errors import ExportError
from tests.component.engine.sessions import SECRET, SLOW, find_sessions, open_snapshot, wait_until
from tests.component.exporting import export, parse

ONE = Query("SELECT 1, 0, 0, %s", (SECRET,))
BOUND = 2.0


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


@pytest.mark.parametrize("most", [0, 1, 20_000])
def test_snapshot_streams_the_same_however_much_is_read_ahead(sample_url, monkeypatch, most):
    usual, _ = export(sample_url)
    monkeypatch.setattr(snapshot_module, "AHEAD", most)
    data, report = export(sample_url)
    assert (data, report.studies) == (usual, 400)


def test_snapshot_reads_ahead_to_its_limit_only(sample_url, monkeypatch):
    """Memory would otherwise grow with the export."""
    most, opened, open_copy = 20_000, [], snapshot_module.open_copy
    monkeypatch.setattr(snapshot_module, "AHEAD", most)
    monkeypatch.setattr(
        snapshot_module, "open_copy", lambda *given: opened.append(open_copy(*given)) or opened[-1]
    )
    queries = build_queries(parse(), Inclusions())
    with open_snapshot(sample_url) as snapshot:
        snapshot.start_longest(queries, CSV)
        studies, events = snapshot.stream(queries, CSV)
        wait_until(lambda: len(opened) == 2)
        sizes = sorted(sum(len(row) for rows in ahead for row in rows) for _, _, ahead in opened)
        longest = max(map(len, studies))
        assert sizes[0] == 0
        assert most <= sizes[1] < most + snapshot_module.BATCH * longest
        assert len(list(events)) > 400
        assert [ahead for _, _, ahead in opened] == [[], []]


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
                sum(
                    state == "active" and "md5" in query
                    for state, query in find_sessions(sample_url, "cancelled")
                )
                == slow
            )
        )
        assert SECRET not in str(find_sessions(sample_url, "cancelled"))
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
    wait_until(lambda: find_sessions(sample_url, "cancelled") == [])
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
        wait_until(lambda: any("md5" in query for _, query in find_sessions(sample_url, "ahead")))
        assert snapshot.count(queries) == Counts(1, 2, 2, {}, 2, len(SECRET))
        snapshot.cancel()


def test_snapshot_left_early_ends_what_still_runs(sample_url):
    with open_snapshot(sample_url, name="left") as snapshot:
        snapshot.start_longest(slow_queries(), CSV)
        wait_until(lambda: any("md5" in query for _, query in find_sessions(sample_url, "left")))
        began = time.monotonic()
    assert time.monotonic() - began < BOUND
    wait_until(lambda: find_sessions(sample_url, "left") == [])


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


@pytest.mark.parametrize("is_alone", [False, True])
def test_snapshot_fetches_each_of_two_queries_with_its_own_values(sample_url, is_alone, monkeypatch):
    if is_alone:
        monkeypatch.setattr(snapshot_module, "share_snapshot", lambda *_: False)
    queries = [Query("SELECT %s, pg_backend_pid(), pg_current_snapshot()::text", (name,)) for name in "ab"]
    with open_snapshot(sample_url) as snapshot:
        ((a, one, seen),), ((b, two, also_seen),) = snapshot.fetch_in_time(*queries)
    assert (a, b, one == two, seen) == ("a", "b", is_alone, also_seen)


@pytest.mark.parametrize("failing", [0, 1])
def test_snapshot_that_fetches_two_queries_ends_both_when_one_fails(sample_url, failing):
    queries = [SLOW, SLOW]
    queries[failing] = Query("SELECT 1 / (n - 1) FROM pg_sleep(0.1), generate_series(1, 1) n", ())
    began = time.monotonic()
    with pytest.raises(ExportError) as failed, open_snapshot(sample_url, name="both") as snapshot:
        snapshot.fetch_in_time(*queries)
    assert "22012" in failed.value.message
    assert time.monotonic() - began < BOUND
    wait_until(lambda: find_sessions(sample_url, "both") == [])


def test_snapshot_fetches_two_queries_at_the_same_time(sample_url):
    def fetch():
        try:
            with open_snapshot(sample_url, name="both") as snapshot:
                opened.append(snapshot)
                snapshot.fetch_in_time(SLOW, SLOW)
        except ExportError as error:
            ended.append(error.code)

    opened, ended = [], []
    thread = threading.Thread(target=fetch)
    thread.start()
    try:
        wait_until(
            lambda: (
                [state for state, query in find_sessions(sample_url, "both") if "md5" in query]
                == ["active"] * 2
            )
        )
    finally:
        for snapshot in opened:
            snapshot.cancel()
        thread.join()
    assert ended == ["QUERY_CANCELLED"]
