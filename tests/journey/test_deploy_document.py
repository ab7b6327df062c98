"""Run the blocks of docs/deploy.md in their order, with AWS's own command line, against the local stack.

A block that cannot run here says why, in a comment above it.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from local import sample
from local.sample.postgres import Postgres, packaged_programs
from local.stack.build import ROOT
from local.stack.stack import Stack

from tests.journey.backstage import until

DOCUMENT = ROOT / "docs" / "deploy.md"
OPERATIONS = ROOT / "docs" / "operations.md"
BLOCK = re.compile(r"^(?:<!-- untested: ([^\n]+) -->\n)?```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSWORD = "Chosen-on-the-page-1!"
# What the invited user does on the page.
SET_PASSWORD = """aws cognito-idp admin-set-user-password --user-pool-id $POOL --username physicist1 \
  --password "$PASSWORD" --permanent
"""
WARM_AWS = Path(__file__).with_name("warm_aws.py")
AWS = """#!/bin/sh
exec "{python}" -IS "{warm_aws}" run "{address}" "$@"
"""


def list_blocks() -> list[tuple[str, str]]:
    """Return the reason and the commands of every block. The reason is empty for one that runs here."""
    return [(found[1] or "", found[2]) for found in BLOCK.finditer(DOCUMENT.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def aws_python() -> Path:
    """The interpreter of an environment with requirements-aws.lock, installed once in .state."""
    lock = ROOT / "requirements-aws.lock"
    folder = ROOT / ".state" / f"aws-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            quiet = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
            pip = [sys.executable, "-m", "pip", "--python", str(python)]
            subprocess.run([*pip, "install", *quiet, "-r", str(lock)], check=True)
            (folder / "ready").touch()
    return python


@pytest.fixture(scope="module")
def tools(aws_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `aws` of AWS and with `psql`."""
    programs = tmp_path_factory.mktemp("programs")
    address = programs / "socket"
    aws = programs / "aws"
    aws.write_text(AWS.format(python=aws_python, warm_aws=WARM_AWS, address=address))
    aws.chmod(0o755)
    (programs / "psql").symlink_to(packaged_programs() / "psql")
    command = [str(aws_python), "-I", str(WARM_AWS), "serve", str(address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        until(address.exists, seconds=60)
        yield programs


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[str]:
    """A small OpenREM database of the name that the document uses."""
    url = postgres.create_database("openremdb")
    sample.fill(url, 40)
    yield url
    postgres.drop_database("openremdb")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS doseexport")


@pytest.fixture(scope="module")
def fresh(database: str) -> Iterator[Stack]:
    """A stack of its own, because the document removes it at the end."""
    with Stack(database) as stack:
        yield stack


Run = Callable[..., str]


@pytest.fixture(scope="module")
def run_shell(fresh: Stack, database: str, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs commands in one shell, requires success and returns what they print."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("docs", "examples"):
        (folder / name).symlink_to(ROOT / name)
    found = urlsplit(database)
    environment = {
        "PATH": f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(folder),
        "NO_PROXY": "*",
        "PGHOST": str(found.hostname),
        "PGPORT": str(found.port),
        "PGUSER": str(found.username),
        "PGPASSWORD": str(found.password),
        "ADDRESS": fresh.url,
        "AWS_PAGER": "",
        "REQUEST": '{"type": "ct-csv"}',
        **fresh.environment,
    }

    def run(commands: str, **variables: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", commands],
            cwd=folder,
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_untested_blocks_say_why() -> None:
    reasons = [reason for reason, _ in list_blocks()]
    assert all(len(reason) > 10 for reason in reasons if reason)
    assert reasons.count("") > 12


def test_secret_of_the_document_holds_login_and_authority(run_shell: Run, fresh: Stack) -> None:
    (commands,) = [text for _, text in list_blocks() if "create-secret" in text]
    make_file = "echo 'the authority' > hospital-ca.pem\n"
    run_shell(make_file + commands, CA_FILE="hospital-ca.pem", STACK="other")
    client = fresh.cloud.client("secretsmanager")
    secret = json.loads(client.get_secret_value(SecretId="other-reader")["SecretString"])
    assert (secret["username"], secret["ca"]) == ("doseexport", "the authority\n")
    assert len(secret["password"]) >= 32


def test_commands_of_operations_run(run_shell: Run, fresh: Stack) -> None:
    section = OPERATIONS.read_text(encoding="utf-8").partition("\n## Commands\n")[2].partition("\n## ")[0]
    found = fresh.cloud.client("sqs")
    queue = fresh.resource("ExportDeadLetters")
    found.send_message(QueueUrl=queue, MessageBody="{}")
    printed = run_shell("".join(commands for _, commands in BLOCK.findall(section)))
    assert '"MessageId"' in printed
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = found.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert set(left.values()) == {"0"}
    assert printed.count('"StatusCode": 200') == 2
    (mapping,) = fresh.cloud.client("lambda").list_event_source_mappings(
        FunctionName=fresh.resource("RunExport")
    )["EventSourceMappings"]
    assert mapping["State"] in {"Enabled", "Enabling"}


def test_tested_blocks_of_the_document_run_in_their_order(
    run_shell: Run, fresh: Stack, database: str
) -> None:
    blocks = [commands for reason, commands in list_blocks() if not reason]
    printed = run_shell(
        "".join(SET_PASSWORD * ("USER_NAME" in each) + each for each in blocks), PASSWORD=PASSWORD
    )
    assert "FAILED" not in printed
    assert "FORCE_CHANGE_PASSWORD" in printed, "the invited user has a temporary password"
    assert printed.count("the API answers") == 2, "the smoke test ran, in public and as the invited user"
    assert "the export is deleted" in printed
    with psycopg.connect(database) as connection:
        query = "SELECT has_table_privilege('doseexport', 'remapp_generalstudymoduleattr', 'SELECT')"
        assert connection.execute(query).fetchone() == (True,)
    assert fresh.cloud.client("dynamodb").list_tables()["TableNames"] == []
    assert fresh.cloud.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
    assert fresh.resource("Bucket") not in str(fresh.cloud.client("s3").list_buckets()["Buckets"])
