"""Run checkov, in a separate environment because its pins conflict with those of the project."""

import fcntl
import hashlib
import json
import re
import sys

import pytest


@pytest.fixture(scope="module")
def failed(root, run):
    """Return the IDs of the checks that template.yaml fails when none is skipped."""
    lock = root / "requirements-checkov.lock"
    folder = root / ".state" / f"checkov-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            run(sys.executable, "-m", "uv", "venv", "--quiet", "--clear", folder / "venv")
            quiet = ("--quiet", "--require-hashes", "--no-deps", "--python", folder / "venv")
            run(sys.executable, "-m", "uv", "pip", "install", *quiet, "-r", lock)
            (folder / "ready").touch()
    options = ["--framework", "cloudformation", "--skip-download", "--soft-fail", "--output", "json"]
    # Run in another folder, where checkov does not find .checkov.yaml.
    output = run(folder / "venv/bin/checkov", "--file", root / "template.yaml", *options, cwd=folder)
    report = json.loads(output)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 50
    return {check["check_id"] for check in report["results"]["failed_checks"]}


def test_checkov_fails_exactly_the_explained_checks(root, failed):
    explained = dict(re.findall(r"- (CKV\w+) +# (.+)", (root / ".checkov.yaml").read_text()))
    assert failed == set(explained)
    assert all(len(reason) > 20 for reason in explained.values())
