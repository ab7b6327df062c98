"""Events of API Gateway become calls, and results become replies."""

import base64
import gzip
import json
import logging

import pytest

from doseexport.api import handler as api
from doseexport.api.handler import MAX_BODY, Call, read_call, serve
from doseexport.api.replies import Reply, respond_problem
from doseexport.errors import RequestError, unprocessable
from tests.fakes import ADA
from tests.invocation import CONTEXT

CLAIMS = {"sub": "ada-sub", "username": "ada", "cognito:groups": "[exportgroup]"}


@pytest.fixture(autouse=True)
def without_services(monkeypatch):
    monkeypatch.setattr(api, "connect_services", lambda: None)


def make_event(**changes):
    event = {
        "routeKey": "POST /exports",
        "headers": {},
        "requestContext": {"authorizer": {"jwt": {"claims": CLAIMS}}},
        "isBase64Encoded": False,
    }
    return {**event, **changes}


def read_body(body, *, is_base64=False):
    return read_call(make_event(body=body, isBase64Encoded=is_base64)).read_json()


def answer(function, event, *parameters):
    response = serve({"POST /exports": function}, *parameters)(event, CONTEXT)
    return response["statusCode"], json.loads(response["body"])


def test_read_call_reads_an_event():
    event = make_event(
        pathParameters={"id": "x"},
        queryStringParameters={"scope": "all"},
        headers={"Idempotency-Key": "key"},
        body='{"a": 1}',
    )
    call = read_call(event, frozenset({"scope"}))
    assert (call.caller, call.id, call.query, call.idempotency_key) == (ADA, "x", {"scope": "all"}, "key")
    assert call.read_json() == {"a": 1}
    assert "body" not in repr(call)


def test_read_call_accepts_an_event_without_anything():
    call = read_call(make_event())
    assert (call.id, call.query, call.idempotency_key, call.read_json()) == ("", {}, None, None)


def test_read_call_decodes_base64_body():
    text = base64.b64encode('{"a": "é"}'.encode()).decode()
    assert read_body(text, is_base64=True) == {"a": "é"}


@pytest.mark.parametrize(
    "body",
    ["{", "{}{}", "\x00", '{"a": NaN}', '{"a": -Infinity}', '{"a": "\\ud800"}', "[" * 20_000, "9" * 5_000],
)
def test_read_call_refuses_body_that_is_not_json_with_400(body):
    with pytest.raises(RequestError) as caught:
        read_body(body)
    assert (caught.value.status, caught.value.code, caught.value.field) == (400, "BAD_JSON", "body")


@pytest.mark.parametrize(("text", "code"), [("%%%", "BAD_BASE64"), ("é", "BAD_BASE64"), ("/w==", "BAD_JSON")])
def test_read_call_refuses_bad_encoding_with_400(text, code):
    with pytest.raises(RequestError) as caught:
        read_body(text, is_base64=True)
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize("is_base64", [False, True])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 3 * MAX_BODY])
def test_read_call_refuses_large_body_with_413(size, is_base64):
    body = '"' + "x" * (size - 2) + '"'
    if is_base64:
        body = base64.b64encode(body.encode()).decode()
    with pytest.raises(RequestError) as caught:
        read_body(body, is_base64=is_base64)
    assert (caught.value.status, caught.value.field) == (413, "body")


def test_read_call_counts_bytes_not_characters():
    with pytest.raises(RequestError) as caught:
        read_body('"' + "é" * (MAX_BODY // 2) + '"')
    assert caught.value.status == 413


def test_read_call_accepts_the_largest_body():
    assert read_body('"' + "x" * (MAX_BODY - 2) + '"') == "x" * (MAX_BODY - 2)


@pytest.mark.parametrize("body", ['{"type": "a", "type": "b"}', '{"filters": {"x": 1, "y": 2, "x": 1}}'])
def test_read_call_refuses_a_name_given_twice(body):
    with pytest.raises(RequestError) as caught:
        read_body(body)
    assert (caught.value.status, caught.value.code) == (400, "BAD_JSON")
    assert "twice" in caught.value.message


@pytest.mark.parametrize("body", ['{"filters": {"dlp_min": 1}}', "[]", "0", '""', "false"])
def test_call_refuses_a_body_that_it_would_ignore(body):
    def route(_services, call):
        call.refuse_body()
        return Reply(200, {})

    status, shown = answer(route, make_event(body=body))
    assert (status, shown["code"], shown["field"]) == (400, "NO_BODY_TAKEN", "body")
    for empty in ("", "{}", "null", None):
        assert answer(route, make_event(body=empty))[0] == 200


def test_read_call_names_a_repeated_parameter():
    event = make_event(queryStringParameters={"q": "a,b", "scope": "all"}, rawQueryString="q=a&scope=all&q=b")
    status, body = answer(lambda _services, _call: Reply(200, {}), event, "scope", "q")
    assert (status, body["code"], body["field"]) == (400, "REPEATED_PARAMETER", "q")


def test_read_call_names_unknown_parameter():
    event = make_event(queryStringParameters={"all": "true"})
    status, body = answer(lambda _services, _call: Reply(200, {}), event, "scope")
    assert (status, body["code"], body["field"]) == (400, "UNKNOWN_PARAMETER", "all")


@pytest.mark.parametrize(
    "context", [{}, {"authorizer": {}}, {"authorizer": {"jwt": {}}}, {"authorizer": {"jwt": {"claims": {}}}}]
)
def test_handler_without_token_is_401(context):
    assert answer(lambda _services, _call: Reply(200), make_event(requestContext=context))[0] == 401


def test_handler_without_group_does_not_call_the_action():
    claims = {**CLAIMS, "cognito:groups": "[pidgroup]"}
    event = make_event(requestContext={"authorizer": {"jwt": {"claims": claims}}})

    def never(_services: None, _call: Call) -> Reply:
        raise AssertionError

    assert answer(never, event)[0] == 403


def test_problem_says_what_and_where():
    response = respond_problem(unprocessable("UNKNOWN_FILTER", "There is no such filter.", "filters.x"))
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(response["body"]) == {
        "type": "urn:doseexport:problem:UNKNOWN_FILTER",
        "title": "Unknown filter",
        "status": 422,
        "code": "UNKNOWN_FILTER",
        "detail": "There is no such filter.",
        "field": "filters.x",
    }


def test_unexpected_error_reveals_nothing_and_logs_only_its_place(caplog):
    def fail(_services: None, _call: Call) -> Reply:
        raise KeyError("Secret")

    with caplog.at_level(logging.INFO, "doseexport"):
        status, body = answer(fail, make_event())
    assert (status, body["code"], body["field"]) == (500, "UNEXPECTED", None)
    assert "Secret" not in json.dumps(body)
    (record,) = [record for record in caplog.records if record.message == "unexpected"]
    assert record.error == "KeyError"
    assert record.places[-1].startswith("test_handler.py:")
    assert "Secret" not in str(vars(record))


@pytest.mark.parametrize(
    ("accepted", "size", "is_packed"),
    [("gzip, br", 1000, True), ("gzip", 10, False), ("br", 1000, False), ("gzip;q=0", 1000, False)],
)
def test_long_answer_is_compressed_where_accepted(accepted, size, is_packed):
    event = make_event(headers={"Accept-Encoding": accepted})
    response = serve({"POST /exports": lambda _services, _call: Reply(200, {"text": "é" * size})})(
        event, CONTEXT
    )
    assert response.get("isBase64Encoded", False) is is_packed
    assert response["headers"].get("Content-Encoding") == ("gzip" if is_packed else None)
    body = gzip.decompress(base64.b64decode(response["body"])) if is_packed else response["body"]
    assert json.loads(body) == {"text": "é" * size}


def test_request_is_logged_without_its_content(caplog):
    event = make_event(
        body='{"name": "Secret"}', queryStringParameters={"scope": "Secret"}, rawPath="/exports/Secret"
    )
    with caplog.at_level(logging.INFO, "doseexport"):
        answer(lambda _services, _call: Reply(200, {}), event, "scope")
    (record,) = caplog.records
    assert (record.route, record.status) == ("POST /exports", 200)
    assert "Secret" not in str(vars(record))
