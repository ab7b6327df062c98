"""docs/read_only_role.sql: its rights suffice for every type and for nothing else."""

import re
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.query import (
    HAS_STANDARD_NAMES,
    STANDARD_NAMES_ARE_ON,
    build_queries,
    build_repeat_counts,
)
from tests.component.exporting import export

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "read_only_role.sql"
SPECS = catalogue.load_specs()
PASSWORD = "not-a-secret-here"


@pytest.fixture(scope="module")
def role_url(postgres, standard_url):
    """The small sample of every modality, with a table of accounts, as the role meets it."""
    owner = postgres.create_database("for_role", standard_url.rpartition("/")[2])
    with psycopg.connect(owner) as connection:
        connection.execute("CREATE TABLE auth_user (id serial, password text)")
        connection.execute("CREATE TABLE remapp_dicomremoteqr (id serial, password text)")
    postgres.load("for_role", SCRIPT)
    postgres.load("for_role", SCRIPT)  # again, as after an update
    with psycopg.connect(owner) as connection:
        connection.execute(sql.SQL("ALTER ROLE doseexport PASSWORD {}").format(PASSWORD))
    yield re.sub("//[^@]+@", f"//doseexport:{PASSWORD}@", owner)
    postgres.drop_database("for_role")
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("DROP ROLE doseexport")


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_read_only_role_can_make_every_type(role_url, spec):
    filters = {}
    if spec.needs:
        with psycopg.connect(role_url) as connection:
            query = "SELECT min(id) FROM remapp_generalstudymoduleattr WHERE modality_type = ANY(%s)"
            (study,) = connection.execute(query, [list(spec.modality.codes)]).fetchone()
        filters = {spec.needs[0]: str(study)}
    _, report = export(role_url, type=spec.type, filters=filters)
    assert report.studies > 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM auth_user",
        "SELECT * FROM remapp_dicomremoteqr",
        "SELECT * FROM pg_authid",
        "DELETE FROM remapp_generalstudymoduleattr",
        "UPDATE remapp_patientmoduleattr SET patient_name = 'x'",
        "INSERT INTO remapp_contextid (code_value, cid_table) VALUES ('x', 'x')",
        "CREATE TABLE mine (id integer)",
        "DROP TABLE remapp_contextid",
        "TRUNCATE remapp_contextid",
        "CREATE ROLE other",
        "COPY remapp_contextid TO PROGRAM 'cat'",
        "COPY remapp_contextid TO '/tmp/x'",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE openrem",
    ],
)
@pytest.mark.parametrize("inclusion", ["", "SET default_transaction_read_only = off; "])
def test_read_only_role_can_do_nothing_else(role_url, statement, inclusion):
    refusals = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ReadOnlySqlTransaction,
    )
    with psycopg.connect(role_url, autocommit=True) as connection:
        if inclusion:
            connection.execute(inclusion)
        with pytest.raises(refusals):
            connection.execute(statement)


def test_read_only_role_has_exactly_the_tables_that_exports_read():
    read = {HAS_STANDARD_NAMES.sql, STANDARD_NAMES_ARE_ON.sql}
    for spec in SPECS.values():
        for inclusions in (Inclusions(), Inclusions(include_names=True, include_ids=True, standard=True)):
            read.add(str(build_queries(ExportRequest(spec.type), inclusions)))
        read |= {build_repeat_counts(spec, [b"1"]).sql, str(spec.modality.scopes)}
        read |= {each.sql for each in (*spec.filters, *spec.orders)}
    named = re.findall(r"'(remapp_\w+)'", SCRIPT.read_text())
    assert len(set(named)) == len(named)
    assert set(named) == {table for text in read for table in re.findall(r"remapp_\w+", text)}
