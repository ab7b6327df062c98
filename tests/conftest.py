"""Databases that tests share. A test that alters data takes `make_database`."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import settings
from local import sample
from local.sample.postgres import DEFAULT_STATE, Postgres
from psycopg import sql
from xdist.scheduler import LoadFileScheduling

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_STUDIES = 400
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4_000_000_000
"""More than the servers of a test run need together."""
NUMBERS = count(1)

# The tests of such a folder share a deployed stack and a large database. They also run longest.
FOLDERS_OF_STACKS = ("tests/browser/", "tests/journey/")
# The order of a run: the longest files first, so that all workers end at about the same time.
FOLDERS = (
    *(*FOLDERS_OF_STACKS, "tests/template/", "tests/component/api/", "tests/component/jobs/"),
    *("tests/component/", "tests/conformance/", "tests/properties/", "tests/"),
)

# Collecting the tests makes a million objects that stay until the end. To search them for garbage, again and
# again, would take a tenth of the time.
gc.disable()

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


class StackScheduling(LoadFileScheduling):
    """One worker runs all tests that share a stack. The others run one file after another."""

    def _split_scope(self, nodeid: str) -> str:
        return find_stack(nodeid) or super()._split_scope(nodeid)


def find_stack(nodeid: str) -> str | None:
    return next((folder for folder in FOLDERS_OF_STACKS if nodeid.startswith(folder)), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StackScheduling:
    return StackScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose files take longest."""
    items.sort(key=lambda item: next(n for n, folder in enumerate(FOLDERS) if item.nodeid.startswith(folder)))


def pytest_collection_finish() -> None:
    """Leave what exists by now out of all searches for garbage."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def state() -> Path:
    """The folder for PostgreSQL servers: in memory, where files cost a tenth, if there is enough of it."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
        return MEMORY / f"doseexport-{os.getuid()}"
    return DEFAULT_STATE


@pytest.fixture(scope="session")
def postgres(state: Path) -> Iterator[Postgres]:
    """A PostgreSQL server of this test run."""
    with Postgres(state) as server:
        hash_password_once(server)
        yield server


def hash_password_once(server: Postgres) -> None:
    """Change how the server stores its password: 4,096 rounds cost each connection 3 ms."""
    with psycopg.connect(server.url()) as connection:
        connection.execute("SET scram_iterations = 1")
        password = sql.Literal(urlsplit(server.url()).password)
        connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(password))


@pytest.fixture(scope="session")
def sample_url(postgres: Postgres) -> str:
    """The synthetic OpenREM database, 400 CT studies. Read it only."""
    url = postgres.create_database("sample")
    sample.fill(url, SAMPLE_STUDIES)
    return url


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """The folder of OpenREM's own dump and exports; without it the test skips."""
    folder = Path(os.environ.get("OPENREM_REFERENCE", REPOSITORY.parent / "shared" / "openrem"))
    if not (folder / "testfiles.sql.gz").is_file():
        pytest.skip(f"no testfiles.sql.gz in {folder}; OPENREM_REFERENCE names the folder that has it")
    return folder


@pytest.fixture(scope="session")
def openrem_url(postgres: Postgres, reference_dir: Path) -> str:
    """A real OpenREM database, as its own program wrote it. Read it only."""
    url = postgres.create_database("openrem")
    postgres.load("openrem", reference_dir / "testfiles.sql.gz")
    return url


@pytest.fixture
def make_database(postgres: Postgres) -> Iterator[Callable[..., str]]:
    """Make databases that end with the test: `make_database()` empty, `make_database(sample_url)` a copy."""
    names: list[str] = []

    def make(template_url: str | None = None) -> str:
        names.append(f"test_{next(NUMBERS)}")
        template = None if template_url is None else template_url.rpartition("/")[2]
        return postgres.create_database(names[-1], template)

    yield make
    for name in names:
        postgres.drop_database(name)


@pytest.fixture
def empty_url(make_database: Callable[..., str]) -> str:
    """A database without any table."""
    return make_database()
