"""A key of pseudonyms is made once, and an unusable one is never replaced."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from doseexport.aws.clients import BotoCoreError, ClientError, make_client
from doseexport.aws.pseudonym_keys import PseudonymKeys
from doseexport.errors import ExportError, RetryableError
from tests.fakes import PSEUDONYM_PREFIX, aws_client


@pytest.fixture
def keys(services):
    return services.pseudonym_keys


def list_names():
    return [each["Name"] for each in aws_client("secretsmanager").list_secrets()["SecretList"]]


def test_key_is_made_at_its_first_use_and_stays(keys):
    key = keys.find("pool")
    assert len(key) == 32
    assert keys.find("pool") == key
    assert keys.find("pool-2") != key
    assert list_names() == [f"{PSEUDONYM_PREFIX}pool", f"{PSEUDONYM_PREFIX}pool-2"]


def test_first_uses_at_once_get_one_key(keys):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: PseudonymKeys(keys.client, keys.settings).find("pool"), range(8)))
    assert len(set(found)) == 1
    assert list_names() == [f"{PSEUDONYM_PREFIX}pool"]


class Faster:
    """A client for which another worker makes the key between its look and its own attempt."""

    def __init__(self, client):
        self._client = client
        self._looks = 0

    def get_secret_value(self, **given):
        self._looks += 1
        if self._looks == 1:
            self._client.create_secret(Name=given["SecretId"], SecretBinary=b"x" * 32)
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return self._client.get_secret_value(**given)

    def create_secret(self, **given):
        return self._client.create_secret(**given)


def test_key_of_a_faster_worker_is_used(keys):
    assert PseudonymKeys(Faster(keys.client), keys.settings).find("pool") == b"x" * 32


@pytest.mark.parametrize("text", [b"", b"short", b"x" * 33])
def test_key_of_another_length_is_refused(keys, text):
    name = f"{PSEUDONYM_PREFIX}pool"
    if text:
        keys.client.create_secret(Name=name, SecretBinary=text)
    else:
        keys.client.create_secret(Name=name, SecretString="no key")
    assert_refused(keys)


def test_deleted_key_is_not_replaced(keys):
    keys.find("pool")
    keys.client.delete_secret(SecretId=f"{PSEUDONYM_PREFIX}pool", RecoveryWindowInDays=7)
    assert_refused(keys)
    keys.client.restore_secret(SecretId=f"{PSEUDONYM_PREFIX}pool")
    assert len(keys.find("pool")) == 32


def assert_refused(keys):
    with pytest.raises(ExportError, match="Ask an administrator") as failed:
        keys.find("pool")
    assert (failed.value.code, isinstance(failed.value, RetryableError)) == ("PSEUDONYM_KEY_REFUSED", False)


class Failing:
    """A client whose every call fails."""

    def __init__(self, error):
        self._error = error

    def get_secret_value(self, **_):
        raise self._error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "x"), "PSEUDONYM_KEY_REFUSED"),
        (ClientError({"Error": {"Code": "InternalServiceError"}}, "x"), "PSEUDONYM_KEY_UNREACHABLE"),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "x"), "PSEUDONYM_KEY_UNREACHABLE"),
        (BotoCoreError(), "PSEUDONYM_KEY_UNREACHABLE"),
    ],
)
def test_failure_of_secrets_manager_is_final_only_if_an_administrator_must_act(keys, error, code):
    with pytest.raises(ExportError) as failed:
        PseudonymKeys(Failing(error), keys.settings).find("pool")
    assert failed.value.code == code
    assert isinstance(failed.value, RetryableError) == code.endswith("UNREACHABLE")


def test_key_is_encrypted_by_the_deployments_own_kms_key(services):
    key = make_client("kms").create_key()["KeyMetadata"]["Arn"]
    keys = services.pseudonym_keys
    replace(keys, settings=replace(keys.settings, encryption=key)).find("pool")
    assert keys.client.describe_secret(SecretId=f"{PSEUDONYM_PREFIX}pool")["KmsKeyId"] == key
