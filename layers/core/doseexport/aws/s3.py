"""The bucket of export files: every S3 call of the service.

A file is uploaded in parts while it is written, and exists only once the upload is completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

from doseexport.aws.clients import ClientError, find_error_code
from doseexport.aws.upload import S3Sink, Upload, translate_errors
from doseexport.domain.export import make_object_prefix, name_manifest

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
CHECKSUM = "CRC32"


class ExportBucket:
    """The bucket that holds the files of exports."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def open_sink(self, key: str, on_upload_id: Callable[[str], None]) -> S3Sink:
        """Start the upload of a file and return the sink for its bytes.

        `on_upload_id` gets the id of the upload before any part is sent. If it raises, the upload is
        discarded. Raise RetryableError or ExportError if S3 refuses.
        """
        upload = S3Upload(self._client, self._bucket, key)
        try:
            on_upload_id(upload.upload_id)
        except BaseException:
            upload.discard()
            raise
        return S3Sink(upload)

    def presign(self, key: str, file_name: str, seconds: int) -> str:
        """Return a link that downloads the file under its name for `seconds`, and forbids caching."""
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": _make_disposition(file_name, key.rpartition("/")[2]),
            "ResponseCacheControl": "no-store",
        }
        link: str = self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
        return link

    def delete_export(self, export_id: str, except_attempt: int | None = None) -> None:
        """Delete an export's objects and unfinished uploads, except those of `except_attempt`.

        There may be none. Raise ClientError if S3 refuses, and OSError if it leaves an object.
        """
        prefix = make_object_prefix(export_id)
        excluded = None if except_attempt is None else f"{prefix}{except_attempt}/"
        for key, upload_id in self._find("list_multipart_uploads", "Uploads", prefix, excluded, "UploadId"):
            abort_upload(self._client, self._bucket, key, upload_id)
        keys = [key for key, _ in self._find("list_objects_v2", "Contents", prefix, excluded, "ETag")]
        for start in range(0, len(keys), 1000):
            self._delete_objects(keys[start : start + 1000])

    def _find(
        self, operation: str, member: str, prefix: str, excluded: str | None, detail: str
    ) -> Iterator[tuple[str, str]]:
        pages = self._client.get_paginator(operation).paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get(member, []):
                if excluded is None or not entry["Key"].startswith(excluded):
                    yield entry["Key"], entry[detail]

    def _delete_objects(self, keys: list[str]) -> None:
        answer = self._client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
        if answer.get("Errors"):
            raise OSError(f"S3 left {len(answer['Errors'])} objects behind")


def _make_disposition(file_name: str, plain: str) -> str:
    """Return the header that names a downloaded file (RFC 6266).

    `plain` is the ASCII name for programs that cannot read the other one. Browsers decode % in it.
    """
    is_plain = file_name.isascii() and file_name.isprintable() and not set(file_name) & set('"\\%')
    simple = file_name if is_plain else plain
    return f"attachment; filename=\"{simple}\"; filename*=UTF-8''{quote(file_name, safe='')}"


class S3Upload(Upload):
    """One multipart upload, which starts when this object is made."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._parts: list[dict[str, Any]] = []
        self._written_keys: list[str] = []
        with translate_errors():
            self.upload_id = self._create()

    def send_part(self, part: BytesIO) -> None:
        """Send the next part."""
        number = len(self._parts) + 1
        with translate_errors():
            answer = self._client.upload_part(
                **self._where, PartNumber=number, Body=part, ChecksumAlgorithm=CHECKSUM
            )
        # S3 requires the parts' checksums again at the end. Emulators may not return them.
        checksums = {name: value for name, value in answer.items() if name == f"Checksum{CHECKSUM}"}
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})

    def put_manifest(self, manifest: bytes) -> None:
        """Write the manifest beside the file, where it is encrypted and deleted as the file is."""
        key = name_manifest(self._key)
        self._written_keys.append(key)
        with translate_errors():
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=manifest,
                ContentType="application/json",
                ChecksumAlgorithm=CHECKSUM,
            )

    def complete(self) -> None:
        """Complete the upload, so that the file exists."""
        self._written_keys.append(self._key)
        with translate_errors():
            self._client.complete_multipart_upload(**self._where, MultipartUpload={"Parts": self._parts})

    def discard(self) -> None:
        """Delete all parts and objects of this upload. There may be none."""
        abort_upload(self._client, self._bucket, self._key, self.upload_id)
        for key in self._written_keys:
            self._client.delete_object(Bucket=self._bucket, Key=key)

    @property
    def _where(self) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._key, "UploadId": self.upload_id}

    def _create(self) -> str:
        content_type = CONTENT_TYPES.get(self._key.rpartition(".")[2], "application/octet-stream")
        answer = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=self._key, ContentType=content_type, ChecksumAlgorithm=CHECKSUM
        )
        return str(answer["UploadId"])


def abort_upload(client: Any, bucket: str, key: str, upload_id: str) -> None:
    """Abort an upload until S3 lists no parts of it, because a part in flight can outlive an abort.

    There may be none. Raise ClientError if S3 refuses, and OSError if it still lists parts after three
    aborts.
    """
    where = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    for _ in range(3):
        try:
            client.abort_multipart_upload(**where)
            if not client.list_parts(**where).get("Parts"):
                return
        except ClientError as error:
            if find_error_code(error) == "NoSuchUpload":
                return
            raise
    raise OSError("S3 still holds parts of an aborted upload")
