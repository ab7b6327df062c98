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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".state" / "build"

# What Lambda's Python runtime brings besides the standard library.
_RUNTIME = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
_IGNORED = {"__pycache__", "requirements.txt", "Makefile", "bin"}


class BuildError(RuntimeError):
    """A package could not be built; the text holds pip's own words."""


def runtime() -> Path:
    """Return an interpreter that has what Lambda's has, boto3 of requirements.lock and nothing else."""
    pins = _pins(_RUNTIME)

    def make(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        _install(pins, next(folder.glob("lib/python*/site-packages")))

    return _cached("runtime", pins, make) / "bin" / "python"


def layer(content: Path) -> bytes:
    """Zip a layer for this machine as its Makefile does for Lambda's: packages in python/, files beside."""
    files = {path: found for path, found in _tree(content) if len(path.parts) == 1}
    files |= {Path("python", path): found for path, found in _tree(content) if len(path.parts) > 1}
    requirements = content / "requirements.txt"
    if requirements.exists():
        names = re.findall(r"^([a-z0-9._-]+)==", requirements.read_text(encoding="utf-8"), re.MULTILINE)
        pins = _pins(names)
        packages = _cached("layer", pins, lambda folder: _install(pins, folder))
        files |= {Path("python", path): found for path, found in _tree(packages)}
    return _zip(files)


def function(content: Path) -> bytes:
    """Zip a function's folder as it is."""
    return _zip(dict(_tree(content)))


def _pins(names: Iterable[str]) -> str:
    """Cut these packages out of requirements.lock, with the hashes of every machine's wheels."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = {block.split("==")[0]: block for block in re.split(r"\n(?=[a-z])", lock)}
    # A marker says where this project needs a package; a layer that names it needs it everywhere.
    return "\n".join(re.sub(r" ;[^\\\n]*", " ", blocks[name], count=1) for name in names)


def _install(pins: str, folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(pins)
        file.flush()
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:"]
        _run([*command, *options, "--target", str(folder), "--requirement", file.name])


def _cached(kind: str, inputs: str, make: Callable[[Path], None]) -> Path:
    """Build a folder once for these inputs; two at a time do no harm, as the last step is atomic."""
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


def _tree(folder: Path) -> Iterator[tuple[Path, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(_is_ignored(part) for part in name.parts):
            yield name, path


def _is_ignored(part: str) -> bool:
    return part in _IGNORED or part.endswith((".egg-info", ".pyc"))


def _zip(files: dict[Path, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # it goes no further than this machine
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stderr.strip()}")
