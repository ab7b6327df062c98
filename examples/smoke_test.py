"""Check a deployed service from outside, as a user meets it: python smoke_test.py ADDRESS [--public].

ADDRESS is the output ApiUrl, or your own domain. --public checks only what needs no sign-in. Otherwise set

    USER_NAME and PASSWORD        an account of the user pool, without managed login and one-time codes
    CLIENT_ID and CLIENT_SECRET   or a program (docs/machine-clients.md)
    TOKEN                         or an access token that you have

The export is of ct-csv and the last seven days, or of the JSON in REQUEST. It is deleted at the end.
"""

import base64
import datetime as dt
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SECONDS = 600
WEEK_AGO = str(dt.datetime.now(tz=dt.UTC).date() - dt.timedelta(days=7))
REQUEST = os.environ.get("REQUEST") or json.dumps({"type": "ct-csv", "filters": {"date_from": WEEK_AGO}})


def fetch(url: str, method: str = "GET", body: str | None = None, **headers: str):
    """Return status, body and headers of the answer, whatever its status is."""
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), refused.headers


def call(wanted: int, url: str, method: str = "GET", body: str | None = None, **headers: str):
    """Return the JSON of an answer with the wanted status, or end with what the service said."""
    status, content, _ = fetch(url, method, body, **headers)
    said = json.loads(content or "null")
    if status != wanted:
        problem = said if isinstance(said, dict) else {}
        sys.exit(f"FAILED  {method} {url}: {status} {problem.get('code', '')} {problem.get('detail', '')}")
    return said


def check(is_true: object, words: str) -> None:
    print(f"{'ok    ' if is_true else 'FAILED'}  {words}", flush=True)
    if not is_true:
        sys.exit(1)


def sign_in(config: dict[str, str]) -> str:
    """Return an access token, by whatever the environment holds."""
    given = os.environ
    if "TOKEN" in given:
        return given["TOKEN"]
    if "CLIENT_SECRET" in given:
        basic = base64.b64encode(f"{given['CLIENT_ID']}:{given['CLIENT_SECRET']}".encode()).decode()
        form = urllib.parse.urlencode({"grant_type": "client_credentials"})
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        return call(200, f"{config['login']}/oauth2/token", "POST", form, **headers)["access_token"]
    if "USER_NAME" not in given or "PASSWORD" not in given:
        sys.exit(__doc__)
    login = {"USERNAME": given["USER_NAME"], "PASSWORD": given["PASSWORD"]}
    body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": config["client_id"], "AuthParameters": login}
    kind, target = "application/x-amz-json-1.1", "AWSCognitoIdentityProviderService.InitiateAuth"
    headers = {"Content-Type": kind, "X-Amz-Target": target}
    answer = call(200, config["pool_endpoint"], "POST", json.dumps(body), **headers)
    check(
        "AuthenticationResult" in answer, f"sign-in needs no further step {answer.get('ChallengeName', '')}"
    )
    return answer["AuthenticationResult"]["AccessToken"]


def check_public(address: str) -> None:
    health = call(200, f"{address}/health")
    check(health, f"the API answers, version {health['version']}")
    status, page, headers = fetch(f"{address}/")
    check(status == 200 and b"Dose Export" in page, "the page is there")
    check("'none'" in headers["Content-Security-Policy"], "the page forbids foreign code")
    check(fetch(f"{address}/exports")[0] == 401, "nothing else answers without a token")


def follow(url: str, **bearer: str):
    """Return the export once it has ended."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        export = call(200, url, **bearer)
        if export["state"] in {"COMPLETED", "FAILED", "ABORTED"}:
            return export
        time.sleep(2)
    sys.exit(f"FAILED  the export did not end within {SECONDS} s. Is the worker's mapping enabled?")


def check_export(address: str, **bearer: str) -> None:
    modalities = call(200, f"{address}/export-types", **bearer)["modalities"]
    check(modalities, f"the account may use the service, which exports {len(modalities)} modalities")
    preview = call(200, f"{address}/exports/preview", "POST", REQUEST, **bearer)
    check(not preview["timed_out"], f"the database counts {preview['studies']} studies")
    requested = call(202, f"{address}/exports", "POST", REQUEST, **bearer)
    url = f"{address}/exports/{requested['id']}"
    export = follow(url, **bearer)
    error = export["error"] or {}
    if error.get("code") == "NO_STUDIES":
        print("ok      the worker read the database; no study matches, so there is no file to check")
    else:
        check(
            export["state"] == "COMPLETED",
            f"the worker exported: {export['state']} {error.get('message', '')}",
        )
        link = call(200, f"{url}/download", "POST", "", **bearer)
        content = fetch(link["url"])[1]
        check(
            hashlib.sha256(content).hexdigest() == link["sha256"], f"the file arrived, {len(content)} bytes"
        )
    events = [entry["event"] for entry in call(200, f"{url}/audit-trail", **bearer)["entries"]]
    check("requested" in events and "started" in events, f"the audit trail has {', '.join(events)}")
    call(204, url, "DELETE", **bearer)
    check(fetch(url, **bearer)[0] == 404, "the export is deleted")


def main() -> None:
    arguments = [each for each in sys.argv[1:] if each != "--public"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    address = arguments[0].rstrip("/")
    check_public(address)
    if "--public" not in sys.argv:
        token = sign_in(call(200, f"{address}/config.json"))
        check_export(address, Authorization=f"Bearer {token}")


if __name__ == "__main__":
    main()
