"""Run a function's handler with its own role, and collect the calls that the role is refused."""

import importlib.util
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property
from types import ModuleType
from typing import Any

import boto3
import pytest
from local.stack import build
from local.stack.deploy import REGION, make_session
from local.stack.stack import Stack

from doseexport.api import handler as api_handler
from doseexport.aws import services as services_module
from doseexport.aws.services import Services, connect_services
from tests.component.gateway import Gateway

Json = dict[str, Any]
_DENIED = re.compile(r"is not authorized to perform: (\S+)")
TRUST = (
    '{"Version": "2012-10-17", "Statement":'
    ' [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}'
)


class SharedClients(boto3.session.Session):  # type: ignore[misc]
    """A session of all roles, one after the other, with one client per service.

    Clients of its own would take each role longer than its calls.
    """

    def __init__(self) -> None:
        super().__init__("none", "none", region_name=REGION, botocore_session=make_session())
        self._made: dict[str, Any] = {}
        self.denied: list[str] = []
        self.events.register("after-call", self._collect_denied)

    def client(self, service_name: str, **options: Any) -> Any:
        """Return the client of a service, made with the options of the first request for it."""
        if service_name not in self._made:
            self._made[service_name] = super().client(service_name, **options)
        return self._made[service_name]

    def use(self, keys: Mapping[str, str]) -> None:
        """Sign all further calls with these keys."""
        signer = self.get_credentials()
        signer.access_key, signer.secret_key = keys["AccessKeyId"], keys["SecretAccessKey"]
        signer.token = keys["SessionToken"]

    def _collect_denied(self, parsed: Json, **_: object) -> None:
        found = _DENIED.search(str(parsed.get("Error", {}).get("Message", "")))
        if "AccessDenied" in str(parsed.get("Error", {}).get("Code", "")):
            self.denied.append(found[1] if found else "unknown")


class Role:
    """The role of a function, with its policies from the template, assumed by the tests."""

    def __init__(self, stack: Stack, function: str, session: SharedClients) -> None:
        self.function = function
        self.stack = stack
        self.session = session
        self.name = stack.resource(f"{function}Role")
        self._iam = stack.cloud.client("iam")
        self._iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=TRUST)
        arn = self._iam.get_role(RoleName=self.name)["Role"]["Arn"]
        sts = stack.cloud.client("sts")
        self._keys = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        self.denied = session.denied
        self.variables = self._read_variables()
        self._services: Services | None = None

    def _read_variables(self) -> Mapping[str, str]:
        client = self.stack.cloud.client("lambda")
        found = client.get_function_configuration(FunctionName=self.stack.resource(self.function))
        variables: Mapping[str, str] = found.get("Environment", {}).get("Variables", {})
        return {**variables, "AWS_ENDPOINT_URL": self.stack.cloud.endpoint}

    @cached_property
    def policies(self) -> dict[str, Json]:
        """The policies of the role by name."""
        names = self._iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        return {
            name: self._iam.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"]
            for name in names
        }

    @contextmanager
    def without(self, policy: str, document: Json) -> Iterator[None]:
        """Replace one policy within the block."""
        whole = self.policies[policy]
        self._put(policy, document)
        try:
            yield
        finally:
            self._put(policy, whole)

    def _put(self, policy: str, document: Json) -> None:
        if not document["Statement"]:
            self._iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
            return
        self._iam.put_role_policy(RoleName=self.name, PolicyName=policy, PolicyDocument=json.dumps(document))

    @contextmanager
    def assumed(self) -> Iterator[Services]:
        """Use the environment, credentials and services of the function within the block."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(("AWS_", "DATABASE_"))]:
                patch.delenv(name)
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.setattr(boto3, "DEFAULT_SESSION", self.session)
            self.session.use(self._keys)
            if self._services is None:
                connect_services.cache_clear()
                self._services = connect_services()
                connect_services.cache_clear()
            patch.setattr(services_module, "connect_services", lambda: self._services)
            patch.setattr(api_handler, "connect_services", lambda: self._services)
            yield self._services

    def load(self, folder: str, services: Services | None = None) -> Any:
        """Return the handler of the folder functions/…, which uses `services`, or those of the role."""
        spec = importlib.util.spec_from_file_location(
            f"role_{folder}", build.ROOT / "functions" / folder / "handler.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.connect_services = lambda: services or self._services  # type: ignore[attr-defined]
        return module.handler

    def sign_in(self) -> "Caller":
        """Return a caller who is a member of every group."""
        return Caller(self)


class Caller:
    """A caller whose calls are answered by the handler with its role's rights."""

    def __init__(self, role: Role) -> None:
        self._role = role
        groups = ["exportgroup", "admingroup", "pidgroup"]
        self.id = f"sub-{secrets.token_hex(4)}"
        claims = {"sub": self.id, "username": "ada", "cognito:groups": groups}
        self._gateway = Gateway(role.load, claims)

    def call(self, *request: Any) -> Any:
        """Send a request: method, path, body, headers."""
        with self._role.assumed():
            return self._gateway.call(*request)


def list_removals(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield each action, and each of several resources, with the document without it."""
    for number, statement in enumerate(document["Statement"]):
        for part in ("Action", "Resource"):
            values = statement[part] if isinstance(statement[part], list) else [statement[part]]
            if part == "Resource" and len(values) == 1:
                continue
            for value in values:
                less = deepcopy(document)
                remaining = [other for other in values if other != value]
                less["Statement"][number][part] = remaining
                if not remaining:  # the statement has nothing else
                    del less["Statement"][number]
                yield str(value), less
