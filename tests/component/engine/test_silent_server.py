"""A database server that stops answering without closing its connections."""

import os
import signal
import socket
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from local import sample
from local.sample.postgres import Postgres

from doseexport.domain.export import State
from doseexport.engine import snapshot
from doseexport.engine.postgres import Database
from doseexport.jobs import heartbeat
from tests.component.running import BlockedRun, assert_no_file, services_with
from tests.fakes import ADA

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
SOON = 8.0


@pytest.fixture(scope="module")
def server(state):
    """A separate server, because the test freezes it."""
    with Postgres(state) as own:
        yield own


@pytest.fixture(scope="module")
def own_url(server):
    url = server.create_database("silent")
    sample.fill(url, 40)
    return url


@pytest.fixture
def ready(services, own_url, monkeypatch):
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)
    return services_with(services, own_url)


def list_processes(server):
    """The server's main process and all its sessions."""
    main = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    children = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == main]
    return [main, *children]


def _parent(stat):
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended meanwhile
        return None


@contextmanager
def frozen(processes):
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):  # a session may have ended meanwhile
                os.kill(process, signal.SIGCONT)


def end_of(blocked, server, sessions_only):
    """How a run ends after an abort, while its server, or only its sessions, are frozen."""
    processes = list_processes(server)
    with frozen(processes[1:] if sessions_only else processes):
        blocked.services.exports.request_abort(blocked.export.id, ADA, blocked.services.clock())
        began = time.monotonic()
        assert blocked.ends_within(SOON), "it waits for a server that does not answer"
        assert time.monotonic() - began < SOON
    return blocked.end()


@pytest.mark.parametrize("sessions_only", [False, True], ids=["whole server", "its sessions"])
def test_abort_does_not_wait_for_a_silent_server(ready, server, own_url, monkeypatch, sessions_only):
    with BlockedRun(ready, own_url, monkeypatch) as blocked:
        row = end_of(blocked, server, sessions_only)
    assert row.state is State.ABORTED
    assert_no_file(ready)


def test_abort_waits_add_up_to_less_than_two_seconds():
    """The next beat, a cancel that is not accepted, one that is not obeyed, and the beat that looks again."""
    cancel = max(snapshot.CANCEL_TIMEOUT, snapshot.CANCEL_SECONDS + heartbeat.REPEATED_CANCEL)
    assert heartbeat.INTERVAL + cancel < 2


def test_lost_network_is_noticed_while_nothing_is_sent(own_url):
    """The kernel probes a server that has been silent for long."""
    with Database({"conninfo": own_url}).open_snapshot() as snapshot:
        for connection in snapshot.connections:
            with socket.socket(fileno=os.dup(connection.fileno())) as line:
                assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                idle, interval, count = (
                    line.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
                )
        assert idle + interval * count <= 60
