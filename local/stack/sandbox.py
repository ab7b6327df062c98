"""Confine a function to what Lambda gives it: the runtime, its own /tmp and its memory limit.

This runs in the functions' interpreter, which does not have this project on its path. Therefore it uses the
standard library only.
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


def main() -> None:
    """Confine this process, then run the worker: sandbox.py STATE_FOLDER WORKER_SCRIPT."""
    state, worker = Path(sys.argv[1]), Path(sys.argv[2])
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    (state / "workers" / str(os.getpid())).write_text(name)
    _limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * _MEGABYTE)
    _use_private_tmp(worker.parent / "tmp")
    _use_unpacked_layers()
    _redirect_log(state / "logs" / f"{name}.log")
    faulthandler.register(signal.SIGUSR1)  # kill -USR1 logs where a function hangs
    sys.argv = [str(worker)]
    runpy.run_path(str(worker), run_name="__main__")


def _limit_memory(size: int) -> None:
    # This limits private writable memory. Some kernels refuse the limit; functions then run without it.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _use_private_tmp(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(folder)


def _use_unpacked_layers() -> None:
    """Take each layer from the folder that its only file names. See build.unpack_layer."""
    layers = os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)
    folders = [Path(layer, "unpacked-at").read_text() for layer in layers if layer]
    os.environ["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(folders)


def _redirect_log(path: Path) -> None:
    """Redirect standard error to the file, unbuffered."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.close(log)


if __name__ == "__main__":
    main()
