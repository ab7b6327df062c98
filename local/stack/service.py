"""Call the API as any client does: with HTTP, JSON and a token, and without this project's code."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SETTLED = frozenset({"COMPLETED", "FAILED", "ABORTED"})

# Calls to loopback must not go through the machine's proxy.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TIMEOUT = 60


@dataclass(frozen=True)
class Reply:
    """An answer of the API. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, parsed as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """The API at `url`, called with or without a token."""

    url: str
    token: str | None = None

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request and return the answer. A `body` of bytes is sent unchanged, any other as JSON."""
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return fetch(urllib.request.Request(self.url + path, data, sent, method=method))  # noqa: S310 - loopback

    def request_export(self, **request: object) -> Reply:
        """Request an export (POST /exports)."""
        return self.call("POST", "/exports", request)

    def get(self, export_id: str) -> Any:
        """Return an existing export (GET /exports/{id})."""
        reply = self.call("GET", f"/exports/{export_id}")
        if reply.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"GET /exports/{export_id}: {reply.status} {reply.body.decode()}")
        return reply.json

    def follow(self, export_id: str, seconds: float, pause: float = 0.2) -> Iterator[Any]:
        """Yield the export at each poll until it is finished. Raise TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            export = self.get(export_id)
            yield export
            if export["state"] in SETTLED:
                return
            time.sleep(pause)
        raise TimeoutError(f"export {export_id} is {export['state']} after {seconds:g} s")

    def wait(self, export_id: str, seconds: float = 60) -> Any:
        """Return the export once it is finished."""
        *_, last = self.follow(export_id, seconds, pause=0.1)
        return last


def fetch(request: urllib.request.Request | str) -> Reply:
    """Send a request and return the answer, also if its status is an error."""
    try:
        with _OPENER.open(request, timeout=_TIMEOUT) as response:
            return Reply(response.status, _lower(response.headers), response.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Reply(refused.code, _lower(refused.headers), refused.read())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
