"""Record a real database once, for properties that read it a thousand times."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from local import sample
from local.sample.postgres import Postgres

from doseexport.domain.request import parse_request
from tests.databases.recorded import Recording, record

STUDIES = 3


@pytest.fixture(scope="session")
def recordings(postgres: Postgres) -> dict[str, Recording]:
    """The answers of a database with a few studies, by export type."""
    url = postgres.create_database("recorded")
    sample.fill(url, STUDIES)
    found = {}
    for kind in ("ct-csv", "ct-xlsx"):
        request = parse_request({"type": kind}, may_see_patients=False)
        found[kind] = record(url, request, "ada", datetime(2026, 11, 23, tzinfo=UTC))
    return found


@pytest.fixture(scope="module")
def no_real_aws() -> Iterator[None]:
    """Keys without an owner, for moto."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield
