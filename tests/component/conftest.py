"""AWS by moto in this process, and databases for component tests."""

import importlib.util
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local import sample
from local.sample.postgres import Postgres

from doseexport.api import handler as api_handler
from doseexport.aws import services as services_module
from doseexport.aws.logging import configure_logging
from doseexport.aws.services import Services
from tests.component import canary
from tests.databases import hostile
from tests.fakes import Clock, stand_in_for_aws

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture(scope="session")
def small_sample_url(postgres: Postgres) -> str:
    """A sample of 40 CT studies, for tests that change a copy of it."""
    url = postgres.create_database("small_sample")
    sample.fill(url, 40)
    return url


@pytest.fixture(scope="session")
def standard_url(postgres: Postgres) -> str:
    """A small sample of every modality with standard names switched on. Read it only."""
    url = postgres.create_database("standard_names")
    sample.fill(url, 200)
    sample.enable_standard_names(url)
    return url


@pytest.fixture(scope="session")
def canary_url(postgres: Postgres) -> str:
    """A small sample of every modality in which one token stands for every patient. Read it only."""
    url = postgres.create_database("canary")
    canary.fill(url)
    return url


@pytest.fixture(scope="session")
def hostile_url(postgres: Postgres) -> str:
    """A small sample of every modality whose every text means harm. Read it only."""
    url = postgres.create_database("hostile")
    hostile.fill(url)
    return url


@pytest.fixture
def services() -> Iterator[Services]:
    """An empty service."""
    with stand_in_for_aws() as made:
        yield made


@pytest.fixture
def clock(services: Services) -> Clock:
    """The service's clock, standing until a test moves it."""
    return services.clock


@pytest.fixture
def load_handler(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Callable[[dict[str, Any], Any], Any]]]:
    """`load_handler("get_export")`: the handler of that function, on the test's services or on others."""
    services_module.connect_services.cache_clear()

    def load(name: str, behind: Services = services) -> Callable[[dict[str, Any], Any], Any]:
        path = REPOSITORY / "functions" / name / "handler.py"
        spec = importlib.util.spec_from_file_location(f"handler_of_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(api_handler, "connect_services", lambda: behind)
        if hasattr(module, "connect_services"):
            monkeypatch.setattr(module, "connect_services", lambda: behind)
        return module.handler

    yield load
    services_module.connect_services.cache_clear()


@pytest.fixture
def read_log(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """`read_log()`: the lines that the service has logged since the start of the test."""
    logger, stream = configure_logging(), io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    logger.setLevel("INFO")
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stage(  # noqa: PLR0917  it is made of other fixtures
    services: Services,
    canary_url: str,
    load_handler: Callable[[str], Any],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    postgres: Postgres,
) -> canary.Stage:
    """The whole service over the canary's database, with everything that leaves it collected."""
    return canary.Stage(services, canary_url, load_handler, caplog, capfd, postgres)
