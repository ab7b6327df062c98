"""One attempt at an export, on moto's AWS and a real PostgreSQL: it publishes a complete file, or nothing."""

import hashlib
import io

import openpyxl
import pytest

from doseexport.domain.export import State
from doseexport.jobs import attempt as attempt_module
from doseexport.jobs import heartbeat
from tests.component.exporting import export as export_locally
from tests.component.running import (
    PATIENCE,
    BlockedRun,
    assert_no_file,
    plenty,
    read_object,
    run,
    services_with,
)
from tests.fakes import ADA, PIA, add, keys_of, list_keys, list_uploads, put_object


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch):
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)


@pytest.fixture
def ready(services, sample_url):
    """The service with the sample as its database."""
    return services_with(services, sample_url)


@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_attempt_completes_with_facts_of_its_file(ready, sample_url, kind):
    row = run(ready, add(ready, type=kind))
    assert row.state is State.COMPLETED
    data = read_object(ready, row.result.key)
    assert list_keys(ready) == keys_of(row.result)
    assert list_uploads(ready) == []
    assert (row.result.size, row.result.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    local, report = export_locally(sample_url, type=kind)
    assert (row.result.studies, row.result.events) == (report.studies, report.events)
    assert row.result.warnings == report.warnings
    assert row.progress.studies_done == row.progress.studies_total == 400
    if kind == "ct-csv":
        assert data == local
    else:
        assert openpyxl.load_workbook(io.BytesIO(data), read_only=True).sheetnames[1] == "All data"


def test_attempt_names_file_by_type_and_local_time(ready):
    row = run(ready, add(ready, PIA, filters={"patient_id": "FICT-1"}))
    assert row.result.file_name == "ct-csv_2026-11-23_1130.csv"
    assert row.result.key == f"exports/{row.id}/1/ct-csv_2026-11-23_1130.csv"


def test_attempt_runs_once_for_a_message_that_comes_twice(ready):
    export = add(ready)
    first = run(ready, export)
    assert run(ready, export) == first
    assert list_keys(ready) == keys_of(first.result)


def test_attempt_ignores_message_while_the_export_runs(ready):
    export = add(ready)
    running = ready.exports.claim(export.id, 1, ready.clock())
    assert run(ready, export) == running
    assert_no_file(ready)


@pytest.mark.parametrize("attempt", [0, 2])
def test_attempt_ignores_message_of_another_attempt(ready, attempt):
    export = add(ready)
    assert run(ready, export, attempt) == export
    assert_no_file(ready)


def test_attempt_ignores_unknown_export(ready):
    attempt_module.run_attempt(ready, "x" * 32, 1, plenty)
    assert_no_file(ready)


def test_attempt_ends_on_abort_while_postgresql_sorts(ready, sample_url, monkeypatch):
    with BlockedRun(ready, sample_url, monkeypatch) as blocked:
        ready.exports.request_abort(blocked.export.id, ADA, ready.clock())
        row = blocked.end()
    assert (row.state, row.failure, row.result) == (State.ABORTED, None, None)
    assert_no_file(ready)


def take_over(services, export):
    """Give the export to a second attempt, which already has an object."""
    now = services.clock()
    assert services.exports.release(export.id, 1, "SILENT", "It fell silent.", now)
    assert services.exports.requeue(export.id, 1, now)
    assert services.exports.claim(export.id, 2, now)
    put_object(services, f"exports/{export.id}/2/ct.csv")
    return services.exports.load(export.id)


def assert_untouched(services, theirs, row):
    assert row == theirs
    assert list_keys(services) == [f"exports/{row.id}/2/ct.csv"]
    assert list_uploads(services) == []


def test_attempt_without_lease_publishes_and_touches_nothing(ready, sample_url, monkeypatch):
    with BlockedRun(ready, sample_url, monkeypatch) as blocked:
        theirs = take_over(ready, blocked.export)
        row = blocked.end()
    assert_untouched(ready, theirs, row)


def change_the_end(monkeypatch, act):
    """Let `act` happen when the whole file is written and not yet published."""
    write = attempt_module.write_export

    def write_and_act(*arguments):
        report = write(*arguments)
        act()
        return report

    monkeypatch.setattr(attempt_module, "write_export", write_and_act)


def test_attempt_that_loses_its_lease_at_the_last_moment_has_lost(ready, monkeypatch):
    export, theirs = add(ready), []
    monkeypatch.setattr(heartbeat, "INTERVAL", PATIENCE)
    change_the_end(monkeypatch, lambda: theirs.append(take_over(ready, export)))
    row = run(ready, export)
    assert_untouched(ready, theirs[0], row)


def test_attempt_aborted_at_the_last_moment_is_aborted(ready, monkeypatch):
    export = add(ready)
    monkeypatch.setattr(heartbeat, "INTERVAL", PATIENCE)
    change_the_end(monkeypatch, lambda: ready.exports.request_abort(export.id, ADA, ready.clock()))
    assert run(ready, export).state is State.ABORTED
    assert_no_file(ready)
