"""From template.yaml to what MiniStack understands: SAM translated, its HTTP API spelled out.

MiniStack ignores the OpenAPI body that SAM writes for an HTTP API, has no networks, and loopback has no TLS:
neither towards S3 nor towards PostgreSQL. Nothing else is changed, and template.yaml never knows.
"""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

Json = dict[str, Any]

# Networks are not emulated: their resources go, and functions run on the machine's own network. Neither is
# the look of managed login.
_UNKNOWN = ("AWS::EC2::", "AWS::Cognito::ManagedLoginBranding")
_INTEGRATION = "x-amazon-apigateway-integration"

_API_ID = "d05ee850"
API_PATH = f"/_aws/execute-api/{_API_ID}/$default"
"""Where the emulator serves the API: known beforehand, as managed login has to know where it returns to."""


def read(path: Path) -> Json:
    """Return the SAM template, with CloudFormation's short tags understood."""
    template: Json = yaml_parse(path.read_text(encoding="utf-8"))
    return template


def translate(template: Json, parameters: dict[str, str], region: str) -> Json:
    """Let AWS's own translator turn SAM's types into CloudFormation's; it uses parameters' defaults early."""

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": region}):
        translated: Json = transform(template, dict(parameters), NoManagedPolicies())
    return translated


def lower(template: Json, sslmode: str, endpoint: str) -> Json:
    """Spell out HTTP APIs, drop networks, and let functions reach S3 and the database without TLS.

    `endpoint` is the emulator's address, at which the page signs in.
    """
    resources: Json = {}
    for name, resource in template["Resources"].items():
        if resource["Type"].startswith(_UNKNOWN) or _only_demands_tls(resource):
            continue
        resources[name] = resource
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            resources |= _spell_out(name, resource)
        elif resource["Type"] == "AWS::Lambda::Function":
            _adapt_function(resource["Properties"], sslmode, endpoint)
    return template | {"Resources": resources}


def _only_demands_tls(resource: Json) -> bool:
    if resource["Type"] != "AWS::S3::BucketPolicy":
        return False
    statements = resource["Properties"]["PolicyDocument"]["Statement"]
    return all("aws:SecureTransport" in json.dumps(statement) for statement in statements)


def _adapt_function(properties: Json, sslmode: str, endpoint: str) -> None:
    properties.pop("VpcConfig", None)
    properties.pop("Architectures", None)  # layers are built for this machine
    variables = properties.get("Environment", {}).get("Variables", {})
    if "DATABASE_HOST" in variables:
        variables["DATABASE_SSLMODE"] = sslmode
    if "POOL_ENDPOINT" in variables:
        # The emulator serves everything at one address: its pool at the root, the API under a path.
        variables |= {
            "POOL_ENDPOINT": f"{endpoint}/",
            "API_PREFIX": API_PATH,
            "LOGIN_ADDRESS": {"Fn::If": ["HasLogin", endpoint, ""]},
        }


def _spell_out(api: str, resource: Json) -> Json:
    """Turn an API's OpenAPI body into the integrations, routes and authorizers it stands for."""
    properties = resource["Properties"]
    body = properties.pop("Body")
    properties.pop("FailOnWarnings", None)
    properties |= {"ProtocolType": "HTTP", "Name": properties.get("Name", body["info"]["title"])}
    properties["Tags"] = {**properties.get("Tags", {}), "ms-custom-id": _API_ID}
    if cors := body.get("x-amazon-apigateway-cors"):
        properties["CorsConfiguration"] = _capitalise(cors)
    found = _authorizers(api, body)
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            found |= _route(api, path, method, operation)
    condition = {"Condition": resource["Condition"]} if "Condition" in resource else {}
    return {name: added | condition for name, added in found.items()}


def _capitalise(cors: Any) -> Any:
    """Name CORS settings as the API's own properties do, inside of conditions too."""
    if not isinstance(cors, dict) or "Ref" in cors:
        return cors
    if "Fn::If" in cors:
        return {"Fn::If": [_capitalise(each) for each in cors["Fn::If"]]}
    return {key[0].upper() + key[1:]: value for key, value in cors.items()}


def _authorizers(api: str, body: Json) -> Json:
    schemes = body.get("components", {}).get("securitySchemes", {})
    return {
        _authorizer_id(api, name): _resource(
            "Authorizer",
            api,
            Name=name,
            AuthorizerType="JWT",
            IdentitySource=[scheme["x-amazon-apigateway-authorizer"]["identitySource"]],
            JwtConfiguration={
                key.capitalize(): value
                for key, value in scheme["x-amazon-apigateway-authorizer"]["jwtConfiguration"].items()
            },
        )
        for name, scheme in schemes.items()
    }


def _route(api: str, path: str, method: str, operation: Json) -> Json:
    key = route_key(path, method)
    name = f"{api}Route" + "".join(character for character in key.title() if character.isalnum())
    integration = operation[_INTEGRATION]
    return {
        f"{name}Integration": _resource(
            "Integration",
            api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=integration["uri"],
            PayloadFormatVersion=integration["payloadFormatVersion"],
        ),
        name: _resource(
            "Route",
            api,
            RouteKey=key,
            Target={"Fn::Sub": f"integrations/${{{name}Integration}}"},
            **_authorization(api, operation),
        ),
    }


def _authorization(api: str, operation: Json) -> Json:
    for scheme in operation.get("security", []):
        for name, scopes in scheme.items():
            if name != "NONE":
                return {
                    "AuthorizationType": "JWT",
                    "AuthorizerId": {"Ref": _authorizer_id(api, name)},
                    "AuthorizationScopes": scopes,
                }
    return {"AuthorizationType": "NONE"}


def route_key(path: str, method: str) -> str:
    """Name a route as API Gateway does: "GET /exports/{id}", "ANY /x" or "$default"."""
    if path == "/$default":
        return "$default"
    return f"{'ANY' if method == 'x-amazon-apigateway-any-method' else method.upper()} {path}"


def _authorizer_id(api: str, name: str) -> str:
    return f"{api}Authorizer{name}"


def _resource(kind: str, api: str, **properties: Any) -> Json:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": api}, **properties}}
