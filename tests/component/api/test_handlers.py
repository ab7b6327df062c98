"""Every function's handler, called with the sample events of the folder events."""

import json
from pathlib import Path

import pytest

from doseexport.aws.clients import ClientError
from doseexport.domain.export import State, make_export
from doseexport.errors import DoseExportError
from doseexport.jobs import attempt
from doseexport.version import VERSION
from tests.component.canary import CANARY
from tests.component.running import services_with
from tests.fakes import ADA, BEN, NOW, PIA, active_ids, aws_client, finish, make_new, run, take_messages
from tests.invocation import CONTEXT

EVENTS = Path(__file__).resolve().parents[3] / "events"
ID = json.loads((EVENTS / "get_export.json").read_text())["pathParameters"]["id"]


def read_event(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


def sign_in(event, caller):
    claims = {"sub": caller.id, "username": caller.name, "cognito:groups": f"[{' '.join(caller.groups)}]"}
    event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
    return event


def call(handler, event):
    answer = handler(event, CONTEXT)
    return answer["statusCode"], json.loads(answer.get("body", "null")), answer["headers"]


@pytest.fixture
def export(services):
    """The export that the sample events speak of."""
    new = make_new(filters={"date_from": "2026-01-01"})
    return services.exports.create(make_export(ID, ADA.id, ADA.name, new.request, NOW), limit=5)


def test_request_export_handler(services, load_handler):
    handler = load_handler("request_export")
    status, body, headers = call(handler, read_event("request_export"))
    assert status == 202
    assert headers["Location"] == f"/exports/{body['id']}" == body["links"]["self"]
    assert (headers["Cache-Control"], headers["Retry-After"]) == ("no-store", "2")
    assert services.exports.load(body["id"]).request.type == "ct-xlsx"
    again = call(handler, read_event("request_export"))
    assert again[1]["id"] == body["id"]
    assert len(take_messages(services)) == 2
    assert active_ids(ADA) == {body["id"]}


def test_show_audit_trail_handler(services, load_handler, export):
    finish(services, export)
    status, body, _ = call(load_handler("show_audit_trail"), read_event("show_audit_trail"))
    assert (status, body["id"]) == (200, ID)
    assert {entry["event"] for entry in body["entries"]} == {"requested", "started", "completed"}
    assert call(load_handler("show_audit_trail"), sign_in(read_event("show_audit_trail"), BEN))[0] == 403


def test_set_retention_handler(services, load_handler, export):
    handler = load_handler("set_retention")
    status, body, headers = call(handler, read_event("set_retention"))
    assert (status, body["id"], body["retention_days"], headers["Retry-After"]) == (200, ID, 60, "2")
    finish(services, export)
    status, body, headers = call(handler, read_event("set_retention"))
    assert (status, body["expires_at"], "Retry-After" in headers) == (200, "2027-01-22T11:30:00Z", False)
    assert call(handler, sign_in(read_event("set_retention"), BEN))[0] == 403


def test_show_usage_handler(services, load_handler, export):
    finish(services, export)
    status, body, _ = call(load_handler("show_usage"), read_event("show_usage"))
    assert (status, body["month"], body["complete"]) == (200, "2026-11", True)
    assert [(each["user"]["name"], each["completed"]) for each in body["users"]] == [("ada", 1)]
    assert call(load_handler("show_usage"), sign_in(read_event("show_usage"), BEN))[0] == 403


def test_list_exports_handler(services, load_handler, export):
    finish(services, export)
    status, body, _ = call(load_handler("list_exports"), read_event("list_exports"))
    assert status == 200
    assert [each["id"] for each in body["exports"]] == [ID]
    assert body["next_cursor"] is None


def test_get_export_handler(services, load_handler, export):
    handler = load_handler("get_export")
    status, body, headers = call(handler, read_event("get_export"))
    assert (status, body["id"], body["state"]) == (200, ID, "QUEUED")
    assert (body["filters"], headers["Retry-After"]) == ({"date_from": "2026-01-01"}, "2")
    finish(services, export)
    assert "Retry-After" not in call(handler, read_event("get_export"))[2]


def test_abort_export_handler(services, load_handler, export):
    run(services, export)
    handler = load_handler("abort_export")
    status, body, headers = call(handler, read_event("abort_export"))
    assert (status, body["state"], headers["Retry-After"]) == (202, "ABORTING", "2")
    assert services.exports.settle_aborted(ID, 1, services.clock())
    status, body, headers = call(handler, read_event("abort_export"))
    assert (status, body["state"], "Retry-After" in headers) == (202, "ABORTED", False)


def test_preview_handler_refuses_the_daily_call_without_an_error(load_handler, caplog):
    status, body, _ = call(load_handler("preview_export"), read_event("stay_active"))
    assert (status, body["status"]) == (401, 401)
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == []


def test_download_export_handler(services, load_handler, export):
    finish(services, export)
    status, body, _ = call(load_handler("download_export"), read_event("download_export"))
    assert (status, body["seconds"]) == (200, 300)
    assert body["url"].startswith("https://")


def test_delete_exports_handler(services, load_handler, export):
    finish(services, export)
    handler = load_handler("delete_exports")
    status, body, headers = call(handler, read_event("delete_export"))
    assert (status, body) == (204, None)
    assert "Content-Type" not in headers
    status, body, _ = call(handler, read_event("delete_exports"))
    assert (status, body["deleted"], body["refused"][0]["code"]) == (200, [], "NOT_FOUND")


def test_manage_presets_handler(load_handler):
    handler, event = load_handler("manage_presets"), read_event("manage_presets")
    status, preset, headers = call(handler, event)
    assert (status, preset["name"], preset["shared"]) == (201, "Adults of this year", True)
    assert headers["Location"] == f"/presets/{preset['id']}" == preset["links"]["self"]
    assert call(handler, {**event, "routeKey": "GET /presets"})[1]["presets"] == [preset]
    one = {**event, "pathParameters": {"id": preset["id"]}}
    assert call(handler, {**one, "routeKey": "GET /presets/{id}"})[:2] == (200, preset)
    renamed = call(handler, {**one, "routeKey": "PATCH /presets/{id}", "body": '{"name": "Adults"}'})
    assert (renamed[0], renamed[1]["name"]) == (200, "Adults")
    assert call(handler, {**one, "routeKey": "DELETE /presets/{id}"})[:2] == (204, None)
    assert call(handler, {**one, "routeKey": "GET /presets/{id}"})[:1] == (404,)


def test_sweep_exports_handler(services, load_handler, export, clock):
    run(services, export)
    clock.move(seconds=120)
    assert load_handler("sweep_exports")(read_event("sweep_exports"), CONTEXT) == {"requeued": 1}


def test_get_health_handler_needs_nothing(load_handler, monkeypatch):
    for name in ("EXPORTS_TABLE_NAME", "BUCKET_NAME", "QUEUE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert call(load_handler("get_health"), read_event("get_health"))[:2] == (
        200,
        {"status": "ok", "version": VERSION},
    )


def test_list_types_handler(load_handler):
    status, body, _ = call(load_handler("list_types"), read_event("list_types"))
    assert status == 200
    assert {"CT", "RF", "MG", "DX", "NM"} == {modality["name"] for modality in body["modalities"]}
    assert (body["user"], body["may_see_patients"], body["is_admin"]) == ("ada", False, False)


def test_preview_export_handler(services, load_handler, sample_url):
    handler = load_handler("preview_export", services_with(services, sample_url))
    status, body, headers = call(handler, read_event("preview_export"))
    assert (status, body["timed_out"], headers["Cache-Control"]) == (200, False, "no-store")
    assert 0 < body["studies"] < body["events"]
    assert take_messages(services) == []


def test_first_rows_handler(services, load_handler, sample_url):
    handler = load_handler("preview_export", services_with(services, sample_url))
    status, body, headers = call(handler, read_event("show_first_rows"))
    assert (status, body["timed_out"], headers["Cache-Control"]) == (200, False, "no-store")
    (table,) = body["tables"]
    assert (table["name"], table["more_columns"]) == ("All data", True)
    assert {len(row["cells"]) for row in table["rows"]} == {len(table["headings"])}


def test_first_rows_with_names_are_recorded_and_not_stored_by_browsers(services, load_handler, canary_url):
    handler = load_handler("preview_export", services_with(services, canary_url))
    event = sign_in(read_event("show_first_rows"), PIA)
    event["body"] = json.dumps({"type": "ct-csv", "include_names": True})
    status, body, headers = call(handler, event)
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert any(CANARY in cell for row in body["tables"][0]["rows"] for cell in row["cells"])
    assert len(services.audit.read_first_rows("2026-11", 9)) == 1


def test_suggestions_handler(services, load_handler, sample_url):
    handler = load_handler("preview_export", services_with(services, sample_url))
    status, body, headers = call(handler, read_event("list_suggestions"))
    assert (status, body["letters_needed"], headers["Cache-Control"]) == (200, None, "no-store")
    assert all("north" in each["value"].lower() for each in body["values"])
    assert body["values"][0]["count"] > 0


def test_parameter_of_another_route_of_a_function_is_unknown(load_handler):
    event = read_event("list_suggestions")
    event["queryStringParameters"]["replaces"] = "token"
    status, body, _ = call(load_handler("preview_export"), event)
    assert (status, body["code"], body["field"]) == (400, "UNKNOWN_PARAMETER", "replaces")


@pytest.mark.parametrize(("event", "content_type"), [("web", "text/html"), ("web_file", "application/json")])
def test_web_handler(load_handler, monkeypatch, event, content_type):
    for name, value in {
        "CLIENT_ID": "client",
        "POOL_ENDPOINT": "https://pool.example",
        "AWS_REGION": "eu-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    answer = load_handler("web")(read_event(event), CONTEXT)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"].startswith(content_type)


class FakeAttempts:
    """Records what it should run, and raises the given error."""

    def __init__(self, failure=None):
        self.failure = failure
        self.runs = []

    def run_attempt(self, _services, export_id, attempt, seconds_left):
        self.runs.append((export_id, attempt, seconds_left()))
        if self.failure:
            raise self.failure


def load_worker(load_handler, monkeypatch, attempts):
    monkeypatch.setattr(attempt, "run_attempt", attempts.run_attempt)
    return load_handler("run_export")


def test_run_export_handler(load_handler, monkeypatch):
    attempts = FakeAttempts()
    load_worker(load_handler, monkeypatch, attempts)(read_event("run_export"), CONTEXT)
    assert attempts.runs == [(ID, 1, 840.0)]


def test_run_export_handler_acknowledges_any_outcome(load_handler, monkeypatch):
    handler = load_worker(load_handler, monkeypatch, FakeAttempts(RuntimeError("Secret")))
    assert handler(read_event("run_export"), CONTEXT) is None


@pytest.mark.parametrize("body", ["not ours", "{}", "[" * 100_000])
def test_run_export_handler_returns_unreadable_message_to_the_queue_at_once(
    services, load_handler, monkeypatch, body
):
    attempts, client, url = FakeAttempts(), aws_client("sqs"), services.settings.queue_url
    client.send_message(QueueUrl=url, MessageBody=body)
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    event = read_event("run_export")
    event["Records"][0] |= {"body": body, "receiptHandle": message["ReceiptHandle"]}
    with pytest.raises(DoseExportError):
        load_worker(load_handler, monkeypatch, attempts)(event, CONTEXT)
    assert attempts.runs == []
    assert len(client.receive_message(QueueUrl=url)["Messages"]) == 1


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("get_export", "get_export"),
        ("abort_export", "abort_export"),
        ("download_export", "download_export"),
        ("delete_exports", "delete_export"),
    ],
)
def test_handler_reports_unknown_export_naming_id(load_handler, name, event):
    status, body, headers = call(load_handler(name), read_event(event))
    assert (status, body["code"], body["field"]) == (404, "NOT_FOUND", "id")
    assert headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("request_export", "request_export"),
        ("list_exports", "list_exports"),
        ("list_types", "list_types"),
        ("preview_export", "preview_export"),
        ("preview_export", "list_suggestions"),
        ("preview_export", "show_first_rows"),
        ("get_export", "get_export"),
        ("abort_export", "abort_export"),
        ("download_export", "download_export"),
        ("delete_exports", "delete_export"),
        ("delete_exports", "delete_exports"),
        ("manage_presets", "manage_presets"),
    ],
)
@pytest.mark.parametrize("groups", ["[]", "[pidgroup]", "exportgroup", None, {"exportgroup": 1}])
@pytest.mark.usefixtures("export")
def test_handler_refuses_every_call_without_a_group(services, load_handler, name, event, groups):
    event = read_event(event)
    event["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"] = groups
    status, body, _ = call(load_handler(name), event)
    assert (status, body["code"]) == (403, "GROUP_NEEDED")
    assert services.exports.load(ID).state is State.QUEUED
    assert take_messages(services) == []


def test_abort_export_handler_refuses_anothers_export(services, load_handler, export):
    status, body, _ = call(load_handler("abort_export"), sign_in(read_event("abort_export"), BEN))
    assert (status, body["field"]) == (403, "id")
    assert services.exports.load(ID).state is State.QUEUED


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 422), (64 * 1024 + 1, 413)])
def test_handler_accepts_body_of_64_kib(services, load_handler, size, status):
    event = read_event("request_export")
    event["body"] = json.dumps({"type": "x"}).ljust(size)
    answer = call(load_handler("request_export"), event)
    assert answer[0] == status
    assert answer[1]["field"] == ("type" if status == 422 else "body")
    assert take_messages(services) == []


def test_handler_reveals_nothing_of_unexpected_error(services, load_handler, export, monkeypatch, caplog):
    def fail(**_):
        raise ClientError({"Error": {"Code": "Odd", "Message": "Secret"}}, "GetItem")

    monkeypatch.setattr(aws_client("dynamodb"), "get_item", fail)
    status, body, _ = call(load_handler("get_export"), read_event("get_export"))
    assert (status, body["code"]) == (500, "UNEXPECTED")
    assert "Secret" not in json.dumps(body)
