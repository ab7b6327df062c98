"""Run the SAM CLI, in a separate environment because its pins conflict with those of the project."""

import fcntl
import hashlib
import sys

import pytest
from local.stack import lower

QUIET = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-2"}


@pytest.fixture(scope="module")
def sam(root, run, tmp_path_factory):
    """Return a function that runs `sam` of requirements-sam.lock, installed once in .state."""
    lock = root / "requirements-sam.lock"
    folder = root / ".state" / f"sam-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            run(sys.executable, "-m", "venv", folder)
            quiet = ("--quiet", "--disable-pip-version-check")
            run(python, "-m", "pip", "install", *quiet, "--require-hashes", "--no-deps", "-r", lock)
            (folder / "ready").touch()
    home = str(tmp_path_factory.mktemp("sam-home"))
    return lambda *arguments: run(python, "-m", "samcli", *arguments, __SAM_CLI_APP_DIR=home, **QUIET)


def test_sam_validate_accepts_the_template(sam):
    assert "is a valid SAM Template" in sam("validate", "--lint")


def test_sam_build_builds_both_layers(sam, tmp_path):
    output = sam("build", "--build-dir", str(tmp_path / "build"), "--cache-dir", str(tmp_path / "cache"))
    assert "Build Succeeded" in output
    built = lower.read(tmp_path / "build/template.yaml")["Resources"]
    assert built["CoreLayer"]["Properties"]["ContentUri"] == "CoreLayer"
    assert (tmp_path / "build/WorkerLayer/rds-ca-bundle.pem").is_file()
    assert (tmp_path / "build/WorkerLayer/python/psycopg").is_dir()
    assert (tmp_path / "build/CoreLayer/python/doseexport/__init__.py").is_file()
