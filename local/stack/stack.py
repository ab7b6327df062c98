"""Run the complete service on one machine: template.yaml deployed to an emulator on loopback.

Everything ends with the process that started it.
"""

import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import parse_qs, unquote, urlsplit

from local.stack import build
from local.stack.check import check
from local.stack.deploy import REGION, Cloud, Deployment, deploy
from local.stack.lower import API_PATH

MAIL_SENDER = "dose-export@hospital.example"
"""The sender of mails to owners. Mails land in MiniStack, where local.stack.users.read_mail() finds them."""
STATE = build.ROOT / ".state"
_START_SECONDS = 60


class StackError(RuntimeError):
    """The local stack did not start. The text names its log file."""


class Stack:
    """A running stack. Use it as a context manager. `url` is the address of the API."""

    def __init__(
        self, database_url: str, template: Path = build.ROOT / "template.yaml", **parameters: str
    ) -> None:
        """Prepare a stack whose worker reads the database at `database_url`.

        `parameters` are those of the template: LoginDomainPrefix="hospital" enables managed login.
        """
        self._database_url = database_url
        self._parameters = parameters
        self._template = template
        self._lock, self.folder = _lock_folder()
        self.port = _free_port()
        self._key, self._secret = f"local{secrets.token_hex(8)}", secrets.token_urlsafe(24)
        self.cloud = Cloud(f"http://127.0.0.1:{self.port}", self._key, self._secret)
        self._process: subprocess.Popen[bytes] | None = None
        self.deployment: Deployment

    def __enter__(self) -> Self:
        try:
            self._start()
            self.deployment = self._deploy()
            check(self.cloud, self.deployment)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Return the address to which the API's paths are appended. The page is at "/"."""
        return self.cloud.endpoint + API_PATH

    @property
    def logs(self) -> Path:
        """Return the folder with one log file per function."""
        return self.folder / "logs"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which AWS's own tools administer this stack, with every right."""
        return {
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "AWS_DEFAULT_REGION": REGION,
        }

    def resource(self, name: str) -> str:
        """Return the physical id of a logical name of the template."""
        return self.deployment.values[name]

    def workers(self, function: str) -> list[int]:
        """Return the ids of the processes that run a function, some of which may have ended.

        `function` is a logical name.
        """
        files = (self.folder / "workers").iterdir()
        return [int(file.name) for file in files if file.read_text() == self.resource(function)]

    def stop(self) -> None:
        """End the emulator and every function. Logs remain until the folder is used again."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # the emulator then kills its whole process group
            self._process.wait()
        for name in ("tmp", "layers"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self._lock.close()

    def _start(self) -> None:
        for name in ("logs", "workers", "tmp"):
            (self.folder / name).mkdir()
        interpreter = build.build_runtime()
        command = [sys.executable, "-m", "local.stack.emulator", str(interpreter), str(self.folder)]
        with (self.folder / "emulator.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=build.ROOT,
                env=self._settings() | {"PATH": os.defpath, "LANG": "en_US.UTF-8", "TZ": "UTC"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C must reach only this process
            )
        self._wait_until_ready(self._process)

    def _settings(self) -> dict[str, str]:
        return {
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "STATE_DIR": str(self.folder / "tmp" / "state"),
            "S3_DATA_DIR": str(self.folder / "tmp" / "s3"),
            "TMPDIR": str(self.folder / "tmp"),
            "LAMBDA_WARM_TTL_SECONDS": "600",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                opener.open(f"{self.cloud.endpoint}/_ministack/health", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return
        raise StackError(f"The emulator did not start. See its log: {self.folder / 'emulator.log'}")

    def _deploy(self) -> Deployment:
        database = urlsplit(self._database_url)
        login = {"username": unquote(database.username or ""), "password": unquote(database.password or "")}
        secret = self.cloud.client("secretsmanager").create_secret(
            Name="doseexport-database", SecretString=json.dumps(login)
        )
        # MiniStack verifies an identity at once, of SES's first API only.
        self.cloud.client("ses").verify_email_identity(EmailAddress=MAIL_SENDER)
        parameters = {
            "DatabaseHost": database.hostname or "127.0.0.1",
            "DatabasePort": str(database.port or 5432),
            "DatabaseName": database.path.lstrip("/"),
            "DatabaseUser": login["username"],
            "DatabaseSecretArn": secret["ARN"],
            "AppUrl": self.cloud.endpoint,
            "MailSender": MAIL_SENDER,
            "PreviewConcurrency": "2",
            "AdditionalCallbackUrls": f"{self.url}/",
            **self._parameters,
        }
        sslmode = parse_qs(database.query).get("sslmode", ["prefer"])[0]
        return deploy(self.cloud, self._template, parameters, sslmode, self.folder / "layers")


def _lock_folder() -> tuple[IO[str], Path]:
    """Lock and empty the first folder that no other stack uses.

    The operating system releases the lock when this process ends, even by SIGKILL.
    """
    (STATE / "stacks").mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        lock = (STATE / "stacks" / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            number += 1
        else:
            folder = STATE / "stacks" / str(number)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            return lock, folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
