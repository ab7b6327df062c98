"""Measure a process from outside: wall, CPU, peak memory, and the CPU time of PostgreSQL's backends."""

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
TIMEOUT = 30


class BenchmarkError(RuntimeError):
    """A command failed, or two files that must be equal differ."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished process: seconds of wall, CPU and PostgreSQL's backends, and peak memory in MB."""

    wall: float
    cpu: float
    server: float
    memory: float


class Backends:
    """The CPU time of a server's backends, which the kernel adds to the postmaster's when they end.

    This works only on Linux, with the server on the same machine.
    """

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        row = self._connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        self._stat = Path("/proc", row[0].split("\n", 1)[0], "stat")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def cpu(self) -> float:
        """Wait until only this connection's backend is left. Return the seconds of all that have ended."""
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type IN (%s, %s) AND pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + TIMEOUT
        while self._connection.execute(others, ("client backend", "parallel worker")).fetchone()[0]:
            if time.monotonic() > deadline:
                raise BenchmarkError("Another client is using the server.")
            time.sleep(0.005)
        fields = self._stat.read_text().rpartition(")")[2].split()
        return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def measure(command: list[str], backends: Backends, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command with this Python until it ends. Raise BenchmarkError if it fails."""
    before = backends.cpu()
    arguments = [sys.executable, "-I", "-S", str(LAUNCH), sys.executable, *command]
    # An installed program has bytecode, which the environment of this machine might disable.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    result = subprocess.run(
        arguments, env=inherited | (environment or {}), stdout=subprocess.PIPE, check=True
    )
    wall, cpu, memory, status = json.loads(result.stdout)
    if status:
        raise BenchmarkError(f"{' '.join(command[:4])} failed")
    return Run(wall, cpu, backends.cpu() - before, memory / 1024)
