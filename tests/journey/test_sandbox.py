"""The process that forks functions, with a worker that answers lines."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local.stack.functions import Function, Sandbox

Start = Callable[..., Function]

WORKER = """import os, sys
for line in sys.stdin:
    print(os.environ["WISH"], os.environ.get("GATEWAY_PORT"), os.getcwd(), line.strip(), flush=True)
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    for name in ("workers", "logs"):
        (tmp_path / name).mkdir()
    (tmp_path / "worker.py").write_text(WORKER)
    monkeypatch.setenv("GATEWAY_PORT", "4566")
    sandbox = Sandbox(sys.executable, str(tmp_path))
    lambda_names = {"AWS_LAMBDA_FUNCTION_NAME": "Web", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}

    started: list[Function] = []

    def start(**variables: str) -> Function:
        environment = {**lambda_names, "GATEWAY_PORT": "4566", **variables}
        command = ["python", str(tmp_path / "worker.py")]
        started.append(sandbox.start(command, cwd=str(tmp_path), env=environment))
        return started[-1]

    yield start
    for function in started:
        for stream in (function.stdin, function.stdout, function.stderr):
            stream.close()
        function.wait(30)
    sandbox.close()


def test_function_has_its_own_environment_and_not_the_settings_of_the_emulator(
    start: Start, tmp_path: Path
) -> None:
    functions = {wish: start(WISH=wish) for wish in ("one", "two")}
    for wish, function in functions.items():
        function.stdin.write("hello\n")
        assert function.stdout.readline() == f"{wish} None {tmp_path} hello\n"
    assert {int(file.name) for file in (tmp_path / "workers").iterdir()} == {
        function.pid for function in functions.values()
    }


def test_end_of_function_is_noticed(start: Start) -> None:
    killed, ended, running = (start(WISH=wish) for wish in ("a", "b", "c"))
    killed.kill()
    ended.stdin.close()
    assert [killed.wait(30), ended.wait(30)] == [killed.poll(), ended.poll()] == [0, 0]
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(0)
    assert running.poll() is None
    running.terminate()
    running.wait(30)
