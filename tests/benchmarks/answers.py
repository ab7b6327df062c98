"""Answer the calls of AWS that functions make, on this machine, so that their first call can be measured.

Every table holds one export, every queue accepts messages, and the database is not there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from doseexport.aws.clients import make_translators
from doseexport.aws.dynamodb.export_rows import new_row
from doseexport.domain.export import State, make_export
from doseexport.domain.request import parse_request

EXPORT_ID = "Jx3kq0Zb5vWc8sYtR1nMhP2uLd7gAe9f"
SECRET = json.dumps({"username": "reader", "password": "none"})
PUBLISHED = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
UPLOAD = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"


def _make_row() -> dict[str, Any]:
    now = datetime.now(UTC)
    request = parse_request({"type": "ct-csv"}, may_see_patients=False)
    export = make_export(EXPORT_ID, "ada-sub", "ada", request, now)
    serialize, _ = make_translators()
    row = new_row(export) | {"status": State.RUNNING.value, "started_at": now.isoformat(), "lease_until": 0}
    return {name: serialize(value) for name, value in row.items()}


ROW = _make_row()
ANSWERS = {
    "GetItem": {"Item": ROW},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "UpdateItem": {"Attributes": ROW},
    "SendMessage": {"MessageId": "m"},
    "GetQueueAttributes": {"Attributes": {}},
    "GetSecretValue": {"SecretString": SECRET},
    "AdminGetUser": {"UserAttributes": [], "Enabled": True},
    "AdminListGroupsForUser": {"Groups": []},
    "PutEvents": {"FailedEntryCount": 0, "Entries": []},
}


def _find_text(operation: str, path: str, body: bytes) -> str:
    if path.endswith("?uploads"):
        return UPLOAD
    if body.startswith(b"Action=Publish"):
        return PUBLISHED
    is_other_row = operation == "GetItem" and b"EXPORT#" not in body
    return json.dumps({} if is_other_row else ANSWERS.get(operation, {}))


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        text = _find_text(operation, self.path, body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815  names of http.server

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def answer_calls() -> Iterator[str]:
    """Answer until the block ends. Yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
