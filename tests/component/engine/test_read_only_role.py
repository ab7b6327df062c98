"""docs/read_only_role.sql: its rights suffice for every type and for nothing else."""

import io
import re
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.query import (
    STANDARD_NAMES_ARE_ON,
    build_queries,
    build_repeat_counts,
)
from doseexport.errors import ExportError
from tests.component.exporting import export, list_distinct_specs

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "read_only_role.sql"
SPECS = list_distinct_specs()
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


@pytest.fixture(scope="module")
def owner_url(postgres, role_url):
    return postgres.url(role_url.rpartition("/")[2])


def test_read_only_role_run_again_keeps_password_and_connection_limit(postgres, role_url, owner_url):
    def read_role():
        query = "SELECT rolpassword, rolconnlimit FROM pg_authid WHERE rolname = 'doseexport'"
        return connection.execute(query).fetchone()

    database = role_url.rpartition("/")[2]
    set_password = f"\\set password '\\'{PASSWORD}\\''\n".encode()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE doseexport CONNECTION LIMIT 40")
        before, _ = read_role()
        postgres.load(database, io.BytesIO(set_password + SCRIPT.read_bytes()))
        given, limit = read_role()
        assert given not in {before, None}, "the script has set the password, with another salt"
        assert limit == 40
        postgres.load(database, SCRIPT)
        assert read_role() == (given, 40)
        connection.execute("ALTER ROLE doseexport CONNECTION LIMIT 14")
    with psycopg.connect(role_url) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


@contextmanager
def role_from_before_an_upgrade(owner_url, *tables):
    """The role without rights on tables that OpenREM made after read_only_role.sql ran."""
    names = sql.SQL(", ").join(map(sql.Identifier, tables))
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("REVOKE SELECT ON {} FROM doseexport").format(names))
        yield
        connection.execute(sql.SQL("GRANT SELECT ON {} TO doseexport").format(names))


def test_role_from_before_an_upgrade_makes_files_without_standard_names(role_url, owner_url):
    with role_from_before_an_upgrade(
        owner_url, "remapp_standardnames", "remapp_ctirradiationeventdata_standard_protocols"
    ):
        file, report = export(role_url, type="ct-csv")
    assert b"Standard" not in file
    assert report.warnings[0] == (
        "Standard names are not in this file, because the database user may not read"
        " remapp_ctirradiationeventdata_standard_protocols, remapp_standardnames."
        " After an upgrade, an administrator must run docs/read_only_role.sql again."
    )


def test_role_from_before_an_upgrade_is_not_warned_of_names_that_are_off(role_url, owner_url):
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE remapp_standardnamesettings SET enable_standard_names = false")
        with role_from_before_an_upgrade(owner_url, "remapp_standardnames"):
            _, report = export(role_url, type="ct-csv")
        connection.execute("UPDATE remapp_standardnamesettings SET enable_standard_names = true")
    assert not [each for each in report.warnings if "Standard names" in each]


@pytest.mark.parametrize(
    ("table", "body"),
    [
        ("remapp_petseries", {"type": "nm-csv"}),
        ("remapp_standardnames", {"type": "ct-csv", "filters": {"standard_study_name": "x"}}),
        ("remapp_accummammographyxraydose", {"type": "mg-csv", "order": "highest_agd_left"}),
    ],
)
def test_role_from_before_an_upgrade_is_told_the_table_and_the_script(role_url, owner_url, table, body):
    with role_from_before_an_upgrade(owner_url, table), pytest.raises(ExportError) as failed:
        export(role_url, **body)
    assert failed.value.code == "DATABASE_FORBIDDEN"
    assert failed.value.message == (
        f"The database user may not read a table of OpenREM: {table}."
        " After an upgrade, an administrator must run docs/read_only_role.sql again."
    )


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
    read = {STANDARD_NAMES_ARE_ON.sql}
    for spec in SPECS.values():
        for inclusions in (Inclusions(), Inclusions(include_names=True, include_ids=True, standard=True)):
            read.add(str(build_queries(ExportRequest(spec.type), inclusions)))
        read |= {build_repeat_counts(spec, [b"1"]).sql, str(spec.modality.scopes)}
        read |= {each.sql for each in (*spec.filters, *spec.orders)}
    named = re.findall(r"'(remapp_\w+)'", SCRIPT.read_text())
    assert len(set(named)) == len(named)
    assert set(named) == {table for text in read for table in re.findall(r"remapp_\w+", text)}
