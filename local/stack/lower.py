"""Lower template.yaml to what MiniStack understands: translate SAM, and expand its HTTP API.

MiniStack ignores the OpenAPI body that SAM writes for an HTTP API, and it emulates no networks. Loopback has
no TLS, neither for S3 nor for PostgreSQL. MiniStack does not know the identity of a sender, nor
ses:FromAddress, so the right to send mail has no limits here. Nothing else is changed, and template.yaml
needs no special cases.
"""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

Json = dict[str, Any]

# Networks and the branding of managed login are not emulated: their resources are dropped, and functions run
# on the machine's own network.
_UNKNOWN = ("AWS::EC2::", "AWS::Cognito::ManagedLoginBranding")
_INTEGRATION = "x-amazon-apigateway-integration"

_API_ID = "d05ee850"
API_PATH = f"/_aws/execute-api/{_API_ID}/$default"
"""The path of the API. It is fixed, because managed login needs its return address before the deployment."""


def read(path: Path) -> Json:
    """Read a SAM template with CloudFormation's short tags."""
    template: Json = yaml_parse(path.read_text(encoding="utf-8"))
    return template


def translate(template: Json, parameters: dict[str, str], region: str) -> Json:
    """Translate SAM's resource types to CloudFormation's with AWS's own translator.

    The translator already inserts the default values of parameters.
    """

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": region}):
        translated: Json = transform(template, dict(parameters), NoManagedPolicies())
    return translated


def lower(template: Json, sslmode: str, endpoint: str) -> Json:
    """Expand HTTP APIs, drop networks, and let functions use S3 and the database without TLS.

    `endpoint` is the emulator's address, where the page signs in.
    """
    resources: Json = {}
    for name, resource in template["Resources"].items():
        if resource["Type"].startswith(_UNKNOWN) or _only_demands_tls(resource):
            continue
        resources[name] = resource
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            resources |= _expand_api(name, resource)
        elif resource["Type"] == "AWS::Lambda::Function":
            _adapt_function(resource["Properties"], sslmode, endpoint)
        elif resource["Type"] == "AWS::IAM::Role":
            _unlimit_mail(resource["Properties"])
    return template | {"Resources": resources}


def _only_demands_tls(resource: Json) -> bool:
    if resource["Type"] != "AWS::S3::BucketPolicy":
        return False
    statements = resource["Properties"]["PolicyDocument"]["Statement"]
    return all("aws:SecureTransport" in json.dumps(statement) for statement in statements)


def _unlimit_mail(role: Json) -> None:
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement.get("Action") == ["ses:SendEmail"]:
                statement["Resource"] = "*"
                del statement["Condition"]


def _adapt_function(properties: Json, sslmode: str, endpoint: str) -> None:
    properties.pop("VpcConfig", None)
    properties.pop("Architectures", None)  # layers are built for this machine
    variables = properties.get("Environment", {}).get("Variables", {})
    variables.pop("AWS_ENDPOINT_URL_SECRETS_MANAGER", None)  # the name of an endpoint in a network
    if "DATABASE_HOST" in variables:
        variables["DATABASE_SSLMODE"] = sslmode
    if "POOL_ENDPOINT" in variables:
        # The emulator serves everything at one address: the user pool at the root, the API under a path.
        variables |= {
            "POOL_ENDPOINT": f"{endpoint}/",
            "API_PREFIX": API_PATH,
            "LOGIN_URL": {"Fn::If": ["HasLogin", endpoint, ""]},
        }


def _expand_api(api: str, resource: Json) -> Json:
    """Return the integrations, routes and authorizers that an API's OpenAPI body describes."""
    properties = resource["Properties"]
    body = properties.pop("Body")
    properties.pop("FailOnWarnings", None)
    properties |= {"ProtocolType": "HTTP", "Name": properties.get("Name", body["info"]["title"])}
    properties["Tags"] = {**properties.get("Tags", {}), "ms-custom-id": _API_ID}
    if cors := body.get("x-amazon-apigateway-cors"):
        properties["CorsConfiguration"] = _capitalise(cors)
    expanded = _make_authorizers(api, body)
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            expanded |= _make_route(api, path, method, operation)
    condition = {"Condition": resource["Condition"]} if "Condition" in resource else {}
    return {name: added | condition for name, added in expanded.items()}


def _capitalise(cors: Any) -> Any:
    """Return CORS settings under the property names of an API, also inside conditions."""
    if not isinstance(cors, dict) or "Ref" in cors:
        return cors
    if "Fn::If" in cors:
        return {"Fn::If": [_capitalise(each) for each in cors["Fn::If"]]}
    return {key[0].upper() + key[1:]: value for key, value in cors.items()}


def _make_authorizers(api: str, body: Json) -> Json:
    schemes = body.get("components", {}).get("securitySchemes", {})
    return {
        _authorizer_id(api, name): _make_resource(
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


def _make_route(api: str, path: str, method: str, operation: Json) -> Json:
    key = route_key(path, method)
    name = f"{api}Route" + "".join(character for character in key.title() if character.isalnum())
    integration = operation[_INTEGRATION]
    return {
        f"{name}Integration": _make_resource(
            "Integration",
            api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=integration["uri"],
            PayloadFormatVersion=integration["payloadFormatVersion"],
        ),
        name: _make_resource(
            "Route",
            api,
            RouteKey=key,
            Target={"Fn::Sub": f"integrations/${{{name}Integration}}"},
            **_make_authorization(api, operation),
        ),
    }


def _make_authorization(api: str, operation: Json) -> Json:
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
    """Return a route's name in API Gateway: "GET /exports/{id}", "ANY /x" or "$default"."""
    if path == "/$default":
        return "$default"
    return f"{'ANY' if method == 'x-amazon-apigateway-any-method' else method.upper()} {path}"


def _authorizer_id(api: str, name: str) -> str:
    return f"{api}Authorizer{name}"


def _make_resource(name: str, api: str, **properties: Any) -> Json:
    return {"Type": f"AWS::ApiGatewayV2::{name}", "Properties": {"ApiId": {"Ref": api}, **properties}}
