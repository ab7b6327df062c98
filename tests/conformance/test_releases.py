"""Every type from other releases of OpenREM and of PostgreSQL: the same file as from 1.0 on 16."""

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from local.sample.postgres import Postgres

from doseexport.catalogue import Inclusions
from doseexport.catalogue.schema import STUDY_TABLE, TOTAL_COLUMNS
from doseexport.catalogue.values import COUNT_VALUE
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.errors import ExportError
from tests.component.exporting import export, list_distinct_specs, parse
from tests.conformance.workbook_tables import read_cells
from tests.databases import servers

SPECS = list_distinct_specs()
BEFORE_1 = ("openrem-0.10.0", "openrem-0.10.0-summaries-not-populated")
RELEASES = (*BEFORE_1, "openrem-1.0.0b1", "openrem-1.0.0b3")
NEEDED = {"rf-openskin": {"study_id": "44"}}
ONE_TYPE = {"CT": "ct-csv", "DX": "dx-csv", "MG": "mg-csv", "RF": "rf-csv"}
STORED_ZERO = 24
"""The study whose stored total DAP is 0 although no dose is recorded."""
COUNTS = ("0", "1", "2", "4", "10", "some", "more")
NUMBERS = ("0", "0.5", "5", "50", "500", "5000")
BY_TOTALS = [
    (kind, {each.name: value}, "newest_first")
    for kind in ONE_TYPE.values()
    for each in SPECS[kind].filters
    if each.total
    for value in (COUNTS if each.value_type is COUNT_VALUE else NUMBERS)
] + [(kind, {}, each.name) for kind in ONE_TYPE.values() for each in SPECS[kind].orders if each.total]
WITHOUT_TOTALS = {
    "columns of totals are missing": " ".join(
        f"ALTER TABLE {STUDY_TABLE} DROP COLUMN {name};" for name in TOTAL_COLUMNS
    ),
    "a column of totals is missing": f"ALTER TABLE {STUDY_TABLE} DROP COLUMN total_dap",
    "totals are partly filled": f"""UPDATE {STUDY_TABLE} SET
        {", ".join(f"{name} = NULL" for name in TOTAL_COLUMNS)} WHERE id % 2 = 1""",
}


@pytest.fixture(scope="module")
def release_url(postgres: Postgres, reference_dir: Path) -> Iterator[Callable[[str], str]]:
    """Load the database of a release once, `release_url("openrem-0.10.0")`. Read it only."""
    urls: dict[str, str] = {}

    def load(release: str) -> str:
        if release not in urls:
            name = re.sub(r"\W", "_", release)
            urls[release] = postgres.create_database(name)
            postgres.load(name, reference_dir / "versions" / f"{release}.sql.gz")
        return urls[release]

    yield load
    for url in urls.values():
        postgres.drop_database(url.rpartition("/")[2])


@pytest.fixture(scope="module", params=servers.RELEASES)
def other_server_url(request: pytest.FixtureRequest, reference_dir: Path, state: Path) -> Iterator[str]:
    """OpenREM 1.0's database on a server of another release."""
    with Postgres(state, servers.find_programs(request.param)) as server:
        url = server.create_database("openrem")
        dump = gzip.decompress((reference_dir / "testfiles.sql.gz").read_bytes())
        # PostgreSQL has this setting from release 12 on. `heap` is its default.
        server.load("openrem", io.BytesIO(dump.replace(b"SET default_table_access_method = heap;", b"")))
        yield url


@pytest.fixture(scope="module")
def expected(openrem_url: str) -> Callable[[str], dict[str, Any]]:
    """The parts of a type's file from OpenREM 1.0's database on PostgreSQL 16, each made once."""
    made: dict[str, dict[str, Any]] = {}

    def find(kind: str) -> dict[str, Any]:
        if kind not in made:
            made[kind] = read_cells(export(openrem_url, type=kind, filters=NEEDED.get(kind, {}))[0])
        return made[kind]

    return find


@pytest.fixture(scope="module")
def upgraded_url(postgres: Postgres, release_url: Callable[[str], str]) -> Iterator[str]:
    """A database of 1.0.0b3 with the rows of 0.10. New columns and tables are empty, as after an upgrade."""
    url = postgres.create_database("upgraded", release_url("openrem-1.0.0b3").rpartition("/")[2])
    with psycopg.connect(release_url("openrem-0.10.0")) as old, psycopg.connect(url) as new:
        new.execute("SET session_replication_role = replica")
        old_columns, new_columns = list_columns(old), list_columns(new)
        new.execute(f"TRUNCATE {', '.join(new_columns)}")
        for table in old_columns.keys() & new_columns.keys():
            names = ", ".join(f'"{name}"' for name in old_columns[table] if name in new_columns[table])
            for name in set(new_columns[table]) - set(old_columns[table]):
                new.execute(f'ALTER TABLE {table} ALTER COLUMN "{name}" DROP NOT NULL')
            with (
                old.cursor().copy(f"COPY {table} ({names}) TO STDOUT") as source,
                new.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as target,
            ):
                for chunk in source:
                    target.write(chunk)
    yield url
    postgres.drop_database("upgraded")


def list_columns(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Return the columns of OpenREM's tables."""
    return dict(
        connection.execute(
            "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name LIKE 'remapp%'"
            " GROUP BY table_name"
        ).fetchall()
    )


@pytest.mark.parametrize("kind", [kind for kind in SPECS if not kind.startswith("nm-")])
def test_export_after_an_upgrade_is_the_same(upgraded_url, expected, kind):
    made, _ = export(upgraded_url, type=kind, filters=NEEDED.get(kind, {}))
    assert read_cells(made) == expected(kind)


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("release", RELEASES)
def test_export_of_another_release_is_the_same(release_url, expected, release, kind):
    if release in BEFORE_1 and kind.startswith("nm-"):
        with pytest.raises(ExportError, match=r"^OpenREM before 1\.0 has no nuclear medicine\.$"):
            export(release_url(release), type=kind)
        return
    made, _ = export(release_url(release), type=kind, filters=NEEDED.get(kind, {}))
    assert read_cells(made) == expected(kind)


@pytest.mark.parametrize("kind", SPECS)
def test_export_from_another_server_release_is_the_same(other_server_url, expected, kind):
    made, _ = export(other_server_url, type=kind, filters=NEEDED.get(kind, {}))
    assert read_cells(made) == expected(kind)


def choose_by_totals(url: str) -> dict[str, list[int]]:
    """Return the ids of the studies, in order, that each case chooses, without STORED_ZERO."""
    chosen = {}
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.begin()
        schema = snapshot.read_schema()
        for kind, filters, order in BY_TOTALS:
            request = parse(type=kind, filters=filters, order=order)
            rows = snapshot.fetch_rows(build_queries(request, Inclusions(), schema).studies)
            ids = dict.fromkeys(row[0] for row in rows)
            chosen[f"{kind} {filters} {order}"] = [study for study in ids if study != STORED_ZERO]
    return chosen


@pytest.fixture(scope="module")
def chosen_with_totals(openrem_url: str) -> dict[str, list[int]]:
    """What the cases choose where every total is stored."""
    return choose_by_totals(openrem_url)


@pytest.fixture(scope="module", params=["summaries are empty", *WITHOUT_TOTALS])
def url_without_totals(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    openrem_url: str,
    release_url: Callable[[str], str],
) -> Iterator[str]:
    """A database that lacks totals."""
    if request.param not in WITHOUT_TOTALS:
        yield release_url("openrem-0.10.0-summaries-not-populated")
        return
    url = postgres.create_database("without_totals", openrem_url.rpartition("/")[2])
    with psycopg.connect(url) as connection:
        connection.execute(WITHOUT_TOTALS[request.param])
    yield url
    postgres.drop_database("without_totals")


def test_filter_and_order_without_totals_choose_the_same(url_without_totals, chosen_with_totals):
    assert any(chosen_with_totals.values())
    assert choose_by_totals(url_without_totals) == chosen_with_totals


@pytest.mark.parametrize("kind", ["dx-phe2019-study", "dx-phe2019-projection", "rf-phe2019", "mg-xlsx"])
def test_form_without_totals_is_the_same(url_without_totals, expected, kind):
    made, _ = export(url_without_totals, type=kind)
    assert read_cells(made) == expected(kind)


@pytest.mark.parametrize(
    ("kind", "choices", "studies"),
    [
        ("rf-phe2019", {}, 12),
        ("dx-phe2019-study", {}, 12),
        ("ct-csv", {"filters": {"dlp_min": "500"}}, 8),
        ("ct-csv", {"filters": {"dlp_min": "500", "spiral_events": "2"}}, 3),
        ("mg-csv", {"order": "highest_agd_left"}, 7),
        ("ct-csv", {}, 0),
        ("mg-csv", {"order": "oldest_first"}, 0),
    ],
)
def test_computed_totals_are_warned_of(release_url, openrem_url, kind, choices, studies):
    warning = (
        f"OpenREM has no totals yet for {studies} studies: they were computed from the accumulated doses."
    )
    _, report = export(release_url("openrem-0.10.0-summaries-not-populated"), type=kind, **choices)
    assert (warning in report.warnings) is bool(studies)
    for url in (openrem_url, release_url("openrem-0.10.0")):
        _, report = export(url, type=kind, **choices)
        assert not [each for each in report.warnings if "no totals yet" in each]


@pytest.mark.parametrize(
    ("kind", "filters", "names"),
    [
        ("dx-csv", {"standard_acquisition_name": "std aec"}, {"STD AEC": 2}),
        ("dx-csv", {}, {"STD AEC": 2, "STD ABD_1_VIEW": 3}),
        ("mg-csv", {}, {"STD STEREO": 2}),
    ],
)
def test_standard_names_reach_every_image(release_url, kind, filters, names):
    url = release_url("openrem-1.0.0b2-standard-names-1016")
    rows = csv.DictReader(io.StringIO(export(url, type=kind, filters=filters)[0].decode("utf-8-sig")))
    cells = (cell for row in rows for name, cell in row.items() if "Standard acquisition" in name)
    assert Counter(filter(None, cells)) == names


def test_standard_names_of_every_image_are_counted_and_have_a_sheet(release_url):
    made, _ = export(release_url("openrem-1.0.0b2-standard-names-1016"), type="dx-xlsx")
    sheets = read_cells(made)
    counts = {
        (name, times)
        for row in sheets["Summary"]
        for name, times in pairwise(row)
        if str(name).startswith("STD ")
    }
    assert counts == {("STD AEC", 2), ("STD ABD_1_VIEW", 3)}
    rows = {name: len(sheet) for name, sheet in sheets.items() if name.startswith("(standard)")}
    assert rows == {"(standard)_std_aec": 3, "(standard)_std_abd_1_view": 4}  # headings, then exposures


def test_filter_by_a_name_that_only_later_images_lack_finds_the_study(release_url, make_database):
    url = make_database(release_url("openrem-1.0.0b2-standard-names-1016"))
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM remapp_irradeventxraydata_standard_protocols")
    _, report = export(url, type="mg-csv", filters={"standard_acquisition_name": "stereo"})
    assert report.studies == 1
