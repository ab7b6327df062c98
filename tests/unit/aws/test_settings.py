"""The environment of a function."""

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from doseexport.aws.settings import Settings
from doseexport.errors import DoseExportError
from doseexport.version import VERSION

RESOURCES = {
    "EXPORTS_TABLE_NAME": "t",
    "AUDIT_TABLE_NAME": "e",
    "SAVED_REQUESTS_TABLE_NAME": "s",
    "BUCKET_NAME": "b",
    "QUEUE_URL": "https://q",
}
DATABASE = {"DATABASE_HOST": "db", "DATABASE_NAME": "openrem", "DATABASE_USER": "reader"}


def test_settings_have_the_documented_defaults():
    settings = Settings.from_environment(RESOURCES)
    assert (settings.max_active_exports, settings.download_seconds) == (5, 300)
    assert (settings.retention, settings.max_retention) == (timedelta(days=30), timedelta(days=90))
    assert settings.audit_retention == timedelta(days=2555)
    assert settings.time_zone.key == "Europe/London"
    assert settings.database is None


def test_settings_verify_the_database_by_default():
    database = Settings.from_environment({**RESOURCES, **DATABASE, "DATABASE_SECRET_ARN": ""}).database
    assert (database.host, database.port, database.sslmode) == ("db", 5432, "verify-full")
    assert database.secret_arn is None


def test_settings_can_all_be_set():
    environment = {
        **RESOURCES,
        **DATABASE,
        "MAX_ACTIVE_EXPORTS": "2",
        "RETENTION_DAYS": "7",
        "MAX_RETENTION_DAYS": "7",
        "DOWNLOAD_SECONDS": "60",
        "TIME_ZONE": "Europe/Dublin",
        "DATABASE_PORT": "6432",
        "DATABASE_SECRET_ARN": "arn",
        "DATABASE_SSLMODE": "disable",
        "DATABASE_CA_FILE": "/opt/ca.pem",
    }
    settings = Settings.from_environment(environment)
    assert (settings.max_active_exports, settings.download_seconds) == (2, 60)
    assert settings.retention == settings.max_retention == timedelta(days=7)
    assert (settings.database.port, settings.database.secret_arn) == (6432, "arn")
    assert (settings.database.sslmode, settings.database.ca_file) == ("disable", "/opt/ca.pem")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXPORTS_TABLE_NAME", ""),
        ("QUEUE_URL", ""),
        ("MAX_ACTIVE_EXPORTS", "0"),
        ("MAX_ACTIVE_EXPORTS", "many"),
        ("RETENTION_DAYS", "-1"),
        ("RETENTION_DAYS", "91"),
        ("MAX_RETENTION_DAYS", "0"),
        ("TIME_ZONE", "Nowhere/Here"),
        ("TIME_ZONE", "../etc/passwd"),
        ("DATABASE_NAME", ""),
    ],
)
def test_settings_name_the_invalid_one(name, value):
    with pytest.raises(DoseExportError) as caught:
        Settings.from_environment({**RESOURCES, **DATABASE, name: value})
    assert (caught.value.code, caught.value.field) == ("BAD_SETTING", name)


def test_version_is_that_of_the_package():
    project = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
