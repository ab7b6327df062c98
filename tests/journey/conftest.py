"""The whole service on this machine, shared by every journey."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from local import sample
from local.sample.postgres import Postgres
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack

from tests.journey.backstage import Backstage
from tests.journey.faults import FaultyWay
from tests.journey.listening import Listener

# No export can start while this table is held.
FIRST_TABLE = "remapp_generalstudymoduleattr"
# Long enough that an export of it is caught in the middle; the smallest that is.
MANY_STUDIES = 20_000


@pytest.fixture(scope="session")
def stack(sample_url: str) -> Iterator[Stack]:
    """The service; its worker reads the synthetic database."""
    # One user requests the exports of most tests, on a quick machine more than 30 in a minute.
    with Stack(sample_url, MaxRequestsPerMinute="1000") as running:
        yield running


@dataclass(frozen=True)
class UserPool:
    """Services as three people and a stranger see them."""

    physicist: Service
    colleague: Service
    admin: Service
    privileged: Service
    nobody: Service


@pytest.fixture(scope="session")
def people(stack: Stack) -> UserPool:
    """Everyone signed in once; tokens live longer than the tests."""

    def service(name: str, *groups: str) -> Service:
        return Service(stack.url, users.sign_in(stack, users.create(stack, name, *groups)))

    return UserPool(
        physicist=service("physicist", users.EXPORT),
        colleague=service("colleague", users.EXPORT),
        admin=service("admin", users.ADMIN, users.EXPORT),
        privileged=service("privileged", users.EXPORT, users.PATIENTS),
        nobody=service("nobody"),
    )


@pytest.fixture
def physicist(people: UserPool) -> Service:
    return people.physicist


@pytest.fixture(scope="session")
def backstage(stack: Stack, sample_url: str) -> Backstage:
    return Backstage(stack, sample_url)


@pytest.fixture(scope="session")
def large_url(postgres: Postgres) -> str:
    """A database whose exports of CT take a few seconds and have several parts."""
    url = postgres.create_database("large")
    sample.fill(url, MANY_STUDIES, rf=100, mg=100, dx=100, nm=70)
    return url


Hold = Callable[[], AbstractContextManager[None]]
PointWorker = Callable[[str], None]


@pytest.fixture
def database_held(sample_url: str) -> Hold:
    """Hold every export at its first query while the block lasts."""

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
    database = urlsplit(url)
    login = {"username": unquote(database.username or ""), "password": unquote(database.password or "")}
    stack.cloud.client("secretsmanager").put_secret_value(
        SecretId=_variables(stack)["DATABASE_SECRET_ARN"], SecretString=json.dumps(login)
    )
    _set_variables(
        stack,
        DATABASE_HOST=database.hostname or "",
        DATABASE_PORT=str(database.port),
        DATABASE_NAME=database.path.lstrip("/"),
        DATABASE_USER=login["username"],
    )


@pytest.fixture
def faulty_way(stack: Stack) -> Iterator[FaultyWay]:
    """What the worker calls instead of AWS, until the test is over."""
    with FaultyWay(stack.cloud.endpoint) as way:
        _set_variables(stack, AWS_ENDPOINT_URL=way.url)
        yield way
        _set_variables(stack, AWS_ENDPOINT_URL=stack.cloud.endpoint)


def _variables(stack: Stack) -> dict[str, str]:
    client = stack.cloud.client("lambda")
    found = client.get_function_configuration(FunctionName=stack.resource("RunExport"))
    variables: dict[str, str] = found["Environment"]["Variables"]
    return variables


def _set_variables(stack: Stack, **changes: str) -> None:
    """New workers start with the new environment, as they do in Lambda."""
    stack.cloud.client("lambda").update_function_configuration(
        FunctionName=stack.resource("RunExport"), Environment={"Variables": _variables(stack) | changes}
    )


@pytest.fixture(scope="session")
def listener(backstage: Backstage) -> Iterator[Listener]:
    yield Listener(backstage)
    backstage.client("events").remove_targets(Rule="listener", Ids=["1"])
    backstage.client("events").delete_rule(Name="listener")
