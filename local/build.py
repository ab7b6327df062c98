"""What is deployed, as zip files for this machine: layers with their packages, functions as they are.

Also the functions' interpreter: an environment with what Lambda's own Python brings, boto3, and nothing of
this project, so that a package missing from a layer is missing here too.
"""

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".state" / "build"

# What Lambda's Python runtime brings besides the standard library.
_RUNTIME = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
_IGNORED = {"__pycache__", "requirements.txt", "Makefile"}


class BuildError(RuntimeError):
    """A package could not be built; the text holds pip's own words."""


def runtime() -> Path:
    """Return an interpreter that has what Lambda's has, boto3 of requirements.lock and nothing else."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z])", lock)
    pins = "\n".join(block for block in blocks if block.split("==")[0] in _RUNTIME)

    def make(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        (folder / "pins.txt").write_text(pins, encoding="utf-8")
        site = next(folder.glob("lib/python*/site-packages"))
        _pip("--require-hashes", "--no-deps", "--target", str(site), "-r", str(folder / "pins.txt"))

    return _cached("runtime", pins, make) / "bin" / "python"


def layer(content: Path) -> bytes:
    """Zip a layer: its own files under python/, beside the packages its requirements.txt names."""
    files = dict(_tree(content, Path("python")))
    requirements = content / "requirements.txt"
    if requirements.exists():
        text = requirements.read_text(encoding="utf-8")
        packages = _cached("layer", text, lambda folder: _install(requirements, folder))
        files = dict(_tree(packages, Path("python"))) | files
    return _zip(files)


def function(content: Path) -> bytes:
    """Zip a function's folder as it is."""
    return _zip(dict(_tree(content, Path())))


def _install(requirements: Path, folder: Path) -> None:
    _pip("--target", str(folder), "-r", str(requirements))


def _cached(kind: str, inputs: str, make: Callable[[Path], None]) -> Path:
    """Build a folder once for these inputs; two builds at a time do no harm, since the last step is atomic."""
    digest = hashlib.sha256(f"{sys.version}\n{inputs}".encode()).hexdigest()[:16]
    target = BUILD / f"{kind}-{digest}"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
            folder = Path(scratch) / "made"
            make(folder)
            with suppress(OSError):  # somebody else was faster
                folder.rename(target)
    return target


def _tree(folder: Path, under: Path) -> Iterator[tuple[Path, Path]]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(_is_ignored(part) for part in relative.parts):
            yield under / relative, path


def _is_ignored(part: str) -> bool:
    return part in _IGNORED or part.endswith((".egg-info", ".pyc"))


def _zip(files: dict[Path, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # it goes no further than this machine
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--no-compile", *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stderr.strip()}")
