"""What a function sees of the machine: Lambda's runtime, its own /tmp, its memory, and nothing else.

Runs in the functions' interpreter, which does not have this project on its path: standard library only.
"""

import faulthandler
import os
import resource
import runpy
import signal
import sys
from contextlib import suppress
from pathlib import Path

_MEGABYTE = 1 << 20


class _Replies:
    """Standard output of MiniStack's worker, on which it sends one line a call.

    MiniStack waits 50 ms after a reply for a first line of log. The logs go to a file here, so each reply
    puts an empty line where it waits.
    """

    def __init__(self, log_pipe: int) -> None:
        self._log_pipe = log_pipe
        self._stdout = sys.__stdout__

    def write(self, text: str) -> None:
        assert self._stdout is not None  # noqa: S101 - for the type checker; a worker always has one
        self._stdout.write(text)
        os.write(self._log_pipe, b"\n")

    def flush(self) -> None:
        if self._stdout is not None:
            self._stdout.flush()


def main() -> None:
    """Confine this process, then become the worker: sandbox.py STATE_FOLDER WORKER_SCRIPT."""
    state, worker = Path(sys.argv[1]), Path(sys.argv[2])
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    (state / "workers" / str(os.getpid())).write_text(name)
    _limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * _MEGABYTE)
    _private_tmp(worker.parent / "tmp")
    sys.stdout = _Replies(_log_to(state / "logs" / f"{name}.log"))
    faulthandler.register(signal.SIGUSR1)  # kill -USR1 tells where a function hangs, in its log
    sys.argv = [str(worker)]
    runpy.run_path(str(worker), run_name="__main__")


def _limit_memory(size: int) -> None:
    # Private writable memory; a few kernels refuse the limit, and the functions run without it there.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _private_tmp(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(folder)


def _log_to(path: Path) -> int:
    """Send standard error to the file, as it is written; returns where it went before."""
    pipe = os.dup(2)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.close(log)
    return pipe


if __name__ == "__main__":
    main()
