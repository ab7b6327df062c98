"""Finished files: who may open them, how long a link works, and what deletion leaves."""

import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from local.stack.service import Service, fetch
from local.stack.stack import Stack

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import UserPool

LINK = {
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "response-cache-control",
    "response-content-disposition",
}
"""The parts of a link's query, and no others."""


@pytest.fixture(scope="module")
def finished(people: UserPool) -> Any:
    """An export of the physicist without patients' data."""
    export = people.physicist.wait(people.physicist.request_export(type="ct-csv").json["id"])
    assert export["state"] == "COMPLETED", export["error"]
    return export


@pytest.fixture(scope="module")
def identified(people: UserPool) -> Any:
    """An export with names and IDs, of a user with the right to them."""
    requested = people.privileged.request_export(
        type="ct-csv", include_names=True, include_ids=True, filters={"patient_name": "a"}
    )
    export = people.privileged.wait(requested.json["id"])
    assert export["state"] == "COMPLETED", export["error"]
    return export


def link(service: Service, export: Any) -> str:
    reply = service.call("POST", f"/exports/{export['id']}/download")
    assert reply.status == 200, reply.body
    url: str = reply.json["url"]
    return url


def test_link_works_without_token_and_leaves_no_copy_in_a_browser(physicist: Service, finished: Any) -> None:
    reply = fetch(link(physicist, finished))
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Amz-Signature", "0" * 64),
        ("X-Amz-Expires", "604800"),
        ("response-content-disposition", 'attachment; filename="other.csv"'),
        ("X-Amz-Date", "20991231T000000Z"),
        ("X-Amz-SignedHeaders", "host;x"),
        ("X-Amz-Credential", "another/20261123/eu-west-2/s3/aws4_request"),
        ("X-Amz-Security-Token", "x"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA1"),
    ],
)
def test_link_that_was_changed_is_refused(physicist: Service, finished: Any, name: str, value: str) -> None:
    parts = urllib.parse.urlsplit(link(physicist, finished))
    query = dict(urllib.parse.parse_qsl(parts.query))
    assert name in query
    changed = parts._replace(query=urllib.parse.urlencode(query | {name: value}))
    assert fetch(changed.geturl()).status in {400, 403}


def test_link_accepts_no_additions(physicist: Service, finished: Any) -> None:
    url = link(physicist, finished)
    assert fetch(f"{url}&response-content-type=text%2Fhtml").status == 403
    assert fetch(f"{url}&versionId=null").status == 403


def test_bucket_is_closed_without_link(stack: Stack, backstage: Backstage, finished: Any) -> None:
    key, _ = backstage.objects(finished["id"])
    assert fetch(f"{stack.cloud.endpoint}/{backstage.bucket}/{key}").status == 403
    assert fetch(f"{stack.cloud.endpoint}/{backstage.bucket}").status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_link_only_reads(physicist: Service, finished: Any, backstage: Backstage, method: str) -> None:
    url = link(physicist, finished)
    reply = fetch(urllib.request.Request(url, b"x" if method != "DELETE" else None, method=method))
    assert reply.status in {403, 405}
    assert len(backstage.objects(finished["id"])) == 2
    assert fetch(url).body != b"x"


def test_link_holds_user_lifetime_and_file_name(
    physicist: Service, finished: Any, backstage: Backstage
) -> None:
    parts = urllib.parse.urlsplit(link(physicist, finished))
    query = dict(urllib.parse.parse_qsl(parts.query))
    assert parts.path.endswith(backstage.objects(finished["id"])[0])
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert 30 <= int(query["X-Amz-Expires"]) <= 300
    assert query["response-content-disposition"].startswith("attachment; filename=")
    assert set(query) == LINK


@pytest.mark.parametrize("name", sorted(LINK - {"X-Amz-Security-Token"}))
def test_link_that_lacks_a_part_is_refused(physicist: Service, finished: Any, name: str) -> None:
    parts = urllib.parse.urlsplit(link(physicist, finished))
    query = {key: value for key, value in urllib.parse.parse_qsl(parts.query) if key != name}
    assert fetch(parts._replace(query=urllib.parse.urlencode(query)).geturl()).status in {400, 403}


def test_link_opens_no_other_file(
    people: UserPool, finished: Any, identified: Any, backstage: Backstage
) -> None:
    secret, _ = backstage.objects(identified["id"])
    plain, _ = backstage.objects(finished["id"])
    other = link(people.physicist, finished).replace(plain, secret)
    assert secret in other
    assert fetch(other).status == 403


@pytest.fixture
def short_links(stack: Stack) -> Iterator[None]:
    """Links that live for a second, instead of the minutes of the template."""
    client, function = stack.cloud.client("lambda"), stack.resource("DownloadExport")
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    short = variables | {"DOWNLOAD_SECONDS": "1"}
    client.update_function_configuration(FunctionName=function, Environment={"Variables": short})
    yield
    client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


@pytest.mark.usefixtures("short_links")
def test_link_ends(physicist: Service, finished: Any) -> None:
    url = link(physicist, finished)
    assert until(lambda: fetch(url).status == 403)


def test_file_with_patients_is_for_its_owner_and_pidgroup(people: UserPool, identified: Any) -> None:
    refused = people.physicist.call("POST", f"/exports/{identified['id']}/download")
    assert (refused.status, refused.json["field"]) == (403, "id")
    assert people.admin.call("POST", f"/exports/{identified['id']}/download").status == 403
    assert people.physicist.get(identified["id"])["filters"] is None
    assert fetch(link(people.privileged, identified)).status == 200


def test_messages_and_logs_name_no_patient(stack: Stack, people: UserPool) -> None:
    name = "Quetzalcoatlus"
    requested = people.privileged.request_export(
        type="ct-csv", include_names=True, filters={"patient_name": name}
    )
    people.privileged.wait(requested.json["id"])
    assert name not in people.physicist.call("GET", "/exports?scope=all").body.decode()
    for log in (*stack.logs.iterdir(), stack.folder / "emulator.log"):
        assert name not in log.read_text(), log.name


def test_deleted_export_is_gone_from_every_read_with_its_file(people: UserPool, backstage: Backstage) -> None:
    export = people.physicist.wait(people.physicist.request_export(type="ct-csv").json["id"])
    url = link(people.physicist, export)
    assert people.colleague.call("DELETE", f"/exports/{export['id']}").status == 403
    assert people.physicist.call("DELETE", f"/exports/{export['id']}").status == 204
    assert people.physicist.call("GET", f"/exports/{export['id']}").status == 404
    assert people.physicist.call("POST", f"/exports/{export['id']}/download").status == 404
    assert people.physicist.call("DELETE", f"/exports/{export['id']}").status == 404
    assert export["id"] not in people.physicist.call("GET", "/exports").body.decode()
    assert backstage.objects(export["id"]) == []
    assert fetch(url).status in {403, 404}


def test_deletion_of_many_says_why_each_remaining_one_is_not_deleted(people: UserPool) -> None:
    mine = [people.physicist.request_export(type="ct-csv").json["id"] for _ in range(2)]
    other = people.colleague.request_export(type="ct-csv").json["id"]
    for one in mine:
        people.physicist.wait(one)
    people.colleague.wait(other)
    reply = people.physicist.call("DELETE", "/exports", {"ids": [*mine, other]})
    assert reply.status == 200, reply.body
    assert reply.json["deleted"] == mine
    assert [one["id"] for one in reply.json["refused"]] == [other]
    assert people.colleague.get(other)["state"] == "COMPLETED"
