"""Bytes into parts, parts into S3, beside the thread that makes the bytes.

    write ──► part being filled ──► uploader thread: hash, send ──► manifest ──► complete

Memory is flat: a part being filled and a part under way, neither of them copied. A `write` that has
filled a part while one is under way blocks until that is sent, has failed, or somebody cancelled.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Condition, Thread
from typing import Protocol

from doseexport.aws.clients import BotoCoreError, ClientError, error_code
from doseexport.errors import AbortedError, ExportError, RetryableError

PART_SIZE = 8 * 1024 * 1024
"""Bytes of a part; S3 takes 10,000 parts, so a file can have 80 GiB."""

PATIENCE = 15.0
"""Seconds that a part under way may take to end; less than the time left for settling."""

_LOGGER = logging.getLogger(__name__)
_REFUSED = frozenset({"AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "KMS.DisabledException"})


Describe = Callable[[int, str], bytes]
"""From a file's size in bytes and its SHA-256 in hexadecimal to its manifest."""


class Upload(Protocol):
    """Where a sink's parts go."""

    def send_part(self, part: BytesIO) -> None:
        """Send the next part; ExportError if it cannot be sent."""

    def put_manifest(self, manifest: bytes) -> None:
        """Put the manifest beside the file; ExportError if that fails."""

    def complete(self) -> None:
        """Make the parts one object; ExportError if that fails."""

    def discard(self) -> None:
        """Leave nothing behind."""


class S3Sink:
    """A file under way: `write` … `finish`, or `discard` at any time."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._filling = BytesIO()
        self._under_way: BytesIO | None = None
        self._is_last = False
        self._describe: Describe | None = None
        self._is_finished = False
        self._stopped_by: BaseException | None = None
        self._changed = Condition()
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._uploader = Thread(target=self._run, name="uploader", daemon=True)
        self._uploader.start()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes; raise why the upload failed or was cancelled, if it did or was."""
        self._raise_if_stopped()
        rest = memoryview(data).cast("B")
        while len(rest) >= (room := PART_SIZE - self._filling.tell()):
            self._filling.write(rest[:room])
            rest = rest[room:]
            self._hand_over(is_last=False)
        self._filling.write(rest)

    def finish(self, describe: Describe | None = None) -> tuple[int, str]:
        """Send what is left and make the file exist; return its size in bytes and its SHA-256 in hex.

        `describe` makes its manifest of these two; no file exists before its manifest does.
        """
        self._describe = describe
        self._hand_over(is_last=True)
        self._wait_for(lambda: self._is_finished)
        return self._size, self._sha256.hexdigest()

    def cancel(self, reason: BaseException | None = None) -> None:
        """Make `write` and `finish` raise `reason` at once; from any thread, at any time."""
        self._stop(reason or AbortedError("ABORTED", "The export was stopped."))

    def discard(self) -> None:
        """Leave nothing behind in S3. Never raises: what stays is found by the sweep."""
        self.cancel()
        self._uploader.join(PATIENCE)
        if self._uploader.is_alive():
            _LOGGER.warning("discard_left_to_the_sweep")
            return
        try:
            self._upload.discard()
        except (ClientError, BotoCoreError, OSError) as error:
            _LOGGER.warning("discard_failed", extra={"error": type(error).__name__, "aws": error_code(error)})

    def _hand_over(self, *, is_last: bool) -> None:
        self._wait_for(lambda: self._under_way is None)
        with self._changed:
            self._under_way, self._filling = self._filling, BytesIO()
            self._is_last = is_last
            self._changed.notify_all()

    def _wait_for(self, is_so: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped_by is not None or is_so())
        self._raise_if_stopped()

    def _raise_if_stopped(self) -> None:
        if self._stopped_by is not None:
            raise self._stopped_by

    def _stop(self, reason: BaseException) -> None:
        with self._changed:
            self._stopped_by = self._stopped_by or reason
            self._changed.notify_all()

    # On the uploader's thread

    def _run(self) -> None:
        try:
            while not self._send_next():
                pass
            self._complete()
        except BaseException as error:  # noqa: BLE001  the thread that writes shall raise it
            self._stop(error)

    def _send_next(self) -> bool:
        """Wait for a part and send it; tell whether it was the last."""
        self._wait_for(lambda: self._under_way is not None)
        part, is_last = self._under_way, self._is_last
        if part is not None and (part.tell() or is_last):
            self._sha256.update(part.getbuffer())
            self._size += part.tell()
            part.seek(0)
            self._upload.send_part(part)
        with self._changed:
            self._under_way = None
            self._changed.notify_all()
        return is_last

    def _complete(self) -> None:
        self._raise_if_stopped()
        if self._describe is not None:
            self._upload.put_manifest(self._describe(self._size, self._sha256.hexdigest()))
            self._raise_if_stopped()
        self._upload.complete()
        with self._changed:
            self._is_finished = True
            self._changed.notify_all()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn S3's errors into what they mean for an export: try again, or somebody must act."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _REFUSED:
            raise ExportError(
                "STORAGE_REFUSED", "The storage refused the file; its permissions need attention."
            ) from error
        raise RetryableError("STORAGE_FAILED", "The file could not be stored.") from error
    except BotoCoreError as error:
        raise RetryableError("STORAGE_UNREACHABLE", "The storage could not be reached.") from error
