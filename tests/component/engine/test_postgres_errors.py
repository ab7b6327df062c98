"""What a user reads when the database cannot serve, and whether the sweep tries again."""

from urllib.parse import urlsplit

import psycopg
import pytest
from local import sample

from doseexport.engine.postgres import Database
from doseexport.errors import ExportError, RetryableError
from tests.component.exporting import export


@pytest.fixture
def small_url(make_database):
    url = make_database()
    sample.fill(url, 40)
    return url


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
    ("damage", "code"),
    [
        ("DROP TABLE remapp_scanninglength", "SCHEMA_UNKNOWN"),
        ("ALTER TABLE remapp_ctirradiationeventdata DROP COLUMN pitch_factor", "SCHEMA_UNKNOWN"),
        ("ALTER TABLE remapp_generalstudymoduleattr DROP COLUMN modality_type", "SCHEMA_UNKNOWN"),
    ],
)
@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_missing_table_or_column_is_reported(small_url, damage, code, kind):
    with psycopg.connect(small_url, autocommit=True) as connection:
        connection.execute(damage)
    with pytest.raises(ExportError) as failed:
        export(small_url, type=kind)
    assert (failed.value.code, type(failed.value)) == (code, ExportError)


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
