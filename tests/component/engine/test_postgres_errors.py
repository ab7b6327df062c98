"""What a user reads when the database cannot serve, and whether the sweep tries again."""

from urllib.parse import urlsplit

import psycopg
import pytest

from doseexport.engine.postgres import Database
from doseexport.engine.postgres_errors import translate_error
from doseexport.engine.query import Query
from doseexport.errors import ExportError, RetryableError
from tests.component.exporting import export


@pytest.fixture
def small_url(make_database, small_sample_url):
    return make_database(small_sample_url)


def change(url, **parts):
    """The URL with another user, password, port or database."""
    found = urlsplit(url)
    user = parts.get("user", found.username)
    password = parts.get("password", found.password)
    port = parts.get("port", found.port)
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{parts.get('database', found.path[1:])}"


@pytest.mark.parametrize(
    ("parts", "code", "can_help"),
    [
        ({"password": "wrong"}, "DATABASE_REFUSED", False),
        ({"user": "nobody"}, "DATABASE_REFUSED", False),
        ({"database": "nowhere"}, "DATABASE_MISSING", False),
        ({"port": 1}, "DATABASE_UNREACHABLE", True),
    ],
)
def test_failed_connection_says_whether_a_retry_can_help(sample_url, parts, code, can_help):
    with (
        pytest.raises(ExportError) as failed,
        Database({"conninfo": change(sample_url, **parts)}).open_snapshot(),
    ):
        pytest.fail("it was opened")
    assert failed.value.code == code
    assert isinstance(failed.value, RetryableError) is can_help
    assert "wrong" not in failed.value.message


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DROP TABLE remapp_scanninglength", "remapp_scanninglength"),
        ("ALTER TABLE remapp_ctirradiationeventdata DROP COLUMN pitch_factor", "event.pitch_factor"),
        ("ALTER TABLE remapp_generalstudymoduleattr DROP COLUMN modality_type", "study.modality_type"),
    ],
)
@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_missing_table_or_column_is_named(small_url, damage, named, kind):
    with psycopg.connect(small_url, autocommit=True) as connection:
        connection.execute(damage)
    with pytest.raises(ExportError) as failed:
        export(small_url, type=kind)
    assert (failed.value.code, type(failed.value)) == ("SCHEMA_UNKNOWN", ExportError)
    assert failed.value.message.endswith(f": {named}.")


def test_user_who_may_not_connect_twice_is_told(small_url):
    with psycopg.connect(small_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE single LOGIN PASSWORD 'single' CONNECTION LIMIT 1")
        try:
            with pytest.raises(RetryableError) as failed:
                export(change(small_url, user="single", password="single"))
            assert failed.value.code == "DATABASE_BUSY"
        finally:
            connection.execute("DROP ROLE single")


def test_time_zone_that_the_server_lacks_is_told(sample_url):
    database = Database({"conninfo": sample_url}, time_zone="Mars/Olympus")
    with pytest.raises(ExportError) as failed, database.open_snapshot() as snapshot:
        snapshot.begin()
    assert (failed.value.code, type(failed.value)) == ("DATABASE_SETTING", ExportError)


def test_text_that_is_invalid_in_the_database_is_told(make_database):
    url = make_database()
    name = urlsplit(url).path[1:]
    with psycopg.connect(change(url, database="postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name}")
        connection.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    query = Query(r"SELECT E'\377secret'", ())
    with pytest.raises(ExportError) as failed, Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.fetch_rows(query)
    assert (failed.value.code, type(failed.value)) == ("DATABASE_TEXT", ExportError)
    assert "secret" not in failed.value.message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.UntranslatableCharacter, "DATABASE_TEXT"),
        (psycopg.errors.CharacterNotInRepertoire, "DATABASE_TEXT"),
        (psycopg.errors.InvalidParameterValue, "DATABASE_SETTING"),
        (psycopg.errors.TooManyConnections, "DATABASE_BUSY"),
    ],
)
def test_error_of_the_database_has_its_own_sentence(error, code):
    assert translate_error(error()).code == code


def test_user_without_rights_is_reported(small_url):
    with psycopg.connect(small_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        try:
            with pytest.raises(ExportError) as failed:
                export(change(small_url, user="reader", password="reader"))
            assert failed.value.code == "DATABASE_FORBIDDEN"
        finally:
            connection.execute("DROP ROLE reader")


def test_export_without_studies_makes_no_file(sample_url):
    for kind in ("ct-csv", "ct-xlsx"):
        with pytest.raises(ExportError) as failed:
            export(sample_url, type=kind, filters={"study_description": "there is none like this"})
        assert failed.value.code == "NO_STUDIES"


def test_export_without_events_makes_a_file(sample_url):
    _, report = export(sample_url, filters={"study_description": "broken: no events"})
    assert (report.studies, report.events) == (1, 0)
