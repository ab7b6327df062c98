"""Request an export, wait for it, download it and check it: python export.py '{"type": "ct-csv"}'."""

import base64
import hashlib
import json
import os
import sys
import time
import urllib.parse
import urllib.request


def call(method: str, url: str, body: bytes | None = None, **headers: str):
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as answer:
        return json.load(answer), answer.headers


api, tokens, client, secret = (os.environ[name] for name in ("API", "TOKENS", "CLIENT_ID", "CLIENT_SECRET"))
basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
token, _ = call("POST", tokens, form, Authorization=f"Basic {basic}")
bearer = {"Authorization": f"Bearer {token['access_token']}"}
export, headers = call("POST", f"{api}/exports", sys.argv[1].encode(), **bearer)
while "Retry-After" in headers:
    time.sleep(int(headers["Retry-After"]))
    export, headers = call("GET", f"{api}/exports/{export['id']}", **bearer)
if export["state"] != "COMPLETED":
    sys.exit(f"{export['state']}: {(export['error'] or {}).get('message', '')}")
link, _ = call("POST", f"{api}/exports/{export['id']}/download", b"", **bearer)
path, _ = urllib.request.urlretrieve(link["url"], link["file_name"])
with open(path, "rb") as file:
    if hashlib.file_digest(file, "sha256").hexdigest() != link["sha256"]:
        sys.exit("The file is damaged.")
print(path)
