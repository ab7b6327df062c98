"""Start the processes of functions for MiniStack. sandbox.py forks them, and this looks after them."""

import json
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SANDBOX = Path(__file__).with_name("sandbox.py")
# The emulator's own variables that functions see, besides those of AWS. The others are its settings.
_SHARED = frozenset({"PATH", "LANG", "TZ"})
_LENGTH = 8


class Function:
    """A running function, with the part of subprocess.Popen that MiniStack uses."""

    def __init__(self, pid: int, pipes: Iterable[int], end: int) -> None:
        """Take the other ends of its standard streams, and a pipe that closes when it ends."""
        self.pid = pid
        stdin, stdout, stderr = pipes
        self.stdin = os.fdopen(stdin, "w", buffering=1, encoding="utf-8")
        self.stdout = os.fdopen(stdout, encoding="utf-8")
        self.stderr = os.fdopen(stderr, encoding="utf-8")
        self._end = os.fdopen(end, "rb")

    def poll(self) -> int | None:
        """Return None while it runs. How it ended is not known."""
        return self._poll(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended. Raise TimeoutExpired after `timeout` seconds."""
        status = self._poll(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _poll(self, timeout: float | None) -> int | None:
        if not self._end.closed and select.select([self._end], [], [], timeout)[0]:
            self._end.close()
        return 0 if self._end.closed else None

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Sandbox:
    """The process from which functions are forked. It ends with this process."""

    def __init__(self, interpreter: str, state: str) -> None:
        """Start sandbox.py with the functions' interpreter and the stack's folder."""
        self._settings = {name for name in os.environ if name not in _SHARED and not name.startswith("AWS_")}
        self._lock = threading.Lock()
        self._channel, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [interpreter, "-I", str(SANDBOX), state, str(other.fileno())],
                env={name: value for name, value in os.environ.items() if name in _SHARED},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )

    def start(self, command: list[str], *, cwd: str, env: Mapping[str, str], **_options: Any) -> Function:
        """Start the worker script of a function, as subprocess.Popen would with pipes."""
        visible = {name: value for name, value in env.items() if name not in self._settings}
        request = {"worker": command[-1], "folder": cwd, "environment": json.dumps(visible)}
        stdin, stdout, stderr, end = (os.pipe() for _ in range(4))
        theirs = [stdin[0], stdout[1], stderr[1], end[1]]
        try:
            pid = self._fork(json.dumps(request).encode(), theirs)
        finally:
            for stream in theirs:
                os.close(stream)
        return Function(pid, (stdin[1], stdout[0], stderr[0]), end[0])

    def _fork(self, request: bytes, streams: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._channel, [len(request).to_bytes(_LENGTH, "big")], streams)
            self._channel.sendall(request)
            reply = self._channel.recv(_LENGTH, socket.MSG_WAITALL)
        if not reply:
            raise RuntimeError("The process that starts functions has ended. See the log of the emulator.")
        return int.from_bytes(reply, "big")

    def close(self) -> None:
        """Start no more functions."""
        self._channel.close()
        self._process.wait()

    def install(self) -> None:
        """Let MiniStack start functions here. Call this before it serves."""
        from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # noqa: PLC0415  reads settings

        lambda_runtime.subprocess = SimpleNamespace(Popen=self.start, PIPE=subprocess.PIPE)
