"""Fixtures: template.yaml as written, and as CloudFormation receives it."""

import copy
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local.stack import lower

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-2"
QUIET = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def source() -> Json:
    return lower.read(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def translated(source: Json) -> Json:
    """Return the template as the SAM translator of AWS writes it, without changes for the emulator."""
    packaged = copy.deepcopy(source)
    for resource in packaged["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & set(resource["Properties"]):
            resource["Properties"][name] = "s3://bucket-name/key"
    return lower.translate(packaged, {}, REGION)


@pytest.fixture(scope="session")
def resources(source: Json) -> Callable[[str], dict[str, Json]]:
    """Return a function that finds resources of a type by logical name: `resources("AWS::SQS::Queue")`."""

    def of_type(kind: str) -> dict[str, Json]:
        return {name: one for name, one in source["Resources"].items() if one["Type"] == kind}

    return of_type


@pytest.fixture(scope="session")
def functions(resources: Callable[[str], dict[str, Json]]) -> dict[str, Json]:
    """Return the properties of every function by logical name."""
    found = resources("AWS::Serverless::Function")
    return {name: resource["Properties"] for name, resource in found.items()}


@pytest.fixture(scope="session")
def samconfigs() -> dict[str, dict[str, str]]:
    """Return the parameters of each samconfig.toml in docs/deploy.md, by its text."""
    text = (ROOT / "docs/deploy.md").read_text()
    found = {}
    for example in re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        given = tomllib.loads(example)["default"]["deploy"]["parameters"]["parameter_overrides"]
        pairs = (each.split("=", 1) for each in given)
        found[example] = {name: value.strip('"') for name, value in pairs}
    return found


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    """Return a function that runs a command in the checkout, requires success and returns its output."""

    def run_command(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, "PATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_command


@pytest.fixture(scope="session")
def sam_python(root: Path, run: Callable[..., str]) -> Path:
    """Return the Python that has the packages of requirements-sam.lock, installed once in .state.

    They have an environment of their own because their pins conflict with those of the project.
    """
    lock = root / "requirements-sam.lock"
    folder = root / ".state" / f"sam-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "venv" / "ready").exists():
            # `sam build` calls pip.
            run(sys.executable, "-m", "uv", "venv", "--quiet", "--clear", "--seed", folder / "venv")
            quiet = ("--quiet", "--require-hashes", "--no-deps", "--python", folder / "venv")
            run(sys.executable, "-m", "uv", "pip", "install", *quiet, "-r", lock)
            (folder / "venv" / "ready").touch()
    return python


@pytest.fixture(scope="session")
def sam(
    sam_python: Path, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    """Return a function that runs `sam`."""
    home = str(tmp_path_factory.mktemp("sam-home"))
    return lambda *arguments: run(sam_python, "-m", "samcli", *arguments, __SAM_CLI_APP_DIR=home, **QUIET)
