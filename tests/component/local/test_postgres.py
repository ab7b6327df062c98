"""The temporary server is closed to others and leaves nothing behind."""

import gzip
import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from local.sample.postgres import Postgres, PostgresError

REPOSITORY = Path(__file__).resolve().parents[3]
HOLDER = """
import signal, sys, time
from pathlib import Path
from local.sample.postgres import Postgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
server = Postgres(Path(sys.argv[1]))
print(server.url(), flush=True)
time.sleep(600)
"""
DUMP = b"""
CREATE TABLE note (id integer, text text);
COPY note (id, text) FROM stdin;
1\tCOPY note (id, text) FROM stdin;
2\ta\\tb\\\\.
\\.
CREATE INDEX note_id ON note (id);
"""


def one(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def refuses(url):
    try:
        with psycopg.connect(url, connect_timeout=5):
            return False
    except psycopg.OperationalError:
        return True


def eventually(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_postgres_listens_on_loopback_only(postgres):
    assert one(postgres.url(), "SHOW listen_addresses") == "127.0.0.1"
    assert not one(postgres.url(), "SHOW unix_socket_directories")
    assert refuses(postgres.url().replace("127.0.0.1", "127.0.0.2"))


@pytest.mark.parametrize("password", ["wrong", ""])
def test_postgres_needs_the_password(postgres, password):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://openrem:{password}@127.0.0.1:{postgres.port}/postgres")


def test_postgres_does_not_run_as_root(postgres):
    data = Path(one(postgres.url(), "SHOW data_directory"))
    assert data.stat().st_uid != 0


def test_postgres_stop_ends_server_and_removes_its_files(state):
    with Postgres(state) as server:
        data = Path(one(server.url(), "SHOW data_directory"))
        url = server.url()
        with psycopg.connect(url):  # a client that never leaves does not hold it up
            server.stop()
    assert refuses(url)
    assert not data.parent.exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_postgres_ends_however_its_process_ends(state, how):
    command = [sys.executable, "-c", HOLDER, str(state)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        url = holder.stdout.readline().decode().strip()
        data = Path(one(url, "SHOW data_directory"))
        holder.send_signal(how)
    assert eventually(lambda: refuses(url))
    assert eventually(lambda: not data.parent.exists())


def test_postgres_that_cannot_start_says_why(state, monkeypatch):
    monkeypatch.setitem(sys.modules["local.sample.postgres"].SETTINGS, "max_connections", "none")
    with pytest.raises(PostgresError, match="max_connections"):
        Postgres(state)


def test_postgres_copies_programs_out_of_reach(state, monkeypatch):
    account = sys.modules["local.sample.postgres"].Account
    really = account.reaches
    monkeypatch.setattr(account, "reaches", lambda self, path: path.is_dir() and really(self, path))
    with Postgres(state) as server:
        assert one(server.url(), "SELECT 1") == 1
        assert (server.folder / "programs").is_dir()
    assert not server.folder.exists()


@pytest.mark.parametrize("form", ["plain", "gzipped", "stream"])
def test_postgres_load_runs_copy_blocks(postgres, make_database, tmp_path, form):
    source = {"plain": tmp_path / "a.sql", "gzipped": tmp_path / "a.sql.gz", "stream": io.BytesIO(DUMP)}[form]
    if form != "stream":
        source.write_bytes(gzip.compress(DUMP) if form == "gzipped" else DUMP)
    url = make_database()
    postgres.load(url.rpartition("/")[2], source)
    assert one(url, "SELECT array_agg(text ORDER BY id) FROM note") == [
        "COPY note (id, text) FROM stdin;",
        "a\tb\\.",
    ]


def test_postgres_load_stops_at_the_first_error(postgres, make_database):
    url = make_database()
    with pytest.raises(PostgresError, match='relation "absent" does not exist'):
        postgres.load(url.rpartition("/")[2], io.BytesIO(b"SELECT * FROM absent; CREATE TABLE later ();"))
    assert one(url, "SELECT to_regclass('later')") is None


def test_postgres_copy_of_a_database_is_separate(make_database):
    template = make_database()
    with psycopg.connect(template) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    copy = make_database(template)
    with psycopg.connect(copy) as connection:
        connection.execute("DELETE FROM kept")
    assert one(template, "SELECT count(*) FROM kept") == 1


def test_postgres_loads_a_real_openrem_dump(openrem_url):
    assert (
        one(openrem_url, "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'") > 0
    )


def test_postgres_compares_text_without_case_beyond_ascii(postgres):
    assert one(postgres.url(), "SELECT 'CENTRE MÉDICAL' ILIKE '%médical'")
