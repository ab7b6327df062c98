"""docs/openapi.json describes the code."""

import ast
import json
import re

import pytest
from jsonschema import Draft202012Validator
from local.openapi.document import TARGET, make_document, render
from local.stack import lower
from local.stack.build import ROOT

from doseexport import catalogue
from doseexport.domain.rights import PATIENT_GROUP

DOCUMENT = json.loads(json.dumps(make_document()))
SCHEMAS = DOCUMENT["components"]["schemas"]
SPECS = catalogue.load_specs().values()
METHODS = {"get", "post", "patch", "delete"}
OPERATIONS = {
    (method.upper(), path): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def resolve(address):
    node = DOCUMENT
    for step in address.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_openapi_file_is_the_generated_one():
    assert TARGET.read_text(encoding="utf-8") == render(), "run: python -m local.openapi"


def test_openapi_has_exactly_the_routes_of_the_template():
    resources = lower.read(ROOT / "template.yaml")["Resources"].values()
    events = [event for each in resources for event in each.get("Properties", {}).get("Events", {}).values()]
    routes = {
        (event["Properties"]["Method"], event["Properties"]["Path"]): event["Properties"]
        for event in events
        if event["Type"] == "HttpApi"
    }
    assert set(routes) == set(OPERATIONS)
    for route, properties in routes.items():
        is_open = properties.get("Auth") == {"Authorizer": "NONE"}
        assert OPERATIONS[route].get("security", DOCUMENT["security"]) == (
            [] if is_open else [{"cognito": []}]
        )


def test_openapi_references_resolve_and_schemas_are_valid():
    for node in walk(DOCUMENT):
        if isinstance(node, dict) and "$ref" in node:
            assert resolve(node["$ref"])
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
    references = {node["$ref"] for node in walk(DOCUMENT) if isinstance(node, dict) and "$ref" in node}
    assert {f"#/components/schemas/{name}" for name in SCHEMAS} <= references


def test_openapi_operations_are_complete():
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    for (_, path), operation in OPERATIONS.items():
        declared = DOCUMENT["paths"][path].get("parameters", [])
        assert declared == ([{"$ref": "#/components/parameters/id"}] if "{id}" in path else [])
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path)) - {"id"}
        assert all(answer["description"] for answer in operation["responses"].values())


def test_openapi_list_has_the_parameters_of_its_handler():
    tree = ast.parse((ROOT / "functions/list_exports/handler.py").read_text(encoding="utf-8"))
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "serve"
    )
    declared = OPERATIONS["GET", "/exports"]["parameters"]
    assert [each["name"] for each in declared] == [argument.value for argument in call.args[1:]]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_openapi_has_every_type_filter_and_order(spec):
    request = SCHEMAS[spec.type]
    assert f"#/components/schemas/{spec.type}" in [one["$ref"] for one in SCHEMAS["ExportRequest"]["oneOf"]]
    assert (request["description"], request["x-format"]) == (spec.help, spec.format)
    found = resolve(request["properties"]["filters"]["$ref"])["properties"]
    filters = spec.filters
    assert set(found) == {"o"} | {name for each in filters for name in (each.name, *each.aliases)}
    for each in filters:
        shown = found[each.name]
        assert each.help in shown["description"]
        assert shown["x-value-type"] == each.value_type.name
        assert shown.get("x-unit", "") == each.unit
        assert tuple(shown.get("x-aliases", ())) == each.aliases
        assert shown.get("x-needs-group") == (PATIENT_GROUP if each.pid else None)
        assert all(found[alias]["$ref"] == shown["$ref"] for alias in each.aliases)
    orders = resolve(request["properties"]["order"]["$ref"])["oneOf"]
    named = {name for each in spec.orders for name in (each.name, *each.aliases)}
    assert {one["const"] for one in orders if "const" in one} == named


def test_openapi_has_every_error_code():
    promised = {
        code
        for operation in OPERATIONS.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for code in content["schema"].get("properties", {}).get("code", {}).get("enum", [])
    }
    assert promised == {"UNEXPECTED", "FORBIDDEN"} | set(find_codes())


ROOMS = ("catalogue", "domain", "aws", "actions", "api")


def find_codes():
    """Codes of refusals in the rooms behind the handlers."""
    makers = {"RequestError", "unprocessable", "forbidden", "_bad", "_conflict"}
    package = ROOT / "layers/core/doseexport"
    settings = package / "aws" / "settings.py"  # names of variables look like codes
    for path in {path for room in ROOMS for path in (package / room).rglob("*.py")} - {settings}:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers:
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                texts = [value.value for value in values if isinstance(value, ast.Constant)]
                yield from (text for text in texts if re.fullmatch(r"[A-Z][A-Z0-9_]+", str(text)))
