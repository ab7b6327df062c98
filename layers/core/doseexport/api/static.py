"""The page as it is served: a list of files fixed at the start, and a policy that lets in nothing else.

A request chooses a name from that list; no path is ever made of what it says. Every answer carries a tag
of its content and is asked for anew each time (`no-cache`), so that all files are of one version.
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
    """What the page has to know: who it signs in with, and where.

    `login` is the address of managed login, or None: user name and password are then sent to
    `pool_endpoint`. `api` stands before every path of the API: empty where the page lies at its root.
    """

    api: str
    client_id: str
    pool_endpoint: str
    login: str | None
    region: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> WebSettings:
        """Read the settings that template.yaml gives."""
        return cls(
            api=environment.get("API_PREFIX", ""),
            client_id=environment["CLIENT_ID"],
            pool_endpoint=environment["POOL_ENDPOINT"],
            login=environment.get("LOGIN_URL") or None,
            region=environment["AWS_REGION"],
        )

    def describe(self) -> dict[str, str | None]:
        """Return config.json: nothing in it is secret."""
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
        """The Content-Security-Policy: our own files, our own API, and the one place to sign in."""
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
    """One file as it is sent: `packed` by gzip if that makes it smaller, else None."""

    content_type: str
    content: bytes
    packed: bytes | None
    tag: str

    @classmethod
    def make(cls, name: str, content: bytes) -> File:
        """Return a file ready to be sent; KeyError for a kind of file that the page has none of."""
        packed = gzip.compress(content, mtime=0) if len(content) >= MIN_SIZE else content
        return cls(
            content_type=CONTENT_TYPES[Path(name).suffix],
            content=content,
            packed=packed if len(packed) < len(content) else None,
            tag=hashlib.sha256(content).hexdigest()[:32],
        )


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by their names; ValueError for one that could not be served."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for name in files:
        if not _NAME.fullmatch(name) or Path(name).suffix not in CONTENT_TYPES or name == CONFIGURATION:
            raise ValueError(f"{name} cannot be a file of the page")
    return files


class Page:
    """The page's files and headers, made once for a function."""

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
        """Return the file that an HTTP API event (payload 2.0) asks for: 200, 304, or a problem (404)."""
        name = (event.get("pathParameters") or {}).get("file", INDEX)
        file = self._files.get(name)
        if file is None:
            return respond_problem(RequestError("NOT_FOUND", "There is nothing at this address.", None, 404))
        asked = {key.lower(): value for key, value in event.get("headers", {}).items()}
        headers = {**self._headers, "Content-Type": file.content_type, "ETag": f'W/"{file.tag}"'}
        if _names_tag(asked.get("if-none-match", ""), file.tag):
            return {"statusCode": 304, "headers": headers}
        body = file.content
        if file.packed is not None and accepts_gzip(asked.get("accept-encoding", "")):
            body, headers["Content-Encoding"] = file.packed, "gzip"
        return {
            "statusCode": 200,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }


def _names_tag(header: str, tag: str) -> bool:
    return any(each.strip().removeprefix("W/") in {f'"{tag}"', "*"} for each in header.split(","))
