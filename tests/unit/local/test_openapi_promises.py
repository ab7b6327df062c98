"""Real requests and answers match docs/openapi.json."""

import importlib.util
import json
from contextlib import suppress
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import pytest
from jsonschema_rs import Draft202012Validator
from local.openapi.document import make_document
from local.stack.build import ROOT

from doseexport import catalogue
from doseexport.actions.catalogue import list_export_types
from doseexport.actions.catalogue_views import view_catalogue
from doseexport.actions.previews import make_preview
from doseexport.actions.views import view_export, view_preview
from doseexport.api import handler as api
from doseexport.catalogue.schema import FULL
from doseexport.domain.export import Failure, Progress, State
from doseexport.domain.request import ExportRequest, parse_request
from doseexport.engine.preview_query import PreviewRow
from doseexport.errors import RequestError
from tests.fakes import ADA, ADMIN, BEN, NOW, PIA, make_new, make_result, make_settings, seen_database
from tests.invocation import CONTEXT

DOCUMENT = json.loads(json.dumps(make_document()))
SCHEMAS = DOCUMENT["components"]["schemas"]
SPECS = catalogue.load_specs().values()
NEW = make_new(filters={"date_from": "2026-01-01"})
RUNNING = replace(NEW, state=State.RUNNING, started_at=NOW, progress=Progress(25, 100))
DONE = replace(RUNNING, state=State.COMPLETED, finished_at=NOW, expires_at=NOW, result=make_result(NEW))
FAILED = replace(RUNNING, state=State.FAILED, finished_at=NOW, failure=Failure("ODD", "It is odd."))
NAMED = make_new(include_ids=True, filters={"patient_name": "Secret"})


def validator(schema):
    """A validator of a schema that may refer to the document's own."""
    return Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}}, validate_formats=True)


@cache
def schema_of(name):
    return validator({"$ref": f"#/components/schemas/{name}"})


def validate_response(route, response):
    """Check an answer of a handler against what its operation promises for that status."""
    method, path = route
    status = str(response["statusCode"])
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    promised = responses[status if status in responses else f"{status[0]}XX"]
    content_type = response["headers"].get("Content-Type")
    if content_type is None:
        assert "content" not in promised
        return None
    body = json.loads(response["body"])
    validator(promised["content"][content_type]["schema"]).validate(body)
    return body


GOOD = {
    "text": ["a", "", None, 12, 1.5, "é" * 256],
    "number": ["12", "12.5", " -.5 ", "", None, 3, 0.25, "1" * 16],
    "date": ["2026-01-31", " 2026-01-31", "", None],
    "positive": ["12", "12.5", " .5 ", "", None, 3, 0.25],
    "range": ["50-90", " 50 – 90.5 ", "0-.5", "", None],
    "lines": ["a = b", "a = b\n\nc d = e = f", "", None],
    "one_of": ["", None],
    "count": ["0", "10", "010", "some", "more", " 3 ", 0, 10, 10.0, None, ""],
    "choice": ["include", "exclude", "2", 2, 2.0, "", None],
    "integer": ["1", "007", 3, 3.0, " 12 ", "", None],
    "limit": ["all", "ALL", "1", "007", 3, 3.0, " 12 ", "", None],
    "exact": ["1.2.840", " a ", "", None],
    "flag": ["yes", "no", "true", "false", "1", "0", 1, 0.0, True, False, "", None],
    "words": ["scout", "scout, stereo", "", None],
    "columns": ["Institution", " Institution ,Display name ", "Age, Age", "", None],
    "project": ["pool", " pool-2 ", "7", "a" * 40, "", None],
}
BAD = {
    "text": ["a" * 257, "\0", True, ["a"], {}],
    "number": ["1e3", "x", "1" * 17, 10**16, False, "--1", "1 2", [1]],
    "date": ["20260131", "31.01.2026", "2026-1-1", 20260131, True],
    "positive": ["0", "0.0", "-1", 0, -2, "x", "1e3", True],
    "range": ["50", "a-b", "50-", "1-2-3", 50, "-5-6", ["1-2"]],
    "lines": ["a", "a = b\nc", " = b", "a = ", "\0", 1, ["a = b"]],
    "one_of": ["no such", 1, True, ["auto"]],
    "count": ["11", 11, -1, "few", 1.5, False],
    "choice": ["maybe", 3, True],
    "integer": ["0", 0, -1, "1.5", 1.5, "x", True, 10**9],
    "limit": ["0", 0, -1, "1.5", 1.5, "x", True, 10**9],
    "exact": ["a" * 257, "\0", ["a"], {}],
    "flag": ["maybe", 2, ["yes"]],
    "words": ["a" * 257, "\0", ["scout"]],
    "columns": ["institution", "Institution,", ",Age", "Age Sex", "Age; Sex", 1, ["Age"]],
    "project": ["Pool", "a_b", "é", "a" * 41, "a b", True, ["pool"]],
}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_schema_and_code_accept_the_same_filters(spec):
    needed = dict.fromkeys(spec.needs[:1], "1")
    for each in spec.filters:
        for name in (each.name, *each.aliases):
            for value in [*GOOD[each.value_type.name], *BAD[each.value_type.name]]:
                assert_same_verdict({"type": spec.type, "filters": {**needed, name: value}})


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_schema_and_code_accept_the_same_options_and_inclusions(spec):
    body = {"type": spec.type, "filters": dict.fromkeys(spec.needs[:1], "1")}
    for each in spec.options:
        known = (*each.value_type.choices, *each.value_type.spellings)
        for value in [*known, *GOOD[each.value_type.name], *BAD[each.value_type.name]]:
            needed = {"pseudonyms": "pool"} if each.name == "dates" else {}
            assert_same_verdict({**body, "options": {**needed, each.name: value}})
    for options in ({"no_such": 1}, {}, None, []):
        assert_same_verdict({**body, "options": options})
    for inclusion in (
        {"include_names": True},
        {"include_ids": True},
        {"include_names": False, "include_ids": False},
    ):
        assert_same_verdict({**body, **inclusion})


@pytest.mark.parametrize("filters", [None, {}, {"study_id": " "}, {"study_id": 44}, {"study_uid": "1.2"}])
def test_schema_and_code_need_the_same_study_of_openskin(filters):
    assert_same_verdict({"type": "rf-openskin", "filters": filters})
    assert_same_verdict({"type": "rf-openskin"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"type": "ct-csv"},
        {"type": "no-such"},
        {"type": "ct-csv", "filters": None},
        {"type": "ct-csv", "filters": []},
        {"type": "ct-csv", "filters": {"no_such": 1}},
        {"type": "ct-csv", "more": 1},
        {"type": "ct-csv", "order": "highest_dlp"},
        {"type": "ct-csv", "order": "-total_dlp"},
        {"type": "ct-csv", "order": ""},
        {"type": "ct-csv", "order": None},
        {"type": "ct-csv", "order": "no_such"},
        {"type": "ct-csv", "order": 1},
        {"type": "ct-csv", "include_names": True, "include_ids": False},
        {"type": "ct-csv", "include_names": None},
        {"type": "ct-csv", "include_ids": 1},
    ],
)
def test_schema_and_code_accept_the_same_requests(body):
    assert_same_verdict(body)


def assert_same_verdict(body):
    taken = False
    with suppress(RequestError):
        taken = bool(parse_request(body, may_see_patients=True, may_use_pseudonyms=True))
    assert schema_of("ExportRequest").is_valid(body) == taken, body


@pytest.mark.parametrize("caller", [ADA, BEN, PIA, ADMIN], ids=lambda caller: caller.name)
@pytest.mark.parametrize("export", [NEW, RUNNING, DONE, FAILED, NAMED], ids=lambda export: export.state)
def test_exports_match_the_schema(export, caller):
    shown = view_export(export, caller, NOW)
    schema_of("Export").validate(shown)
    schema_of("ExportPage").validate({"exports": [shown], "next_cursor": None})
    assert not schema_of("Export").is_valid({**shown, "more": 1})


@pytest.mark.parametrize("caller", [ADA, PIA, ADMIN], ids=lambda caller: caller.name)
def test_catalogue_matches_the_schema(caller):
    shown = view_catalogue(list_export_types(seen_database(FULL)), caller)
    schema_of("Catalogue").validate(shown)
    assert not schema_of("Catalogue").is_valid({**shown, "more": 1})


ROOM, MONTH = [["A", 9]], [["2026-01", 3]]
MISSING = {"has_studies": True, "filters": ["age_min"]}


@pytest.mark.parametrize(
    "row",
    [
        PreviewRow(3, 9, 4, "2026-01-01", "2026-02-01", ROOM, ROOM, ROOM, MONTH, 12),
        PreviewRow(0, 0, 0, protocols=[], rooms=[], descriptions=[], months=[], missing=MISSING),
        None,
    ],
)
def test_previews_match_the_schema(row):
    shown = view_preview(make_preview(ExportRequest("ct-csv"), row) if row else None)
    schema_of("Preview").validate(shown)
    assert not schema_of("Preview").is_valid({**shown, "more": 1})


@pytest.fixture(autouse=True)
def without_services(monkeypatch):
    """With nothing but settings behind it, a handler can only refuse."""
    monkeypatch.setattr(api, "connect_services", lambda: SimpleNamespace(settings=make_settings()))


def load_handler(name):
    """The real handler of a function."""
    path = ROOT / "functions" / name / "handler.py"
    spec = importlib.util.spec_from_file_location(f"openapi_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


ROUTES = {
    ("POST", "/exports"): "request_export",
    ("GET", "/exports"): "list_exports",
    ("GET", "/export-types"): "list_types",
    ("POST", "/exports/preview"): "preview_export",
    ("DELETE", "/exports"): "delete_exports",
    ("GET", "/exports/{id}"): "get_export",
    ("DELETE", "/exports/{id}"): "delete_exports",
    ("POST", "/exports/{id}/abort"): "abort_export",
    ("POST", "/exports/{id}/download"): "download_export",
    ("POST", "/presets"): "manage_presets",
    ("GET", "/presets"): "manage_presets",
    ("GET", "/presets/{id}"): "manage_presets",
    ("PATCH", "/presets/{id}"): "manage_presets",
    ("DELETE", "/presets/{id}"): "manage_presets",
}


def call(route, *, groups="[exportgroup]", sub="ada-sub", **event):
    claims = {"sub": sub, "username": "ada", "cognito:groups": groups}
    requested = {"headers": {}, "requestContext": {"authorizer": {"jwt": {"claims": claims}}}}
    requested["routeKey"] = " ".join(route)
    if "{id}" in route[1]:
        requested["pathParameters"] = {"id": "x"}
    response = load_handler(ROUTES[route])(requested | event, CONTEXT)
    return response["statusCode"], validate_response(route, response)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_handlers_refuse_as_documented(route):
    assert call(route, sub="")[0] == 401
    assert call(route, groups="[]")[0] == 403
    assert call(route, queryStringParameters={"x": "1"})[0] == 400
    if "{id}" in route[1]:
        body = '{"shared": false}' if route[0] == "PATCH" else None
        assert call(route, body=body)[0] == 404


@pytest.mark.parametrize(
    ("route", "event", "code"),
    [
        (("POST", "/exports"), {"body": "{"}, "BAD_JSON"),
        (("POST", "/exports"), {"body": "?", "isBase64Encoded": True}, "BAD_BASE64"),
        (("POST", "/exports"), {"body": " " * 70_000}, "BODY_TOO_LARGE"),
        (("POST", "/exports"), {}, "NOT_AN_OBJECT"),
        (("POST", "/exports"), {"body": '{"type": "ct-csv", "include_names": true}'}, "PIDGROUP_NEEDED"),
        (("POST", "/exports"), {"body": '{"type": "ct-csv", "filters": {"x": 1}}'}, "UNKNOWN_FILTER"),
        (("POST", "/exports"), {"body": '{"type": "ct-csv"}'}, "UNEXPECTED"),
        (
            ("POST", "/exports"),
            {"body": '{"type": "ct-csv"}', "headers": {"idempotency-key": ""}},
            "BAD_IDEMPOTENCY_KEY",
        ),
        (("POST", "/exports/preview"), {"body": "{"}, "BAD_JSON"),
        (
            ("POST", "/exports/preview"),
            {"body": '{"type": "ct-csv", "include_ids": true}'},
            "PIDGROUP_NEEDED",
        ),
        (("POST", "/exports/preview"), {"body": '{"type": "ct-csv", "filters": {"x": 1}}'}, "UNKNOWN_FILTER"),
        (("POST", "/exports/preview"), {"body": '{"type": "ct-csv"}'}, "DATABASE_MISSING"),
        (("GET", "/exports"), {"queryStringParameters": {"limit": "101"}}, "BAD_LIMIT"),
        (("GET", "/exports"), {"queryStringParameters": {"state": "queued"}}, "BAD_STATE"),
        (("GET", "/exports"), {"queryStringParameters": {"cursor": "x"}}, "BAD_CURSOR"),
        (("GET", "/exports"), {"queryStringParameters": {"scope": "x"}}, "BAD_SCOPE"),
        (("GET", "/export-types"), {"queryStringParameters": {"columns": "x"}}, "BAD_COLUMNS"),
        (("DELETE", "/exports"), {"body": '{"ids": []}'}, "BAD_IDS"),
        (("DELETE", "/exports"), {"body": "{"}, "BAD_JSON"),
        (("POST", "/exports/{id}/abort"), {"body": '{"x": 1}'}, "NO_BODY_TAKEN"),
        (("POST", "/exports/{id}/download"), {"body": "[]"}, "NO_BODY_TAKEN"),
        (("POST", "/exports"), {"body": '{"preset": "x"}'}, "UNKNOWN_PRESET"),
        (("POST", "/presets"), {"body": "{"}, "BAD_JSON"),
        (("POST", "/presets"), {"body": '{"name": ""}'}, "BAD_NAME"),
        (("POST", "/presets"), {"body": '{"name": "x"}'}, "FIELD_NEEDED"),
        (("PATCH", "/presets/{id}"), {"body": "{}"}, "FIELD_NEEDED"),
        (("PATCH", "/presets/{id}"), {"body": '{"request": {"type": "x"}}'}, "UNKNOWN_EXPORT_TYPE"),
        (("GET", "/presets"), {}, "UNEXPECTED"),
    ],
)
def test_problems_match_the_schema(route, event, code):
    status, body = call(route, **event)
    assert body["code"] == code
    assert body["status"] == status
    schema_of("Problem").validate(body)


def test_answers_without_repositories_match_the_schema():
    status, body = call(("DELETE", "/exports"), body='{"ids": ["x"]}')
    assert (status, body["refused"][0]["code"]) == (200, "NOT_FOUND")
    assert validate_response(("GET", "/health"), load_handler("get_health")({}, None))["status"] == "ok"
