"""API Gateway without a network: the template's routes, a caller's claims, and the handlers."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from local.stack import lower

from tests.invocation import CONTEXT

REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def read_routes() -> tuple[tuple[str, str, str, bool], ...]:
    """Method, path, folder of the function, and whether a token is needed; fixed paths first."""
    found = []
    for resource in lower.read(REPOSITORY / "template.yaml")["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        folder = resource["Properties"]["CodeUri"].split("/")[1]
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                where = event["Properties"]
                found.append((where["Method"], where["Path"], folder, "Auth" not in where))
    return tuple(sorted(found, key=lambda route: ("{" in route[1], route[1], route[0])))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: str
    is_base64: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.body) if self.is_base64 else self.body.encode()


@dataclass(frozen=True)
class Gateway:
    """The API for a caller with these claims. Without claims the caller has no token."""

    load_handler: Callable[[str], Callable[[dict[str, Any], Any], Any]]
    claims: Mapping[str, Any] | None = None

    def call(
        self, method: str, address: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """`body` is sent as it is if it is a text or bytes, else as JSON."""
        parts = urlsplit(address)
        route = _find_route(method, parts.path)
        if route is None:
            return Reply(404, {}, '{"message":"Not Found"}')
        path, folder, needs_token, parameters = route
        if needs_token and self.claims is None:
            return Reply(401, {}, '{"message":"Unauthorized"}')
        event = {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": parts.path,
            "headers": dict(headers or {}),
            "requestContext": {"requestId": "request", "authorizer": {"jwt": {"claims": self.claims or {}}}},
            "isBase64Encoded": False,
            "pathParameters": {name: unquote(value) for name, value in parameters.items()},
        }
        if parts.query:
            query = parse_qs(parts.query, keep_blank_values=True)
            event["queryStringParameters"] = {name: ",".join(values) for name, values in query.items()}
        if isinstance(body, bytes):
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        elif body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        answer = self.load_handler(folder)(event, CONTEXT)
        is_base64 = answer.get("isBase64Encoded", False)
        return Reply(answer["statusCode"], answer["headers"], answer.get("body", ""), is_base64)


def _find_route(method: str, requested: str) -> tuple[str, str, bool, dict[str, str]] | None:
    for wanted, path, folder, needs_token in read_routes():
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), requested)
        if match and wanted == method:
            return path, folder, needs_token, match.groupdict()
    return None
