"""A database outside RDS: its authority is in the secret, and only its own certificate is accepted."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from doseexport.aws.credentials import find_database
from doseexport.domain.export import State
from doseexport.errors import ExportError, RetryableError
from tests.component import running
from tests.component.tls import NOW, Authority, tls_front
from tests.fakes import add, list_keys

RDS_ROOTS = Path(__file__).resolve().parents[3] / "layers/worker/rds-ca-bundle.pem"


@pytest.fixture(scope="module")
def hospital():
    return Authority("Hospital")


@pytest.fixture
def connect(services, sample_url):
    """A service whose database is behind a TLS front: `connect(certificate, ca=…, host=…)`."""

    @contextmanager
    def behind(certificate, host="localhost", **secret):
        login = running.login_of(sample_url) | secret
        with tls_front(urlsplit(sample_url).port, certificate) as port:
            ready = running.services_with(services, sample_url, running.make_secret(**login), port)
            database = replace(
                ready.settings.database, host=host, sslmode="verify-full", ca_file=str(RDS_ROOTS)
            )
            yield replace(ready, settings=replace(ready.settings, database=database))

    return behind


def count_connections(ready):
    with find_database(ready.settings, "doseexport:x", lambda: 60.0).open_snapshot() as snapshot:
        return len(snapshot.connections)


def fail_to_open(ready):
    with (
        pytest.raises(ExportError) as failed,
        find_database(ready.settings, "doseexport:x", lambda: 60.0).open_snapshot(),
    ):
        pytest.fail("it was opened")
    assert not isinstance(failed.value, RetryableError)
    assert failed.value.code == "DATABASE_TLS"
    return failed.value.message


def test_export_through_tls_of_the_hospital_authority_completes(connect, hospital, tmp_path):
    with connect(hospital.issue(tmp_path, "localhost"), ca=hospital.pem) as ready:
        export = running.run(ready, add(ready))
        assert (export.state, export.failure) == (State.COMPLETED, None)
        assert list_keys(ready)


def test_several_authorities_in_the_secret_are_all_trusted(connect, hospital, tmp_path):
    certificates = Authority("Another").pem + hospital.pem
    with connect(hospital.issue(tmp_path, "localhost"), ca=certificates) as ready:
        assert count_connections(ready) == 2


def test_certificate_for_an_address_is_accepted(connect, hospital, tmp_path):
    with connect(hospital.issue(tmp_path, "127.0.0.1"), "127.0.0.1", ca=hospital.pem) as ready:
        assert count_connections(ready) == 2


@pytest.mark.parametrize("trusted", [True, False], ids=["another authority", "the roots of RDS"])
def test_certificate_of_an_unknown_authority_is_refused(connect, hospital, tmp_path, trusted):
    secret = {"ca": Authority("Another").pem} if trusted else {}
    with connect(hospital.issue(tmp_path, "localhost"), **secret) as ready:
        assert "unknown authority signed" in fail_to_open(ready)


def test_certificate_for_another_host_is_refused(connect, hospital, tmp_path):
    with connect(hospital.issue(tmp_path, "db.example.invalid"), ca=hospital.pem) as ready:
        assert "another host name" in fail_to_open(ready)
    with connect(hospital.issue(tmp_path, "localhost"), "127.0.0.1", ca=hospital.pem) as ready:
        assert "another host name" in fail_to_open(ready)


def test_expired_certificate_is_refused(connect, hospital, tmp_path):
    certificate = hospital.issue(tmp_path, "localhost", expires=NOW - timedelta(days=1))
    with connect(certificate, ca=hospital.pem) as ready:
        assert "has expired" in fail_to_open(ready)


def test_server_without_tls_is_refused(connect, hospital):
    with connect(None, ca=hospital.pem) as ready:
        assert "offers no TLS" in fail_to_open(ready)


def test_failed_export_shows_the_reason_of_the_refusal(connect, hospital, tmp_path):
    with connect(hospital.issue(tmp_path, "db.example.invalid"), ca=hospital.pem) as ready:
        export = running.run(ready, add(ready))
    assert (export.state, export.failure.code) == (State.FAILED, "DATABASE_TLS")
    assert "another host name" in export.failure.message


@pytest.mark.parametrize(
    "text", ["hospital", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_authority_that_is_no_certificate_fails_with_message(connect, hospital, tmp_path, text):
    with (
        connect(hospital.issue(tmp_path, "localhost"), ca=text) as ready,
        pytest.raises(ExportError) as failed,
    ):
        find_database(ready.settings, "doseexport:x", lambda: 60.0)
    assert failed.value.code == "SECRET_UNREADABLE"
    assert '"ca"' in failed.value.message
