"""Exports through PgBouncer in transaction mode are the same, and leave nothing to other programs."""

import getpass
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.component.exporting import export

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
pytestmark = pytest.mark.skipif(not shutil.which(PROGRAM), reason="PgBouncer is not installed")


@pytest.fixture(scope="module")
def pooled_url(sample_url):
    """The URL of the sample behind a pool, which has one session for each export's two connections."""
    found = urlsplit(sample_url)
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))  # pytest's folders are for its user alone
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
* = host=127.0.0.1 port={found.port} user={found.username} password={found.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = 2
unix_socket_dir =
"""
    )
    user = ["-u", "nobody"] if getpass.getuser() == "root" else []
    folder.chmod(0o755)
    process = subprocess.Popen(
        [PROGRAM, *user, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"postgresql://{found.username}@127.0.0.1:{port}{found.path}"
    try:
        for _ in range(100):
            try:
                psycopg.connect(url).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


@pytest.mark.parametrize("kind", ["ct-csv", "rf-xlsx"])
def test_export_through_pgbouncer_is_the_same(pooled_url, sample_url, kind):
    for _ in range(3):
        data, report = export(pooled_url, type=kind)
        direct, expected = export(sample_url, type=kind)
        assert (report.studies, report.events, report.warnings) == (
            expected.studies,
            expected.events,
            expected.warnings,
        )
        assert data == direct or kind.endswith("xlsx")


def test_export_through_pgbouncer_leaves_no_settings(pooled_url):
    export(pooled_url, type="ct-csv")
    names = ("default_transaction_read_only", "TimeZone", "statement_timeout", "work_mem", "jit")
    with psycopg.connect(pooled_url, autocommit=True, prepare_threshold=None) as connection:
        for _ in range(4):
            left = connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) AND setting <> reset_val",
                [list(names)],
            ).fetchall()
            assert left == []
