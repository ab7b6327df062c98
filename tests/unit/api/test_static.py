"""The page is served as fixed files with a strict policy and an entity tag."""

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from doseexport.api.static import Page, WebSettings, read_files

ENVIRONMENT = {
    "CLIENT_ID": "client",
    "POOL_ENDPOINT": "https://cognito-idp.eu-west-2.amazonaws.com/",
    "AWS_REGION": "eu-west-2",
}
SETTINGS = WebSettings.from_environment(ENVIRONMENT)
MANAGED = WebSettings.from_environment({**ENVIRONMENT, "LOGIN_URL": "https://x.auth.example"})
INDEX = b"<!doctype html>" + b"<p>text</p>" * 100
CONTENTS = {"index.html": INDEX, "app.js": b"1"}
STATIC = Path(__file__).resolve().parents[3] / "functions" / "web" / "static"


def get(file=None, settings=SETTINGS, contents=CONTENTS, **headers):
    event = {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}
    if file is not None:
        event["pathParameters"] = {"file": file}
    return Page(contents, settings).answer(event)


def body_of(answer):
    assert answer["isBase64Encoded"] is True
    return base64.b64decode(answer["body"])


def policy_of(answer):
    rules = answer["headers"]["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in rules)}


def test_root_is_the_index():
    assert body_of(get()) == body_of(get("index.html")) == INDEX
    assert get()["headers"]["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", ["", "..", "../handler.py", "handler.py", "APP.JS", "app.js/", "%2e%2e"])
def test_unlisted_file_is_not_found(name):
    answer = get(name)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "name", ["script.sh", "App.js", ".hidden", "a b.js", "config.json", "notes.txt", "a.js.map"]
)
def test_file_that_cannot_be_served_fails_the_start(tmp_path, name):
    (tmp_path / name).write_text("x")
    with pytest.raises(ValueError, match="cannot be served as a file of the page"):
        read_files(tmp_path)


def test_known_version_is_not_sent_again():
    tag = get()["headers"]["ETag"]
    for header in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = get(if_none_match=header)
        assert (again["statusCode"], "body" in again, again["headers"]["ETag"]) == (304, False, tag)
    changed = get(contents={**CONTENTS, "index.html": INDEX + b"!"}, if_none_match=tag)
    assert (changed["statusCode"], changed["headers"]["ETag"] == tag) == (200, False)


def test_answers_must_be_revalidated():
    for name in (None, "app.js", "config.json"):
        assert get(name)["headers"]["Cache-Control"] == "no-cache"
    assert json.loads(get("no")["body"])["status"] == 404
    assert get("no")["headers"]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("header", ["gzip", "gzip, deflate, br", "br;q=1, gzip; q=0.5", "GZIP"])
def test_gzip_is_sent_where_accepted(header):
    answer = get(accept_encoding=header)
    assert answer["headers"]["Content-Encoding"] == "gzip"
    assert gzip.decompress(body_of(answer)) == INDEX
    assert len(body_of(answer)) < len(INDEX)


@pytest.mark.parametrize("header", ["", "br", "gzip;q=0", "gzip;q=0.0", "xgzip"])
def test_gzip_is_not_sent_where_not_accepted(header):
    answer = get(accept_encoding=header)
    assert "Content-Encoding" not in answer["headers"]
    assert body_of(answer) == INDEX
    assert answer["headers"]["Vary"] == "Accept-Encoding"


def test_small_files_are_sent_uncompressed():
    assert body_of(get("app.js", accept_encoding="gzip")) == b"1"


def test_policy_allows_own_files_and_nothing_inline():
    policy = policy_of(get())
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == "'self'"
    assert not [rule for rule in policy.values() if "unsafe" in rule or "*" in rule or "data:" in rule]


@pytest.mark.parametrize(
    ("settings", "address"), [(SETTINGS, ENVIRONMENT["POOL_ENDPOINT"]), (MANAGED, "https://x.auth.example")]
)
def test_policy_allows_connecting_to_the_sign_in_only(settings, address):
    assert policy_of(get(settings=settings))["connect-src"] == f"'self' {address}"


def test_every_file_has_every_header():
    headers = [set(get(name)["headers"]) for name in (None, "app.js", "config.json")]
    assert headers[0] == headers[1] == headers[2]
    assert {"Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"} <= headers[0]


def test_configuration_comes_from_the_environment():
    assert json.loads(body_of(get("config.json"))) == {
        "api": "",
        "client_id": "client",
        "login": None,
        "pool_endpoint": ENVIRONMENT["POOL_ENDPOINT"],
        "region": "eu-west-2",
        "scopes": "openid profile",
        "logout": None,
    }
    managed = json.loads(body_of(get("config.json", settings=MANAGED)))
    assert (managed["login"], managed["logout"]) == (
        "https://x.auth.example",
        "https://x.auth.example/logout",
    )


def test_every_committed_file_can_be_served():
    files = read_files(STATIC)
    assert "index.html" in files
    for name, content in files.items():
        assert body_of(get(name, contents=files)) == content


def test_no_two_elements_have_one_id():
    ids = re.findall(r'\bid="([^"]*)"', (STATIC / "index.html").read_text())
    assert len(ids) > 50
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_qr_code_library_is_unchanged_and_its_licence_is_named():
    """It is dist/qrcode.mjs of the npm package."""
    fingerprint = hashlib.sha256((STATIC / "qrcode.js").read_bytes()).hexdigest()
    assert fingerprint == "ea91d7118a5395289170da848b7c6758b996163bfbccf312591ab65a4911b7c0"
    licence = (STATIC.parent / "qrcode-generator.LICENSE").read_text()
    assert "qrcode-generator 2.0.4, unchanged" in licence
    assert "Permission is hereby granted, free of charge" in licence
