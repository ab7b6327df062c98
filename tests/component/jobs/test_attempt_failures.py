"""A failed attempt ends with a code that users can act on, or is repeated. It reveals no data."""

import io
import logging
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from doseexport.domain.export import State
from doseexport.engine.writers import parts
from doseexport.errors import ExportError
from doseexport.jobs import attempt as attempt_module
from doseexport.jobs import heartbeat
from tests.component.running import (
    PATIENCE,
    BlockedRun,
    assert_no_file,
    login_of,
    make_secret,
    run,
    services_with,
)
from tests.fakes import PIA, add, make_settings, read_row

SECRET = "Secret^Name"


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch):
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)


@pytest.fixture
def ready(services, sample_url):
    """The service with the sample as its database."""
    return services_with(services, sample_url)


def assert_released(services, row, code):
    """The row waits for the sweep, which queues it again."""
    assert (row.state, row.failure.code) == (State.RUNNING, code)
    assert row.is_lease_over(services.clock())
    assert_no_file(services)


def test_attempt_out_of_time_fails_with_code(ready, sample_url, monkeypatch):
    left = [900.0]
    with BlockedRun(ready, sample_url, monkeypatch, lambda: left[0]) as blocked:
        left[0] = 20.0
        row = blocked.end()
    assert (row.state, row.failure.code) == (State.FAILED, "OUT_OF_TIME")
    assert_no_file(ready)


def test_attempt_out_of_time_while_storing_is_no_abort(ready, monkeypatch):
    write, left = attempt_module.write_export, [900.0]

    def write_for_long(requested, database, sink, monitor):
        report = write(requested, database, sink, monitor)
        left[0], end = 20.0, time.monotonic() + PATIENCE
        with suppress(ExportError):
            while time.monotonic() < end:
                sink.write(b"")  # raises once the sink is stopped
                time.sleep(0.01)
        return report

    monkeypatch.setattr(attempt_module, "write_export", write_for_long)
    row = run(ready, add(ready), seconds_left=lambda: left[0])
    assert (row.state, row.failure.code) == (State.FAILED, "OUT_OF_TIME")
    assert_no_file(ready)


def test_attempt_is_ended_by_postgresql_when_it_outlives_its_worker(ready, sample_url, monkeypatch):
    """Though nothing cancelled it: the heartbeat has time, the statement has not."""
    monkeypatch.setattr(heartbeat, "LAST_SECONDS", 0)
    with BlockedRun(ready, sample_url, monkeypatch, lambda: 3.0) as blocked:
        row = blocked.end()
    assert (row.state, row.failure.code) == (State.FAILED, "OUT_OF_TIME")
    assert_no_file(ready)


@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_attempt_without_studies_fails_with_code(ready, kind):
    row = run(ready, add(ready, type=kind, filters={"study_description": "there is none"}))
    assert (row.state, row.failure.code) == (State.FAILED, "NO_STUDIES")
    assert_no_file(ready)


def test_attempt_with_wrong_password_fails_with_code(services, sample_url):
    wrong = services_with(services, sample_url, secret=make_secret(password="wrong"))
    row = run(wrong, add(wrong))
    assert (row.state, row.failure.code) == (State.FAILED, "DATABASE_REFUSED")
    assert_no_file(wrong)


def test_attempt_without_database_fails_with_code(services):
    nowhere = replace(services, settings=make_settings())
    row = run(nowhere, add(nowhere))
    assert (row.state, row.failure.code) == (State.FAILED, "DATABASE_MISSING")


def test_attempt_with_unreachable_database_is_repeated(services, sample_url):
    away = services_with(services, sample_url, port=1)
    assert_released(away, run(away, add(away)), "DATABASE_UNREACHABLE")


def test_attempt_with_broken_connection_is_repeated(ready, sample_url, monkeypatch):
    with BlockedRun(ready, sample_url, monkeypatch) as blocked:
        blocked.query_sessions("SELECT pg_terminate_backend(pid) FROM mine")
        row = blocked.end()
    assert_released(ready, row, "DATABASE_LOST")


class FullDisk(io.BytesIO):
    """A file that accepts a little and then no more, not even what must still be flushed."""

    def write(self, data):
        raise OSError(28, "No space left on device")

    def close(self):
        super().close()
        raise OSError(28, "No space left on device")


def test_attempt_with_full_disk_fails_with_code(ready, monkeypatch):
    monkeypatch.setattr(parts.tempfile, "TemporaryFile", FullDisk)
    row = run(ready, add(ready, type="ct-xlsx"))
    assert (row.state, row.failure.code) == (State.FAILED, "NO_SPACE")
    assert_no_file(ready)


def fail(*_):
    raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    "place",
    [
        "engine.export_file.build_queries",
        "engine.export_file.plan_file",
        "engine.export_file.describe_warnings",
        "jobs.attempt.find_database",
    ],
)
def test_attempt_with_unexpected_error_is_repeated_and_reveals_no_data(ready, monkeypatch, caplog, place):
    monkeypatch.setattr(f"doseexport.{place}", fail)
    export = add(ready)
    assert_released(ready, run(ready, export), "INTERNAL")
    assert SECRET not in str(read_row(f"EXPORT#{export.id}"))
    assert "attempt_ended" in caplog.messages
    assert SECRET not in str(
        [record.__dict__ for record in caplog.records if record.name.startswith("doseexport")]
    )


@pytest.mark.parametrize("name", ["Nobody^Patient 1", "nobody is called this"])
def test_attempt_logs_no_patient(ready, caplog, name):
    caplog.set_level(logging.DEBUG, "doseexport")
    run(ready, add(ready, PIA, type="ct-xlsx", filters={"patient_name": name}, include_names=True))
    assert name not in str(
        [record.__dict__ for record in caplog.records if record.name.startswith("doseexport")]
    )


def test_attempt_reads_the_login_each_time(services, sample_url):
    """A rotated secret needs no new worker."""
    wrong = make_secret(password="wrong")
    ready = services_with(services, sample_url, secret=wrong)
    assert run(ready, add(ready)).state is State.FAILED
    make_secret(wrong, **login_of(sample_url))
    assert run(ready, add(ready)).state is State.COMPLETED
