"""Measure cold starts: what each function imports, how long that takes, and how large the packages are.

This uses the interpreter that local.stack.build makes: it has what Lambda's Python has and, of this
project, only the layers. There is no bytecode, because a layer has none and cannot be written to.
"""

import io
import json
import os
import statistics
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from local.stack import build

RUNS = 5
WORKER = ("run_export", "preview_export")
HEAVY = ("boto3", "psycopg", "xlsxwriter", "isal")
ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "EXPORTS_TABLE_NAME": "t",
    "AUDIT_TABLE_NAME": "e",
    "SAVED_REQUESTS_TABLE_NAME": "s",
    "BUCKET_NAME": "b",
    "QUEUE_URL": "https://sqs.invalid/q",
}
USED = {
    "delete_exports": ("dynamodb", "s3"),
    "download_export": ("dynamodb", "s3"),
    "get_health": (),
    "list_types": (),
    "map_groups": ("cognito-idp",),
    "preview_export": ("secretsmanager",),
    "request_export": ("dynamodb", "sqs"),
    "run_export": ("dynamodb", "s3", "secretsmanager"),
    "sweep_exports": ("dynamodb", "s3", "sqs"),
    "web": (),
}
"""The clients that a function's first call creates. Functions that are not listed use DynamoDB only."""
SCRIPT = f"""
import json, sys, time
start = time.process_time()
import handler
imported = time.process_time()
heavy = [name for name in {HEAVY} if name in sys.modules]
from doseexport.aws.clients import make_client
for service in sys.argv[1:]:
    make_client(service)
print(json.dumps([imported - start, time.process_time() - imported, heavy]))
"""


@dataclass(frozen=True, slots=True)
class FunctionStart:
    """A function's start: CPU seconds of imports and of clients, heavy packages, and the size of its code."""

    name: str
    imports: float
    clients: float
    heavy: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Layer:
    """The size of a layer in bytes, zipped and unpacked."""

    name: str
    zipped: int
    unpacked: int


def measure_starts() -> tuple[list[FunctionStart], list[Layer]]:
    """Return the start of every function, and the sizes of the layers."""
    python = build.build_runtime()
    with TemporaryDirectory() as folder:
        layers = [unpack(name, Path(folder, name)) for name in ("core", "worker")]
        starts = list(_measure_functions(python, Path(folder)))
    return starts, layers


def unpack(name: str, target: Path) -> Layer:
    """Unpack a layer into a folder and return its sizes."""
    with zipfile.ZipFile(io.BytesIO(build.build_layer(build.ROOT / "layers" / name))) as package:
        package.extractall(target)
        return Layer(name, _deflated(package), sum(each.file_size for each in package.infolist()))


def _measure_functions(python: Path, layers: Path) -> Iterator[FunctionStart]:
    for function in sorted((build.ROOT / "functions").iterdir()):
        if not (function / "handler.py").exists():
            continue
        path = [str(layers / "core" / "python")]
        if function.name in WORKER:
            path.append(str(layers / "worker" / "python"))
        runs = [_start(python, function, path) for _ in range(RUNS)]
        imports, clients = (statistics.median(run[n] for run in runs) for n in (0, 1))
        with zipfile.ZipFile(io.BytesIO(build.build_function(function))) as package:
            yield FunctionStart(function.name, imports, clients, tuple(runs[0][2]), _deflated(package))


def _start(python: Path, function: Path, path: list[str]) -> list[object]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path), **ENVIRONMENT}
    result = subprocess.run(
        [python, "-c", SCRIPT, *USED.get(function.name, ("dynamodb",))],
        cwd=function,
        env=environment,
        capture_output=True,
        check=True,
    )
    return list(json.loads(result.stdout))


def _deflated(package: zipfile.ZipFile) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as smaller:
        for name in package.namelist():
            smaller.writestr(name, package.read(name))
    return buffer.getbuffer().nbytes
