"""Build what is deployed, as zip files for this machine: layers with their packages, functions unchanged.

This also builds the functions' interpreter: an environment with the packages of Lambda's own Python and
nothing of this project, so that a package missing from a layer is missing here too.
"""

import compileall
import hashlib
import io
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".state" / "build"

UNPACKED_AT = "unpacked-at"
"""The file of a layer's zip that names the folders with its content."""

# The packages of Lambda's Python runtime besides the standard library.
_RUNTIME = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
_IGNORED = frozenset({"__pycache__", "requirements.txt", "Makefile", "bin"})


class BuildError(RuntimeError):
    """A package could not be built. The text contains pip's error output."""


def build_runtime() -> Path:
    """Return an interpreter that has Lambda's packages, as pinned in requirements.lock, and nothing else."""
    pins = _pins(_RUNTIME)

    def make(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        _install(pins, next(folder.glob("lib/python*/site-packages")))

    return _cached("runtime", pins, make) / "bin" / "python"


def build_layer(content: Path, *, has_bytecode: bool = True) -> bytes:
    """Return a layer's zip for this machine.

    It matches what the layer's Makefile builds for Lambda: packages in python/, other files beside it, and
    bytecode.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _zip(_list_layer(content, has_bytecode, Path(scratch)))


def unpack_layer(content: Path, folder: Path) -> bytes:
    """Write a layer's own files into a folder. Return a zip that only names that folder and its packages'.

    MiniStack unpacks the layers of a function for each of its processes. sandbox.py lets the processes share
    these folders, as they share /opt in Lambda. To unpack takes longer than to start Python.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for path, found in _list_own_files(content, True, Path(scratch)).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, folder / path)
    packages = _build_packages(content, has_bytecode=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(UNPACKED_AT, "\n".join(str(each) for each in (folder, packages) if each))
    return buffer.getvalue()


def _list_layer(content: Path, has_bytecode: bool, scratch: Path) -> dict[Path, Path]:
    """Return the files of a layer, each with where it is now. Bytecode is made in the folder `scratch`."""
    own = _list_own_files(content, has_bytecode, scratch)
    packages = _build_packages(content, has_bytecode)
    ignored = _IGNORED - {"__pycache__"} if has_bytecode else _IGNORED
    return own | (dict(_tree(packages, ignored)) if packages else {})


def _list_own_files(content: Path, has_bytecode: bool, scratch: Path) -> dict[Path, Path]:
    files = {path: found for path, found in _tree(content) if len(path.parts) == 1}
    own = {Path("python", path): found for path, found in _tree(content) if len(path.parts) > 1}
    if has_bytecode:
        own |= _compile_files(own, scratch)
    return files | own


def _build_packages(content: Path, has_bytecode: bool) -> Path | None:
    """Return a folder whose `python` has the packages of a layer. Return None if it has none."""
    requirements = content / "requirements.txt"
    if not requirements.exists():
        return None
    names = re.findall(r"^([a-z0-9._-]+)==", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    pins = _pins(names)

    def make(folder: Path) -> None:
        _install(pins, folder / "python")
        if has_bytecode:
            _compile(folder / "python")

    return _cached("compiled-packages" if has_bytecode else "packages", pins, make)


def _compile_files(files: dict[Path, Path], scratch: Path) -> dict[Path, Path]:
    """Return the bytecode of these modules, made in a folder."""
    for path, found in files.items():
        (scratch / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, scratch / path)
    _compile(scratch)
    return {path.relative_to(scratch): path for path in scratch.rglob("*.pyc")}


def _compile(folder: Path) -> None:
    # Python does not compare such bytecode with its source, whose time a zip does not keep exactly.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, stripdir=folder, invalidation_mode=mode)


def build_function(content: Path) -> bytes:
    """Return the zip of a function's folder, unchanged."""
    return _zip(dict(_tree(content)))


def _pins(names: Iterable[str]) -> str:
    """Return the entries of these packages in requirements.lock, with the hashes of all platforms' wheels."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = {block.split("==")[0]: block for block in re.split(r"\n(?=[a-z])", lock)}
    # A marker says on which platforms this project needs a package. A layer always needs what it names.
    return "\n".join(re.sub(r" ;[^\\\n]*", " ", blocks[name], count=1) for name in names)


def _install(pins: str, folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(pins)
        file.flush()
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:"]
        _run([*command, *options, "--target", str(folder), "--requirement", file.name])


def _cached(kind: str, inputs: str, make: Callable[[Path], None]) -> Path:
    """Build a folder once for these inputs. Concurrent builds are safe, because the last step is atomic."""
    digest = hashlib.sha256(f"{sys.version}\n{inputs}".encode()).hexdigest()[:16]
    target = BUILD / f"{kind}-{digest}"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
            folder = Path(scratch) / "made"
            make(folder)
            with suppress(OSError):  # another process was faster
                folder.rename(target)
    return target


def _tree(folder: Path, ignored: frozenset[str] = _IGNORED) -> Iterator[tuple[Path, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part in ignored or part.endswith(".egg-info") for part in name.parts):
            yield name, path


def _zip(files: dict[Path, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # it never leaves this machine
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f"{' '.join(command)}\n{result.stderr.strip()}")
