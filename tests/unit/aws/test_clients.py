"""A client is made once, when it is first used."""

import threading

import pytest

from doseexport.aws import clients as aws


def test_lazy_client_is_made_once_at_its_first_use(monkeypatch):
    made = []

    def make(service):
        made.append(service)
        return f"a client of {service}"

    monkeypatch.setattr(aws, "make_client", make)
    client = aws.LazyClient("s3")
    assert made == []
    threads = [threading.Thread(target=client.upper) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.upper() == "A CLIENT OF S3"
    assert made == ["s3"]


@pytest.fixture
def _account(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")


@pytest.mark.usefixtures("_account")
def test_prepared_client_is_the_one_that_is_used(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    aws.prepare_clients("budgets")
    assert aws.make_client("budgets") is aws.make_client("budgets")
    assert aws.make_client("sns") is not aws.make_client("sns")


@pytest.mark.usefixtures("_account")
def test_clients_are_prepared_in_functions_only(monkeypatch):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    aws.prepare_clients("sns")
    assert aws.make_client("sns") is not aws.make_client("sns")
