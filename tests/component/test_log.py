"""An engineer can follow an export through the log, from its request to its end."""

import json
import traceback

import psycopg
import pytest

from doseexport.aws.logging import append_log_keys, log_invocations
from doseexport.aws.services import Services
from doseexport.domain.export import is_id
from doseexport.errors import DoseExportError
from doseexport.jobs.sweep import sweep_exports
from tests.component.gateway import Gateway
from tests.component.running import services_with
from tests.emf import read_lines, read_values
from tests.fakes import add, take_messages
from tests.invocation import CONTEXT

CLAIMS = {"sub": "ada-sub", "username": "ada", "cognito:groups": "[exportgroup]"}


@pytest.fixture
def ready(services, sample_url) -> Services:
    return services_with(services, sample_url)


@pytest.fixture
def work(ready, load_handler):
    """`work()`: run the worker on every message in the queue. Return what they are."""

    def run_worker():
        messages = [{"body": message["Body"]} for message in take_messages(ready)]
        load_handler("run_export", ready)({"Records": messages}, CONTEXT)
        return [json.loads(message["body"]) for message in messages]

    return run_worker


@pytest.fixture
def request_export(ready, load_handler):
    """`request_export()`: request an export through the API and return its id."""

    def post(**body):
        gateway = Gateway(lambda name: load_handler(name, ready), CLAIMS)
        answer = gateway.call("POST", "/exports", {"type": "ct-csv", **body})
        assert answer.status == 202, answer.body
        return answer.json["id"]

    return post


def test_export_is_followed_by_one_id_from_request_to_worker(request_export, work, read_log):
    export_id = request_export()
    (message,) = work()
    assert message == {"export_id": export_id, "attempt": 1, "correlation_id": "request"}
    lines = {line["message"]: line for line in read_log()}
    assert list(lines) == ["http", "attempt_started", "attempt_ended"]
    assert {line["correlation_id"] for line in lines.values()} == {"request"}
    assert {line["export_id"] for line in lines.values()} == {export_id}
    assert {line["function_request_id"] for line in lines.values()} == {"invocation"}
    assert lines["http"]["route"] == "POST /exports"


def test_export_is_followed_by_the_same_id_through_the_sweep(ready, request_export, work, read_log, clock):
    export_id = request_export()
    take_messages(ready)
    ready.exports.claim(export_id, 1, clock())
    sweep_exports(ready, clock.move(minutes=2))
    (message,) = work()
    assert message == {"export_id": export_id, "attempt": 2, "correlation_id": "request"}
    (line,) = [line for line in read_log() if line["message"] == "requeued"]
    found = [line[key] for key in ("export_id", "attempt", "correlation_id")]
    assert found == [export_id, 2, "request"]


def test_log_says_how_attempt_ended(ready, request_export, work, read_log, capsys):
    export_id = request_export()
    work()
    result = ready.exports.load(export_id).result
    line = read_log()[-1]
    found = [line[key] for key in ("message", "outcome", "type", "studies", "bytes")]
    assert found == ["attempt_ended", "COMPLETED", "ct-csv", result.studies, result.size]
    assert line["seconds"] >= 0
    values = read_values(capsys.readouterr().out)
    assert values["ExportStudies"] == [result.studies]
    assert values["ExportBytes"] == [result.size]
    assert values["ExportsCompleted"] == [1]
    assert values["ExportFaults"] == [0]
    assert {"QueueSeconds", "ExportSeconds"} <= set(values)


def test_failure_that_only_the_request_explains_is_no_fault(request_export, work, read_log, capsys):
    request_export(filters={"accession_number": "none"})
    work()
    line = read_log()[-1]
    assert [line[key] for key in ("outcome", "code", "level")] == ["FAILED", "NO_STUDIES", "WARNING"]
    values = read_values(capsys.readouterr().out)
    assert (values["ExportsFailed"], values["ExportFaults"]) == ([1], [0])


def test_failure_of_the_database_is_a_fault(services, load_handler, sample_url, read_log, capsys):
    broken = services_with(services, f"{sample_url}_missing")
    export = add(broken)
    message = json.dumps({"export_id": export.id, "attempt": 1})
    load_handler("run_export", broken)({"Records": [{"body": message}]}, CONTEXT)
    log = capsys.readouterr().out
    assert (read_values(log)["ExportsFailed"], read_values(log)["ExportFaults"]) == ([1], [1])
    (line,) = [line for line in read_lines(log) if "ExportsFailed" in line]
    assert [line[key] for key in ("export_id", "type", "code")] == [export.id, "ct-csv", "DATABASE_MISSING"]
    assert read_log()[-1]["code"] == "DATABASE_MISSING"


def test_abort_of_queued_export_is_recorded_once(ready, load_handler, capsys):
    gateway = Gateway(lambda name: load_handler(name, ready), CLAIMS)
    export = add(ready)
    for _ in range(2):
        assert gateway.call("POST", f"/exports/{export.id}/abort").status == 202
        ready.clock.move(seconds=1)
    assert read_values(capsys.readouterr().out) == {"ExportsAborted": [1]}


def test_preview_that_times_out_is_recorded(ready, load_handler, sample_url, monkeypatch, capsys):
    monkeypatch.setattr("doseexport.actions.previews.STATEMENT_SECONDS", 0.2)
    gateway = Gateway(lambda name: load_handler(name, ready), CLAIMS)
    with psycopg.connect(sample_url) as holder:
        holder.execute("LOCK TABLE remapp_ctirradiationeventdata IN ACCESS EXCLUSIVE MODE")
        answer = gateway.call("POST", "/exports/preview", {"type": "ct-csv"})
    assert answer.json["timed_out"] is True
    (line,) = read_lines(capsys.readouterr().out)
    assert (line["PreviewsTimedOut"], line["type"], line["code"]) == ([1], "ct-csv", "TABLES_LOCKED")


def test_events_are_not_logged_whatever_the_environment_says(request_export, read_log, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    assert is_id(request_export(filters={"accession_number": "ACC-7f3e"}))
    assert "ACC-7f3e" not in str(read_log())


def test_unexpected_error_is_logged_with_the_id_of_its_request(ready, load_handler, read_log, monkeypatch):
    def fail(*_):
        raise RuntimeError("SMITH^JOHN")

    monkeypatch.setattr(ready.exports, "create", fail)
    gateway = Gateway(lambda name: load_handler(name, ready), CLAIMS)
    assert gateway.call("POST", "/exports", {"type": "ct-csv"}).status == 500
    first, second = read_log()
    assert [first["message"], second["message"]] == ["unexpected", "http"]
    assert first["correlation_id"] == second["correlation_id"] == "request"
    assert "SMITH" not in str([first, second])


def test_error_that_leaves_a_function_is_logged_and_raised_without_its_text(read_log):
    def fail(_event, _context):
        append_log_keys(schedule_id="1234")
        raise RuntimeError("SMITH^JOHN")

    with pytest.raises(DoseExportError) as caught:
        log_invocations(fail)({}, CONTEXT)
    (line,) = read_log()
    found = [line[key] for key in ("message", "error", "schedule_id", "correlation_id")]
    assert found == ["invocation_failed", "RuntimeError", "1234", "invocation"]
    assert "SMITH" not in str([line, *traceback.format_exception(caught.value)])


def test_error_of_this_package_that_leaves_a_function_is_logged_with_its_code(read_log):
    def fail(_event, _context):
        raise DoseExportError("BAD_SETTING", "A setting is missing.")

    with pytest.raises(DoseExportError):
        log_invocations(fail)({}, CONTEXT)
    assert [line["code"] for line in read_log()] == ["BAD_SETTING"]


def test_lines_of_the_upload_name_their_export(services, load_handler, sample_url, read_log, monkeypatch):
    def fail(*_):
        raise OSError("SMITH^JOHN")

    monkeypatch.setattr("doseexport.aws.s3.S3Upload.discard", fail)
    broken = services_with(services, f"{sample_url}_missing")
    export = add(broken)
    message = json.dumps({"export_id": export.id, "attempt": 1})
    load_handler("run_export", broken)({"Records": [{"body": message}]}, CONTEXT)
    (line,) = [line for line in read_log() if line["message"] == "discard_failed"]
    assert [line[key] for key in ("export_id", "attempt", "error")] == [export.id, 1, "OSError"]
    assert "SMITH" not in str(line)


def test_lines_of_the_next_invocation_do_not_name_the_last_export(
    ready, load_handler, request_export, work, read_log
):
    export_id = request_export()
    work()
    load_handler("sweep_exports", ready)({}, CONTEXT)
    line = read_log()[-1]
    assert (line["message"], line["correlation_id"]) == ("swept", "invocation")
    assert export_id not in str(line)
