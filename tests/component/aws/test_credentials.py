"""A worker signs in by a secret or by a token of its role, and reports why it cannot."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from doseexport.aws import credentials
from doseexport.aws.clients import BotoCoreError, ClientError, make_client
from doseexport.aws.credentials import find_database
from doseexport.errors import ExportError, RetryableError
from tests.component.running import make_secret, services_with

URL = "postgresql://ada:secret@db.example.invalid:5433/openrem"


def find(services, **changes):
    database = replace(services.settings.database, **changes)
    return find_database(replace(services.settings, database=database), "doseexport:x", lambda: 60.0)


@pytest.fixture
def ready(services):
    return services_with(services, URL)


def test_secret_gives_user_and_password(ready):
    database = find(ready)
    assert database.parameters == {
        "host": "db.example.invalid",
        "port": 5433,
        "dbname": "openrem",
        "user": "ada",
        "password": "secret",
        "sslmode": "disable",
    }
    assert (database.name, database.time_zone, database.seconds_left()) == (
        "doseexport:x",
        "Europe/London",
        60.0,
    )


def test_verified_connection_names_its_authorities(ready):
    database = find(ready, sslmode="verify-full", ca_file="/opt/bundle.pem")
    assert database.parameters["sslmode"] == "verify-full"
    assert database.parameters["sslrootcert"] == "/opt/bundle.pem"


def test_connection_without_secret_uses_token_of_the_role(ready):
    parameters = find(ready, secret_arn=None, user="reader").parameters
    assert parameters["user"] == "reader"
    token = urlsplit(f"https://{parameters['password']}")
    assert token.netloc == "db.example.invalid:5433"
    requested = parse_qs(token.query)
    assert (requested["Action"], requested["DBUser"]) == (["connect"], ["reader"])
    assert "X-Amz-Signature" in requested


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", "null", '"text"', '{"username": "ada"}', '{"password": "x"}']
)
def test_secret_without_login_is_a_failure_that_says_so(ready, text):
    arn = make_secret()
    if text:
        make_client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)
    else:
        make_client("secretsmanager").put_secret_value(SecretId=arn, SecretBinary=b"x")
    with pytest.raises(ExportError) as failed:
        find(ready, secret_arn=arn)
    assert (failed.value.code, isinstance(failed.value, RetryableError)) == ("SECRET_UNREADABLE", False)


def test_secret_that_does_not_exist_is_a_failure_that_says_so(ready):
    with pytest.raises(ExportError) as failed:
        find(ready, secret_arn="arn:aws:secretsmanager:eu-west-2:123456789012:secret:none")
    assert (failed.value.code, isinstance(failed.value, RetryableError)) == ("SECRET_REFUSED", False)


class Failing:
    """A Secrets Manager that fails."""

    def __init__(self, error):
        self._error = error

    def get_secret_value(self, **_):
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        BotoCoreError(),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue"),
        ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue"),
    ],
)
def test_secrets_manager_out_of_order_is_tried_again(ready, monkeypatch, error):
    monkeypatch.setattr(credentials, "make_client", lambda name: Failing(error))
    with pytest.raises(RetryableError) as failed:
        find(ready)
    assert failed.value.code == "SECRET_UNREACHABLE"
