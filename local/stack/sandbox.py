"""Fork functions from a process that has imported boto3, and confine each to what Lambda gives it.

Most of a function's start is the import of boto3, which is in Lambda's Python, and the reading of its
descriptions of services. A function gets the runtime, its layers, its own /tmp and its memory limit.

This runs in the functions' interpreter, which does not have this project on its path. Therefore it uses the
standard library and boto3 only. local.stack.functions is the other end of its socket.
"""

import faulthandler
import gc
import json
import os
import resource
import runpy
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import botocore.loaders  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]

_MEGABYTE = 1 << 20
_LENGTH = 8
_READ = ("dynamodb", "s3", "sqs", "secretsmanager")
"""The services whose descriptions are read before a function needs them."""


def main() -> None:
    """Fork a function for each request on a socket: sandbox.py STATE_FOLDER SOCKET."""
    state, channel = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    _import_clients()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no function waits as a zombie
    while start := _receive(channel):
        request, streams = start
        if child := os.fork():
            channel.sendall(child.to_bytes(_LENGTH, "big"))
            for stream in streams:
                os.close(stream)
            continue
        channel.close()
        _adopt(request, streams)
        _run_function(state, Path(request["worker"]))
        return


def _import_clients() -> None:
    """Import what boto3 imports only when it makes a client, and read what most functions' clients need.

    The functions' own session has no keys and no region. It takes these from the environment of a function.
    """
    loader = botocore.loaders.create_loader()
    making = boto3.session.Session("none", "none", region_name="eu-west-2", botocore_session=_open(loader))
    for service in _READ:
        making.client(service)
    boto3.setup_default_session(botocore_session=_open(loader))
    gc.freeze()  # functions share the memory of what was imported


def _open(loader: botocore.loaders.Loader) -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", loader)
    return session


def _receive(channel: socket.socket) -> tuple[dict[str, str], list[int]] | None:
    """Return the next request with its streams, or None when the emulator has ended."""
    header, streams, _, _ = socket.recv_fds(channel, _LENGTH, 4)
    if not header:
        return None
    with channel.makefile("rb") as requests:
        return json.loads(requests.read(int.from_bytes(header, "big"))), streams


def _adopt(request: dict[str, str], streams: list[int]) -> None:
    """Take the environment, the folder and the streams of a new process.

    The fourth stream stays open as long as this process lives. Its end tells the emulator.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(json.loads(request["environment"]))
    os.chdir(request["folder"])
    for number, stream in enumerate(streams[:3]):
        os.dup2(stream, number)
        os.close(stream)


def _run_function(state: Path, worker: Path) -> None:
    """Confine this process, then run the worker."""
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
    """Take each layer from the folders that its only file names. See build.unpack_layer."""
    layers = os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)
    folders = [
        line for layer in layers if layer for line in Path(layer, "unpacked-at").read_text().split("\n")
    ]
    os.environ["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(folders)


def _redirect_log(path: Path) -> None:
    """Redirect standard error to the file, unbuffered."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.close(log)


if __name__ == "__main__":
    main()
