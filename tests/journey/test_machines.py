"""A program signs in by client credentials; its scopes are its rights."""

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request

import pytest
from local.stack.build import ROOT
from local.stack.service import Reply, Service, fetch
from local.stack.stack import Stack


@pytest.fixture(scope="module")
def hospital(sample_url: str) -> Iterator[Stack]:
    with Stack(sample_url, LoginDomainPrefix="machines", MachineClient="export-pid") as stack:
        yield stack


@pytest.fixture(scope="module")
def machine(hospital: Stack) -> Any:
    """The client as its administrator sees it, secret included."""
    found = hospital.cloud.client("cognito-idp").describe_user_pool_client(
        UserPoolId=hospital.resource("UserPool"), ClientId=hospital.resource("MachineUserPoolClient")
    )
    return found["UserPoolClient"]


def request_token(stack: Stack, machine: Any, *scopes: str, secret: str = "") -> Reply:
    login = f"{machine['ClientId']}:{secret or machine['ClientSecret']}"
    form = {"grant_type": "client_credentials"} | ({"scope": " ".join(scopes)} if scopes else {})
    headers = {
        "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return fetch(Request(f"{stack.cloud.endpoint}/oauth2/token", urlencode(form).encode(), headers))


def test_example_requests_waits_downloads_and_checks(hospital: Stack, machine: Any, tmp_path: Path) -> None:
    environment = os.environ | {
        "NO_PROXY": "*",
        "API": hospital.url,
        "TOKENS": f"{hospital.cloud.endpoint}/oauth2/token",
        "CLIENT_ID": machine["ClientId"],
        "CLIENT_SECRET": machine["ClientSecret"],
    }
    command = [sys.executable, str(ROOT / "examples" / "export.py"), '{"type": "ct-csv"}']
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    file = tmp_path / done.stdout.strip()
    service = Service(hospital.url, request_token(hospital, machine).json["access_token"])
    (export,) = service.call("GET", "/exports").json["exports"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == export["sha256"]
    assert (export["mine"], export["owner_name"]) == (True, machine["ClientId"])


def test_requested_scopes_alone_are_rights(hospital: Stack, machine: Any) -> None:
    token = request_token(hospital, machine, "doseexport/export").json["access_token"]
    requested = Service(hospital.url, token).call(
        "POST", "/exports", {"type": "ct-csv", "include_names": True}
    )
    assert (requested.status, requested.json["code"]) == (403, "PIDGROUP_NEEDED")
    token = request_token(hospital, machine, "doseexport/pid").json["access_token"]
    assert Service(hospital.url, token).call("GET", "/exports").status == 403


def test_scope_that_the_client_lacks_gives_no_token(hospital: Stack, machine: Any) -> None:
    refused = request_token(hospital, machine, "doseexport/admin")
    assert refused.status == 400
    assert refused.json["error"] in {"invalid_scope", "invalid_grant"}


def test_wrong_secret_gives_no_token(hospital: Stack, machine: Any) -> None:
    assert request_token(hospital, machine, secret="guess").status in {400, 401}


def test_another_program_of_the_pool_is_refused_whatever_its_scopes(hospital: Stack, machine: Any) -> None:
    other = hospital.cloud.client("cognito-idp").create_user_pool_client(
        UserPoolId=machine["UserPoolId"],
        ClientName="other",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["doseexport/admin", "doseexport/pid"],
    )["UserPoolClient"]
    token = request_token(hospital, other).json["access_token"]
    assert Service(hospital.url, token).call("GET", "/exports").status == 401


def test_program_learns_when_to_try_again(hospital: Stack, machine: Any) -> None:
    service = Service(hospital.url, request_token(hospital, machine).json["access_token"])
    requested = service.call("POST", "/exports", {"type": "ct-csv"})
    assert requested.headers["retry-after"] == "2"
    done = service.wait(requested.json["id"])
    assert done["state"] == "COMPLETED"
    assert "retry-after" not in service.call("GET", f"/exports/{requested.json['id']}").headers


def test_client_exists_only_with_the_parameter(stack: Stack) -> None:
    assert "MachineUserPoolClient" not in stack.deployment.values
