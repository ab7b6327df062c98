"""The page and the content of its forms, from the same origin as the API."""

import urllib.request
from urllib.parse import urljoin, urlsplit

import pytest
from local.stack.build import ROOT
from local.stack.service import Reply, Service, fetch
from local.stack.stack import Stack

from doseexport import catalogue
from tests.journey.conftest import UserPool


def get(stack: Stack, path: str, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return fetch(urllib.request.Request(stack.url + path, headers=names))


def test_page_needs_no_token_and_is_the_committed_file(stack: Stack) -> None:
    page = get(stack, "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body == (ROOT / "functions/web/static/index.html").read_bytes()
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")


def test_page_that_has_not_changed_is_not_sent_again(stack: Stack) -> None:
    again = get(stack, "/", If_None_Match=get(stack, "/").headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/handler.py", "/static", "/%2e%2e%2fhandler.py", "/static%2findex.html"])
def test_page_is_all_that_is_served(stack: Stack, path: str) -> None:
    assert get(stack, path).status == 404


def test_configuration_names_pool_and_api(stack: Stack, people: UserPool) -> None:
    configuration = get(stack, "/config.json").json
    assert configuration["client_id"] == stack.resource("UserPoolClient")
    assert configuration["login"] is None
    assert urlsplit(configuration["pool_endpoint"])[:2] == urlsplit(stack.url)[:2]
    address = urljoin(stack.url + "/", configuration["api"] + "/export-types")
    assert Service(address, people.physicist.token).call("GET", "").status == 200


def test_export_types_and_the_callers_rights_are_shown(people: UserPool) -> None:
    shown = people.privileged.call("GET", "/export-types").json
    types = {each["type"] for modality in shown["modalities"] for each in modality["types"]}
    assert types == set(catalogue.load_specs())
    assert (shown["user"], shown["may_see_patients"], shown["is_admin"]) == ("privileged", True, False)
    assert people.admin.call("GET", "/export-types").json["is_admin"] is True
    assert people.physicist.call("GET", "/export-types").json["may_see_patients"] is False
