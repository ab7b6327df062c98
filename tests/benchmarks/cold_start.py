"""Measure cold starts: CPU time of a function's import and of its first call, and sizes of the layers.

    python -m tests.benchmarks.cold_start            # this checkout
    python -m tests.benchmarks.cold_start FOLDER     # another checkout, without bytecode of its layers

This uses the interpreter that local.stack.build makes: it has what Lambda's Python has, compiled, and of this
project only the layers. The first call is the function's sample event, with AWS answered on this machine.
"""

import compileall
import io
import json
import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from local.stack import build

from tests.benchmarks.answers import answer_calls

RUNS = 5
SHARE = 512 / 1769
"""The part of a CPU that Lambda gives to a call of a function with 512 MB of memory. The worker has 1,769."""
WORKER = ("run_export", "preview_export")
ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "EXPORTS_TABLE_NAME": "t",
    "AUDIT_TABLE_NAME": "e",
    "SAVED_REQUESTS_TABLE_NAME": "s",
    "BUCKET_NAME": "b",
    "QUEUE_URL": "https://sqs.invalid/q",
    "DATABASE_HOST": "127.0.0.1",
    "DATABASE_PORT": "1",
    "DATABASE_NAME": "none",
    "DATABASE_USER": "reader",
    "DATABASE_SECRET_ARN": "arn:aws:secretsmanager:eu-west-2:123456789012:secret:none",
    "DATABASE_SSLMODE": "disable",
    "SCHEDULE_GROUP": "g",
    "RUN_SCHEDULE_ARN": "f",
    "SCHEDULE_ROLE_ARN": "r",
    "SCHEDULE_DEAD_LETTERS_ARN": "d",
    "USER_POOL_ID": "eu-west-2_none",
    "EVENT_BUS": "default",
    "TOPIC_ARN": "arn:aws:sns:eu-west-2:123456789012:t",
    "APP_URL": "https://page.invalid",
    "CLIENT_ID": "c",
    "POOL_ENDPOINT": "https://pool.invalid/",
    "LOGIN_URL": "",
    "AUDIT_RETENTION_DAYS": "365",
    "MAIL_SENDER": "dose@example.org",
    "EXPORT_CLAIM": "doseexport",
    "ADMIN_CLAIM": "admins",
    "PATIENT_CLAIM": "patients",
}
SCRIPT = """
import json, sys, time
event = json.loads(sys.argv[1])
start = time.process_time()
import handler
imported = time.process_time()
class Context:
    function_name = "f"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn"
    aws_request_id = "r"
    def get_remaining_time_in_millis(self):
        return 55_000
handler.handler(event, Context())
print("\\n" + json.dumps([imported - start, time.process_time() - imported]))
"""


@dataclass(frozen=True, slots=True)
class FunctionStart:
    """A function's start: CPU seconds of its import and of its first call."""

    name: str
    imports: float
    call: float


def expect_wait(start: FunctionStart) -> float:
    """Return the seconds that a start should take on Lambda, for a function with 512 MB of memory."""
    share = 1 if start.name == "run_export" else SHARE
    return start.imports + start.call / share


@dataclass(frozen=True, slots=True)
class Layer:
    """The size of a layer in bytes, zipped and unpacked."""

    name: str
    zipped: int
    unpacked: int


def measure_starts(
    root: Path = build.ROOT, *, has_bytecode: bool = True
) -> tuple[list[FunctionStart], list[Layer]]:
    """Return the start of every function of a checkout, and the sizes of its layers."""
    python = build.build_runtime()
    packages = next(python.parent.parent.glob("lib/python*/site-packages"))
    compileall.compile_dir(packages, quiet=2)
    with TemporaryDirectory() as folder, answer_calls() as address:
        layers = [unpack(root, name, Path(folder, name), has_bytecode) for name in ("core", "worker")]
        starts = list(_measure_functions(root, python, Path(folder), address))
    return starts, layers


def unpack(root: Path, name: str, target: Path, has_bytecode: bool) -> Layer:
    """Unpack a layer of a checkout into a folder and return its sizes."""
    content = build.build_layer(root / "layers" / name, has_bytecode=has_bytecode)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        package.extractall(target)
        return Layer(name, _deflated(package), sum(each.file_size for each in package.infolist()))


def _measure_functions(root: Path, python: Path, layers: Path, address: str) -> Iterator[FunctionStart]:
    for function in sorted((root / "functions").iterdir()):
        if not (function / "handler.py").exists():
            continue
        path = [str(layers / "core" / "python")]
        if function.name in WORKER:
            path.append(str(layers / "worker" / "python"))
        event = (root / "events" / f"{function.name}.json").read_text(encoding="utf-8")
        places = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path),
            "AWS_ENDPOINT_URL": address,
        }
        runs = [_start(python, function, event, ENVIRONMENT | places) for _ in range(RUNS)]
        imports, call = (statistics.median(run[n] for run in runs) for n in (0, 1))
        yield FunctionStart(function.name, imports, call)


def _start(python: Path, function: Path, event: str, environment: dict[str, str]) -> list[float]:
    command = [python, "-c", SCRIPT, event]
    result = subprocess.run(command, cwd=function, env=environment, capture_output=True, check=True)
    times: list[float] = json.loads(result.stdout.splitlines()[-1])
    return times


def _deflated(package: zipfile.ZipFile) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as smaller:
        for name in package.namelist():
            smaller.writestr(name, package.read(name))
    return buffer.getbuffer().nbytes


def main() -> None:
    """Print the starts of a checkout, as rows of a table."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else build.ROOT
    starts, layers = measure_starts(root, has_bytecode=len(sys.argv) == 1)
    print(f"Python {sys.version.split()[0]}")
    for each in starts:
        times = each.imports, each.call, each.imports + each.call, expect_wait(each)
        print(f"| {each.name} | " + " | ".join(f"{seconds * 1e3:.0f}" for seconds in times) + " |")
    for layer in layers:
        print(f"{layer.name}: {layer.zipped / 1e6:.1f} MB zipped, {layer.unpacked / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    main()
