"""The services that a function makes once from its environment."""

import logging
import re
from datetime import datetime

import pytest
from moto import mock_aws

from doseexport.aws.logging import configure_logging, describe_error
from doseexport.aws.services import connect_services
from doseexport.errors import DoseExportError
from tests.fakes import NOW


@pytest.fixture
def _environment(monkeypatch):
    for name, value in {
        "EXPORTS_TABLE_NAME": "t",
        "AUDIT_TABLE_NAME": "e",
        "SAVED_REQUESTS_TABLE_NAME": "s",
        "BUCKET_NAME": "b",
        "QUEUE_URL": "https://q",
    }.items():
        monkeypatch.setenv(name, value)
    connect_services.cache_clear()
    yield
    connect_services.cache_clear()


@pytest.mark.usefixtures("_environment")
def test_services_are_connected_once():
    with mock_aws():
        services = connect_services()
        assert connect_services() is services
    assert services.settings.exports_table_name == "t"
    assert services.clock().utcoffset() == NOW.utcoffset()


@pytest.mark.usefixtures("_environment")
def test_missing_setting_is_named(monkeypatch):
    monkeypatch.delenv("QUEUE_URL")
    with pytest.raises(DoseExportError, match="QUEUE_URL"):
        connect_services()


def test_library_loggers_stay_quiet_at_every_level(caplog):
    configure_logging()
    with caplog.at_level(logging.DEBUG):
        for name in ("botocore.endpoint", "botocore.hooks", "boto3", "urllib3.connectionpool", "psycopg"):
            logging.getLogger(name).debug("SMITH^JOHN")
    assert "SMITH" not in caplog.text


@pytest.mark.parametrize(("wanted", "level"), [("WARN", logging.WARNING), ("DEBUG", logging.DEBUG)])
def test_log_level_is_applied_whatever_lambda_lets_pass(monkeypatch, wanted, level):
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "DEBUG" if wanted == "DEBUG" else "INFO")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", wanted)
    configure_logging.cache_clear()
    configure_logging()
    assert logging.getLogger("doseexport.jobs.sweep").getEffectiveLevel() == level
    monkeypatch.undo()
    configure_logging.cache_clear()
    configure_logging()


def test_product_loggers_write_json_lines(read_log):
    with pytest.raises(KeyError) as caught:
        {}["Secret"]
    logging.getLogger("doseexport.jobs.sweep").warning("sweep_failed", extra=describe_error(caught.value))
    (line,) = read_log()
    assert (line["message"], line["error"]) == ("sweep_failed", "KeyError")
    assert line["places"][-1].startswith("test_services.py:")
    assert "Secret" not in str(line)
    # Lambda takes a line without such a time for one of level INFO.
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)", line["timestamp"])
