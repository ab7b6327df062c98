"""A proxy to AWS that can refuse calls, delay them, or lose their answers."""

import http.client
import json
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PATIENCE = 60


@dataclass(frozen=True)
class Call:
    """One call of a worker: "UploadPart", "UpdateItem", …; for S3 also its key and part."""

    name: str
    key: str = ""
    part: int = 0


@dataclass(frozen=True)
class Refusal:
    """An error that the proxy answers in the place of AWS."""

    status: int
    code: str


Fault = Callable[[Call], Refusal | None]
"""Returns the refusal of a call, or None to pass it on. It may block to delay the call."""


def _answer_as_it_is(_: Call) -> None:
    """Pass an answer without delay."""


class FaultyWay:
    """A proxy in front of the emulator, on loopback, as a context manager."""

    def __init__(self, endpoint: str) -> None:
        self.fault: Fault = lambda _: None
        self.before_answer: Callable[[Call], None] = _answer_as_it_is
        self.calls: list[Call] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, urlsplit(endpoint).netloc))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(way: FaultyWay, emulator: str) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.way, Handler.emulator = way, emulator
    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    way: FaultyWay
    emulator: str

    def _pass(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:  # the caller was killed, and AWS would wait for the rest
            return
        call = read_call(self.command, self.path, self.headers)
        self.way.calls.append(call)
        refusal = self.way.fault(call)
        if refusal is not None:
            self._refuse(refusal)
            return
        status, headers, content = self._pass_on(body)
        self.way.before_answer(call)
        self._answer(status, headers, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - names of http.server

    def _pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection(self.emulator, timeout=PATIENCE)) as connection:
            # The same headers, the host's too: it is part of what was signed.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in {"expect", "connection"}:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        return answer.status, dict(answer.getheaders()), content

    def _refuse(self, refusal: Refusal) -> None:
        body = f"<Error><Code>{refusal.code}</Code><Message>made by a test</Message></Error>"
        if "X-Amz-Target" in self.headers:
            body = json.dumps({"__type": refusal.code, "message": "made by a test"})
        self._answer(refusal.status, {}, body.encode())

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        with suppress(ConnectionError):  # the caller was killed meanwhile
            self._send(status, headers, content)

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


class HeldUp:
    """Block workers at the second part of their file, for this number of attempts."""

    def __init__(self, way: FaultyWay, attempts: int) -> None:
        self._left = attempts
        self._is_there, self._may_go = threading.Event(), threading.Event()
        way.fault = self._hold_up

    def _hold_up(self, call: Call) -> None:
        if call.name == "UploadPart" and call.part == 2 and self._left:
            self._left -= 1
            self._may_go.clear()
            self._is_there.set()
            self._may_go.wait(PATIENCE)

    def wait(self) -> None:
        """Wait until a worker stands there. A second call waits for the next one."""
        assert self._is_there.wait(PATIENCE), "no worker came so far"
        self._is_there.clear()

    def release(self) -> None:
        """Release the blocked worker."""
        self._may_go.set()


def read_call(method: str, path: str, headers: Any) -> Call:
    """Return the action that a request needs."""
    if target := headers.get("X-Amz-Target"):
        return Call(target.rpartition(".")[2])
    parts = urlsplit(path)
    query = parse_qs(parts.query, keep_blank_values=True)
    names = {
        ("POST", "uploads"): "CreateMultipartUpload",
        ("PUT", "partNumber"): "UploadPart",
        ("POST", "uploadId"): "CompleteMultipartUpload",
        ("DELETE", "uploadId"): "AbortMultipartUpload",
    }
    found = [name for (verb, word), name in names.items() if verb == method and word in query]
    return Call((found or [method])[0], parts.path, int(query.get("partNumber", ["0"])[0]))
