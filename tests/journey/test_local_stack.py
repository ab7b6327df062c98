"""The local stack listens on loopback, is separate from others, and ends with its process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from local.stack.build import build_runtime
from local.stack.check import check
from local.stack.deploy import DeployError, Deployment
from local.stack.stack import Stack

from tests.journey.backstage import until

REPOSITORY = Path(__file__).resolve().parents[2]
HOLD = """
import signal, sys, time
from local.stack.stack import Stack
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
with Stack("postgresql://nobody:none@127.0.0.1:1/none") as stack:
    print(stack.port, stack.folder, flush=True)
    time.sleep(600)
"""


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_second_stack_is_separate_and_ends_with_its_process(stack: Stack, way: signal.Signals) -> None:
    """A process that does not handle SIGTERM ends by it as by SIGKILL."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    ) as other:
        assert other.stdout is not None
        port, folder = other.stdout.readline().split(maxsplit=1)
        assert int(port) != stack.port
        assert Path(folder.strip()) != stack.folder
        assert is_listening(int(port))
        os.kill(other.pid, way)
    until(lambda: not is_listening(int(port)))
    assert is_listening(stack.port)


def test_stack_listens_on_loopback_only(stack: Stack) -> None:
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("this machine does not list its sockets in /proc")
    addresses = {
        line.split()[1] for line in listening.read_text().splitlines()[1:] if line.split()[3] == "0A"
    }
    mine = {address for address in addresses if address.endswith(f":{stack.port:04X}")}
    assert mine == {f"0100007F:{stack.port:04X}"}


def test_stack_without_a_route_is_not_deployed(stack: Stack) -> None:
    template = stack.deployment.template
    more = {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {"ApiId": {"Ref": "Api"}, "RouteKey": "GET /lost", "AuthorizationType": "JWT"},
    }
    wished = template | {"Resources": template["Resources"] | {"Lost": more}}
    values = stack.deployment.values | {"Lost": "lost"}
    with pytest.raises(DeployError, match="GET /lost"):
        check(stack.cloud, Deployment(wished, values, {}))


def test_functions_see_their_layers_and_nothing_of_this_machine() -> None:
    """An interpreter with boto3 alone, in an environment of Lambda's names: packaging mistakes must show."""
    found = subprocess.run(
        [
            build_runtime(),
            "-I",
            "-c",
            "import boto3, importlib.util as u; print(u.find_spec('psycopg'), u.find_spec('local'))",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == ["None", "None"]
