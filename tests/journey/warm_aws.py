"""AWS's command line in a process that has imported it. Each command is a fork, which starts at once.

`warm_aws.py serve SOCKET` runs in the environment that has the package awscli, until its standard input ends.
`warm_aws.py run SOCKET ARGUMENTS` is the command `aws`: it lends its streams, folder and variables to a fork.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

LENGTH = 8


def serve(address: str) -> None:
    """Run commands beside each other until standard input ends."""
    from awscli.botocore import waiter  # type: ignore  # noqa: PGH003  in its venv only
    from awscli.clidriver import create_clidriver, main  # type: ignore  # noqa: PGH003
    from awscli.customizations.overridesslcommonname import SSL_COMMON_NAMES  # type: ignore  # noqa: PGH003

    create_clidriver()  # imports the plugins
    # With these names, commands of SQS would ignore AWS_ENDPOINT_URL and call AWS itself.
    SSL_COMMON_NAMES.clear()
    # `aws cloudformation wait` looks every 30 seconds. The emulator needs one.
    waiter.time = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.5)))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no command waits as a zombie
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(50)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            caller, _ = listener.accept()
            if not os.fork():
                adopt(caller)
                caller.sendall(bytes([main() & 255]))
                return
            caller.close()


def adopt(caller: socket.socket) -> None:
    """Take the caller's streams, arguments, folder and variables."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    header, streams, _, _ = socket.recv_fds(caller, LENGTH, 3)
    with caller.makefile("rb") as request:
        sys.argv, folder, variables = json.loads(request.read(int.from_bytes(header, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    folder_of_data = os.environ["AWS_DATA_PATH"]  # awscli sets it when it is imported
    os.environ.clear()
    os.environ.update(variables, AWS_DATA_PATH=folder_of_data)
    os.chdir(folder)


def run(address: str, *arguments: str) -> int:
    """Run one command and return its exit status."""
    request = json.dumps([["aws", *arguments], str(Path.cwd()), dict(os.environ)]).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [len(request).to_bytes(LENGTH, "big")], [0, 1, 2])
        server.sendall(request)
        return (server.recv(1) or b"\xff")[0]


if __name__ == "__main__":
    sys.exit({"serve": serve, "run": run}[sys.argv[1]](*sys.argv[2:]))
