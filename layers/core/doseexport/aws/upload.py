"""Split bytes into parts and upload them on a second thread, while the first thread makes more bytes.

    write ──► part being filled ──► uploader thread: hash, send ──► manifest ──► complete

Memory is constant: one part being filled and one being sent, neither of them copied. When `write` has filled
a part while another is being sent, it blocks until that one is sent, has failed or is cancelled.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Condition, Thread
from typing import Protocol

from doseexport.aws.clients import BotoCoreError, ClientError, find_error_code
from doseexport.aws.logging import describe_error
from doseexport.errors import AbortedError, ExportError, RetryableError

PART_SIZE = 8 * 1024 * 1024
"""Bytes of a part. S3 accepts 10,000 parts, so a file can have 80 GiB."""

DISCARD_TIMEOUT = 15.0
"""Seconds that `discard` waits for the part being sent: less than the time reserved for settling."""

_LOGGER = logging.getLogger(__name__)
_REFUSED = frozenset({"AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "KMS.DisabledException"})
"""Codes of S3 that no retry can help against: an administrator must change something first."""

ManifestMaker = Callable[[int, str], bytes]
"""A function that makes a manifest from a file's size in bytes and its SHA-256 in hexadecimal."""


class Upload(Protocol):
    """The destination of a sink's parts."""

    def send_part(self, part: BytesIO) -> None:
        """Send the next part. Raise ExportError if that fails."""

    def put_manifest(self, manifest: bytes) -> None:
        """Write the manifest beside the file. Raise ExportError if that fails."""

    def complete(self) -> None:
        """Complete the upload, so that the file exists. Raise ExportError if that fails."""

    def discard(self) -> None:
        """Delete everything that was uploaded."""


class S3Sink:
    """A file that is being uploaded: `write` repeatedly, then `finish`, or `discard` at any time."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._filling = BytesIO()
        self._sending: BytesIO | None = None
        self._is_last = False
        self._make_manifest: ManifestMaker | None = None
        self._is_finished = False
        self._stopped_by: BaseException | None = None
        self._changed = Condition()
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._uploader = Thread(target=self._run, name="uploader", daemon=True)
        self._uploader.start()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes to the file. Raise the reason if the upload has failed or was cancelled."""
        self._raise_if_stopped()
        rest = memoryview(data).cast("B")
        while len(rest) >= (room := PART_SIZE - self._filling.tell()):
            self._filling.write(rest[:room])
            rest = rest[room:]
            self._hand_over(is_last=False)
        self._filling.write(rest)

    def finish(self, make_manifest: ManifestMaker | None = None) -> tuple[int, str]:
        """Send the last part and complete the upload. Return the size in bytes and the hexadecimal SHA-256.

        `make_manifest` makes the manifest from these two. The manifest is written before the file exists.
        """
        self._make_manifest = make_manifest
        self._hand_over(is_last=True)
        self._wait_for(lambda: self._is_finished)
        return self._size, self._sha256.hexdigest()

    def cancel(self, reason: BaseException | None = None) -> None:
        """Make `write` and `finish` raise `reason` at once. Any thread may call this at any time."""
        self._stop(reason or AbortedError("ABORTED", "The export was aborted."))

    def discard(self) -> None:
        """Delete everything from S3. A failure is logged and not raised: the sweep deletes the rest."""
        self.cancel()
        self._uploader.join(DISCARD_TIMEOUT)
        if self._uploader.is_alive():
            _LOGGER.warning("discard_timed_out")
            return
        try:
            self._upload.discard()
        except (ClientError, BotoCoreError, OSError) as error:
            _LOGGER.warning("discard_failed", extra=describe_error(error))

    def _hand_over(self, *, is_last: bool) -> None:
        self._wait_for(lambda: self._sending is None)
        with self._changed:
            self._sending, self._filling = self._filling, BytesIO()
            self._is_last = is_last
            self._changed.notify_all()

    def _wait_for(self, is_ready: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped_by is not None or is_ready())
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
        except BaseException as error:  # noqa: BLE001  the writing thread raises it
            self._stop(error)

    def _send_next(self) -> bool:
        """Wait for a part and send it. Return whether it was the last one."""
        self._wait_for(lambda: self._sending is not None)
        part, is_last = self._sending, self._is_last
        if part is not None and (part.tell() or is_last):
            self._sha256.update(part.getbuffer())
            self._size += part.tell()
            part.seek(0)
            self._upload.send_part(part)
        with self._changed:
            self._sending = None
            self._changed.notify_all()
        return is_last

    def _complete(self) -> None:
        self._raise_if_stopped()
        if self._make_manifest is not None:
            self._upload.put_manifest(self._make_manifest(self._size, self._sha256.hexdigest()))
            self._raise_if_stopped()
        self._upload.complete()
        with self._changed:
            self._is_finished = True
            self._changed.notify_all()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise S3's errors as RetryableError, or as ExportError if an administrator must act."""
    try:
        yield
    except ClientError as error:
        if find_error_code(error) in _REFUSED:
            raise ExportError(
                "STORAGE_REFUSED",
                "The storage refused the file. An administrator must check its permissions.",
            ) from error
        raise RetryableError("STORAGE_FAILED", "The file could not be stored.") from error
    except BotoCoreError as error:
        raise RetryableError("STORAGE_UNREACHABLE", "The storage could not be reached.") from error
