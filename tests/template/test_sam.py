"""Run the SAM CLI, in a separate environment because its pins conflict with those of the project."""

import fcntl
import hashlib
import json
import sys

import pytest
from local.stack import lower

QUIET = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-2"}


@pytest.fixture(scope="module")
def sam_python(root, run):
    """Return the Python that has the packages of requirements-sam.lock, installed once in .state."""
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


@pytest.fixture(scope="module")
def sam(sam_python, run, tmp_path_factory):
    """Return a function that runs `sam`."""
    home = str(tmp_path_factory.mktemp("sam-home"))
    return lambda *arguments: run(sam_python, "-m", "samcli", *arguments, __SAM_CLI_APP_DIR=home, **QUIET)


def test_sam_validate_accepts_the_template(sam):
    assert "is a valid SAM Template" in sam("validate", "--lint")


READ_PARAMETERS = """
import json, pathlib, sys
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.samconfig import SamConfig
config = SamConfig(sys.argv[1])
given = config.get_all(["deploy"], "parameters")["parameter_overrides"]
print(json.dumps(CfnParameterOverridesType().convert(given, None, None)))
"""


def test_sam_reads_the_samconfig_examples_of_the_document(sam_python, run, tmp_path, samconfigs):
    for text, given in samconfigs.items():
        (tmp_path / "samconfig.toml").write_text(text)
        assert json.loads(run(sam_python, "-c", READ_PARAMETERS, tmp_path)) == given


def test_sam_build_builds_every_layer(sam, tmp_path):
    output = sam("build", "--build-dir", str(tmp_path / "build"), "--cache-dir", str(tmp_path / "cache"))
    assert "Build Succeeded" in output
    built = lower.read(tmp_path / "build/template.yaml")["Resources"]
    assert built["CoreLayer"]["Properties"]["ContentUri"] == "CoreLayer"
    assert (tmp_path / "build/WorkerLayer/rds-ca-bundle.pem").is_file()
    assert (tmp_path / "build/WorkerLayer/python/psycopg").is_dir()
    assert (tmp_path / "build/ParquetLayer/python/arro3/io").is_dir()
    assert (tmp_path / "build/CoreLayer/python/doseexport/__init__.py").is_file()
