"""One process, measured from outside: wall, CPU, peak memory, and the CPU time of the PostgreSQL it asked."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

LAUNCH = Path(__file__).with_name("launch.py")
PATIENCE = 30


class BenchmarkError(RuntimeError):
    """A command failed, or two files that have to be alike are not."""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: seconds of wall and CPU, those of PostgreSQL's backends, peak memory in MB."""

    wall: float
    cpu: float
    server: float
    memory: float


class Backends:
    """The CPU time of a server's backends: the postmaster is told of each that ends. Linux, same machine."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        row = self._connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        self._stat = Path("/proc", row[0].split("\n", 1)[0], "stat")

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def cpu(self) -> float:
        """Return the seconds of all backends that have ended, once none but our own is left."""
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type IN (%s, %s) AND pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + PATIENCE
        while self._connection.execute(others, ("client backend", "parallel worker")).fetchone()[0]:
            if time.monotonic() > deadline:
                raise BenchmarkError("somebody else uses the server")
            time.sleep(0.005)
        fields = self._stat.read_text().rpartition(")")[2].split()
        return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def measure(command: list[str], backends: Backends, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command of this Python to its end; BenchmarkError if it fails."""
    before = backends.cpu()
    arguments = [sys.executable, "-I", "-S", str(LAUNCH), sys.executable, *command]
    # Nobody compiles an installed program at each start; a machine may be set up to.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(arguments, env=inherited | (environment or {}), stdout=subprocess.PIPE, check=True)
    wall, cpu, memory, status = json.loads(done.stdout)
    if status:
        raise BenchmarkError(f"{' '.join(command[:4])} failed")
    return Run(wall, cpu, backends.cpu() - before, memory / 1024)
