"""Serve the web page: a fixed list of files, and a Content-Security-Policy that allows nothing else.

A request selects a name from that list, so no path is ever made from a request. Browsers check the tag of
every file each time (`no-cache`), so that all files of the page are of one release.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doseexport.api.compression import MIN_SIZE, accepts_gzip
from doseexport.api.replies import respond_problem
from doseexport.errors import RequestError

INDEX = "index.html"
CONFIGURATION = "config.json"
CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\.[a-z]+")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The settings of the page: where the API is, and where users sign in.

    `login` is the URL of managed login. If it is None, the page sends user name and password to
    `pool_endpoint`. `api` is the prefix of every path of the API, empty if the API has the page's origin.
    """

    api: str
    client_id: str
    pool_endpoint: str
    login: str | None
    region: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> WebSettings:
        """Return the settings in the variables of template.yaml."""
        return cls(
            api=environment.get("API_PREFIX", ""),
            client_id=environment["CLIENT_ID"],
            pool_endpoint=environment["POOL_ENDPOINT"],
            login=environment.get("LOGIN_URL") or None,
            region=environment["AWS_REGION"],
        )

    def describe(self) -> dict[str, str | None]:
        """Return the contents of config.json. Nothing in it is secret."""
        return {
            "api": self.api,
            "client_id": self.client_id,
            "login": self.login,
            "pool_endpoint": self.pool_endpoint,
            "region": self.region,
            "scopes": "openid profile",
            "logout": f"{self.login}/logout" if self.login else None,
        }

    @property
    def policy(self) -> str:
        """The Content-Security-Policy: only the page's own files, its API, and the endpoint for sign-in."""
        rules = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": f"'self' {self.login or self.pool_endpoint}",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "base-uri": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page. `compressed` is None if gzip does not make the file smaller."""

    content_type: str
    content: bytes
    compressed: bytes | None
    tag: str

    @classmethod
    def make(cls, name: str, content: bytes) -> File:
        """Return the file, compressed and tagged. Raise KeyError for an unknown suffix."""
        compressed = gzip.compress(content, mtime=0) if len(content) >= MIN_SIZE else content
        return cls(
            content_type=CONTENT_TYPES[Path(name).suffix],
            content=content,
            compressed=compressed if len(compressed) < len(content) else None,
            tag=hashlib.sha256(content).hexdigest()[:32],
        )


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, by name. Raise ValueError for a file that cannot be served."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for name in files:
        if not _NAME.fullmatch(name) or Path(name).suffix not in CONTENT_TYPES or name == CONFIGURATION:
            raise ValueError(f"{name} cannot be served as a file of the page")
    return files


class Page:
    """The files and headers of the page, prepared once per function instance."""

    def __init__(self, contents: Mapping[str, bytes], settings: WebSettings) -> None:
        configuration = json.dumps(settings.describe()).encode()
        self._files = {
            name: File.make(name, content)
            for name, content in {**contents, CONFIGURATION: configuration}.items()
        }
        self._headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": settings.policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Referrer-Policy": "no-referrer",
            "Strict-Transport-Security": "max-age=31536000",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to an HTTP API event (payload 2.0): the file, 304 or 404."""
        name = (event.get("pathParameters") or {}).get("file", INDEX)
        file = self._files.get(name)
        if file is None:
            return respond_problem(RequestError("NOT_FOUND", "There is nothing at this address.", None, 404))
        sent = {key.lower(): value for key, value in event.get("headers", {}).items()}
        headers = {**self._headers, "Content-Type": file.content_type, "ETag": f'W/"{file.tag}"'}
        if _names_tag(sent.get("if-none-match", ""), file.tag):
            return {"statusCode": 304, "headers": headers}
        body = file.content
        if file.compressed is not None and accepts_gzip(sent.get("accept-encoding", "")):
            body, headers["Content-Encoding"] = file.compressed, "gzip"
        return {
            "statusCode": 200,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }


def _names_tag(header: str, tag: str) -> bool:
    return any(each.strip().removeprefix("W/") in {f'"{tag}"', "*"} for each in header.split(","))
