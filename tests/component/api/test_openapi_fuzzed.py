"""Valid and invalid requests generated from docs/openapi.json: no answer is a 5xx, each is as documented.

STATE_EXAMPLES=200 tries longer.
"""

import json
import os
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from doseexport.actions import previews as preview
from doseexport.actions import suggestions
from doseexport.engine.first_rows import FirstRow, FirstTable
from doseexport.engine.preview_query import PreviewRow
from tests.component.answers import create_preset
from tests.component.gateway import Gateway
from tests.component.schedules import create
from tests.fakes import ADA, BEN, add, finish, run

DOCUMENT = json.loads((Path(__file__).resolve().parents[3] / "docs" / "openapi.json").read_text())
OPERATIONS = [
    (path, method.upper())
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if method != "parameters"
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPEN = {"/health", "/", "/{file}"}
NAMES = st.sampled_from(
    ["type", "filters", "order", "options", "include_names", "include_ids", "ct-csv", "date_from"]
)
EXAMPLES = int(os.environ.get("STATE_EXAMPLES", "20"))
"""For a request with a body. One without says little, so that fewer examples say it all."""
EXAMPLES_WITHOUT_BODY = 10


class Server:
    """The handlers as a WSGI application, for a caller with every right."""

    gateway: Gateway

    def __call__(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["REQUEST_URI"]
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        reply = self.gateway.call(method, path, raw or None, {"idempotency-key": key} if key else {})
        headers = [(name, value) for name, value in reply.headers.items()]
        start_response(f"{reply.status} x", headers)
        return [reply.content]


@pytest.fixture(scope="module")
def read_document():
    """The document as read by schemathesis, which prepares each operation once."""
    read = schemathesis.openapi.from_dict(DOCUMENT)
    read.app = Server()
    # Without this, it tries the literals of all modules. The document has all names that mean anything.
    read.config.analysis.constants.enabled = False
    return read


@pytest.fixture
def schema(read_document, services, load_handler, monkeypatch):
    row = PreviewRow(1, 2, 2, "2026-01-01", "2026-01-01")
    monkeypatch.setattr(preview, "count_export", lambda *_: row)
    table = FirstTable("2D", ("Modality",), rows=[FirstRow(7, ["MG"])])
    monkeypatch.setattr(preview, "read_first_rows", lambda *_: [table])
    monkeypatch.setattr(suggestions, "fetch_values", lambda *_: [("CT1", 9), ("CT2", 4)])
    for name, value in {"CLIENT_ID": "x", "POOL_ENDPOINT": "https://x.example/", "AWS_REGION": "x"}.items():
        monkeypatch.setenv(name, value)
    # 429 is a valid answer that is tested elsewhere. Here every request must get past the limit.
    object.__setattr__(services.settings, "max_active_exports", 100_000)
    object.__setattr__(services.settings, "max_schedules", 100_000)
    claims = {"sub": ADA.id, "username": "ada", "cognito:groups": "[exportgroup admingroup pidgroup]"}
    read_document.app.gateway = Gateway(cache(load_handler), claims)
    return read_document


@pytest.fixture
def known(services):
    """Return ids of exports in every state and of a missing one, and ids of presets of both owners."""
    ended, other = finish(services, add(services)), finish(services, add(services, BEN, include_names=True))
    running, waiting = run(services, add(services)), add(services)
    services.exports.delete(other.id, ADA, services.clock())
    preset = {"request": {"type": "ct-csv"}, "shared": True}
    owners = ((ADA, "x"), (ADA, "y"), (BEN, "x"))
    presets = [create_preset(services, owner, {"name": name, **preset})["id"] for owner, name in owners]
    return {
        "exports": st.sampled_from([each.id for each in (ended, other, running, waiting)]),
        "presets": st.sampled_from(presets),
        "schedules": st.sampled_from([create(services, ADA).id]),
    }


def fuzzed(examples):
    quiet = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
    return settings(max_examples=examples, **quiet)


def assert_as_promised(schema, known, operation, mode):
    path, method = operation
    has_body = "requestBody" in DOCUMENT["paths"][path][method.lower()]

    @fuzzed(EXAMPLES if has_body else EXAMPLES_WITHOUT_BODY)
    @given(case=schema[path][method].as_strategy(generation_mode=mode), data=st.data())
    def check(case, data):
        if "id" in case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["id"] = data.draw(known[path.split("/")[1]])
        if isinstance(case.body, dict) and "preset" in case.body and data.draw(st.booleans()):
            case.body["preset"] = data.draw(known["presets"])
        case.validate_response(case.call(), checks=CHECKS)

    check()


def name(operation):
    return " ".join(reversed(operation))


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_openapi_valid_request_is_answered_as_documented(schema, known, operation):
    assert_as_promised(schema, known, operation, GenerationMode.POSITIVE)


# To the open ones nothing can be said that is wrong: they take no parameters, or any.
@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each[0] not in OPEN], ids=name)
def test_openapi_invalid_request_is_answered_as_documented(schema, known, operation):
    assert_as_promised(schema, known, operation, GenerationMode.NEGATIVE)


@pytest.mark.parametrize(
    "operation",
    [("/exports", "POST"), ("/exports/preview", "POST"), ("/exports", "DELETE"), ("/presets", "POST")],
    ids=name,
)
def test_openapi_any_bytes_are_answered(schema, operation):
    path, method = operation
    json_like = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | NAMES, inner),
    ).map(lambda value: json.dumps(value).encode())

    @fuzzed(100)
    @given(body=st.binary() | json_like)
    def check(body):
        assert schema.app.gateway.call(method, path, body).status in {202, 200, 400, 403, 409, 413, 422}

    check()


def test_openapi_any_query_is_answered(schema):
    names = st.sampled_from(["scope", "state", "limit", "cursor", "x"])

    @fuzzed(100)
    @given(query=st.dictionaries(names, st.text(), min_size=1))
    def check(query):
        assert schema.app.gateway.call("GET", f"/exports?{urlencode(query)}").status in {200, 400}

    check()
