"""Every type from servers of other PostgreSQL releases: the same file as from PostgreSQL 16."""

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local.sample.postgres import Postgres

from tests.component.exporting import export, list_distinct_specs
from tests.conformance.workbook_tables import read_cells
from tests.databases import servers

SPECS = list_distinct_specs()
NEEDED = {"rf-openskin": {"study_id": "44"}}


@pytest.fixture(scope="module", params=servers.RELEASES)
def other_url(request: pytest.FixtureRequest, reference_dir: Path, state: Path) -> Iterator[str]:
    """A real OpenREM database on a server of another release."""
    with Postgres(state, servers.find_programs(request.param)) as server:
        url = server.create_database("openrem")
        dump = gzip.decompress((reference_dir / "testfiles.sql.gz").read_bytes())
        # PostgreSQL has this setting from release 12 on. `heap` is its default.
        server.load("openrem", io.BytesIO(dump.replace(b"SET default_table_access_method = heap;", b"")))
        yield url


@pytest.fixture(scope="module")
def expected(openrem_url: str) -> Callable[[str], Any]:
    """The cells of a type's file from PostgreSQL 16, each made once."""
    made: dict[str, Any] = {}

    def find(kind: str) -> Any:
        if kind not in made:
            made[kind] = read_cells(export(openrem_url, type=kind, filters=NEEDED.get(kind, {}))[0])
        return made[kind]

    return find


@pytest.mark.parametrize("kind", SPECS)
def test_export_from_another_server_release_is_the_same(other_url, expected, kind):
    made, _ = export(other_url, type=kind, filters=NEEDED.get(kind, {}))
    assert read_cells(made) == expected(kind)
