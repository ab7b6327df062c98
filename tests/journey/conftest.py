"""The whole service on this machine, shared by every journey, and what a journey needs to look behind it."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from local import users
from local.service import Service
from local.stack import Stack
from tests.journey.backstage import Backstage

# No export can start while this table is held.
FIRST_TABLE = "remapp_generalstudymoduleattr"


@pytest.fixture(scope="session")
def stack(sample_url: str) -> Iterator[Stack]:
    """The service; its worker reads the synthetic database."""
    with Stack(sample_url) as running:
        yield running


@dataclass(frozen=True)
class People:
    """Services as three people and a stranger see them."""

    physicist: Service
    colleague: Service
    admin: Service
    privileged: Service
    nobody: Service


@pytest.fixture(scope="session")
def people(stack: Stack) -> People:
    """Everyone signed in once; tokens live longer than the tests."""

    def service(name: str, *groups: str) -> Service:
        return Service(stack.url, users.sign_in(stack, users.create(stack, name, *groups)))

    return People(
        physicist=service("physicist", users.EXPORT),
        colleague=service("colleague", users.EXPORT),
        admin=service("admin", users.ADMIN, users.EXPORT),
        privileged=service("privileged", users.EXPORT, users.PATIENTS),
        nobody=service("nobody"),
    )


@pytest.fixture
def physicist(people: People) -> Service:
    return people.physicist


@pytest.fixture(scope="session")
def backstage(stack: Stack, sample_url: str) -> Backstage:
    return Backstage(stack, sample_url)


Hold = Callable[[], AbstractContextManager[None]]
PointWorker = Callable[[str], None]


@pytest.fixture
def database_held(sample_url: str) -> Hold:
    """Keep every export at its first query, as long as the block lasts."""

    @contextmanager
    def hold() -> Iterator[None]:
        with psycopg.connect(sample_url) as connection:
            connection.execute(f"LOCK TABLE {FIRST_TABLE} IN ACCESS EXCLUSIVE MODE")
            yield

    return hold


@pytest.fixture
def worker_reads(stack: Stack, sample_url: str) -> Iterator[PointWorker]:
    """Let the worker read another database until the test is over."""
    yield lambda url: _point_worker(stack, url)
    _point_worker(stack, sample_url)


def _point_worker(stack: Stack, url: str) -> None:
    database, function = urlsplit(url), stack.resource("RunExport")
    login = {"username": unquote(database.username or ""), "password": unquote(database.password or "")}
    client = stack.cloud.client("lambda")
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    stack.cloud.client("secretsmanager").put_secret_value(
        SecretId=variables["DATABASE_SECRET_ARN"], SecretString=json.dumps(login)
    )
    variables |= {
        "DATABASE_HOST": database.hostname or "",
        "DATABASE_NAME": database.path.lstrip("/"),
        "DATABASE_USER": login["username"],
    }
    # New workers start with the new environment, as they do in Lambda.
    client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
