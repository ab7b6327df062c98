"""Files in S3 are published complete, or not at all."""

import hashlib
import threading
import time
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest

from doseexport.aws import upload as upload_module
from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.s3 import ExportBucket, S3Upload, abort_upload
from doseexport.aws.upload import PART_SIZE, S3Sink
from doseexport.domain.export import make_object_key
from doseexport.errors import AbortedError, ExportError, LeaseLostError, RetryableError
from tests.fakes import BUCKET, aws_client, list_keys, list_uploads, make_new, put_object

ID = make_new().id
KEY = make_object_key(ID, 1, "ct-csv_2026-11-23_1130.csv")


def read(services, key=KEY):
    return aws_client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()


@pytest.mark.parametrize("size", [0, 1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE + 17])
def test_sink_sends_every_byte_in_order(services, size):
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    sink = services.files.open_sink(KEY, lambda _: None)
    for start in range(0, size, 1_000_003):
        sink.write(memoryview(data)[start : start + 1_000_003])
    assert sink.finish() == (size, hashlib.sha256(data).hexdigest())
    assert read(services) == data
    assert list_uploads(services) == []


def test_sink_splits_write_larger_than_parts(services):
    data = b"0123456789abcdef" * (PART_SIZE // 4)
    sink = services.files.open_sink(KEY, lambda _: None)
    sink.write(bytearray(data))
    assert sink.finish()[0] == len(data)
    assert read(services) == data


def test_open_sink_reports_upload_id_before_sending(services):
    reported = []
    sink = services.files.open_sink(
        KEY, lambda upload_id: reported.append((upload_id, list_uploads(services)))
    )
    sink.discard()
    assert reported[0][0]
    assert reported[0][1] == [KEY]


def test_open_sink_aborts_upload_whose_id_cannot_be_noted(services):
    def refuse(_upload_id):
        raise LeaseLostError("LEASE_LOST", "Another attempt owns the export.")

    with pytest.raises(LeaseLostError):
        services.files.open_sink(KEY, refuse)
    assert list_uploads(services) == []


def test_sink_shows_nothing_before_the_end(services):
    sink = services.files.open_sink(KEY, lambda _: None)
    sink.write(b"x" * (PART_SIZE + 1))
    assert list_keys(services) == []
    sink.discard()
    assert list_keys(services) == list_uploads(services) == []


def test_discard_leaves_nothing_twice_or_after_the_end(services):
    sink = services.files.open_sink(KEY, lambda _: None)
    sink.write(b"x")
    sink.finish()
    assert list_keys(services) == [KEY]
    sink.discard()
    sink.discard()
    assert list_keys(services) == []


@pytest.mark.parametrize(("name", "expected"), [("f.csv", "text/csv"), ("f.zip", "application/zip")])
def test_object_has_its_content_type(services, name, expected):
    key = make_object_key(ID, 1, name)
    services.files.open_sink(key, lambda _: None).finish()
    head = aws_client("s3").head_object(Bucket=BUCKET, Key=key)
    assert head["ContentType"].startswith(expected)


def test_delete_export_removes_all_attempts_of_one_export_only(services):
    other = make_object_key(make_new().id, 1, "f.csv")
    for key in (KEY, make_object_key(ID, 2, "f.csv"), other):
        put_object(services, key)
    sink = services.files.open_sink(make_object_key(ID, 3, "f.csv"), lambda _: None)
    services.files.delete_export(ID)
    assert list_keys(services) == [other]
    assert list_uploads(services) == []
    services.files.delete_export(ID)
    sink.discard()


def test_delete_export_keeps_the_winning_attempt(services):
    keys = [make_object_key(ID, attempt, "f.csv") for attempt in (1, 2, 22)]
    for key in keys:
        put_object(services, key)
    services.files.delete_export(ID, except_attempt=2)
    assert list_keys(services) == [keys[1]]


@pytest.mark.parametrize("not_an_id", ["", "a", "../" * 11])
def test_delete_export_of_invalid_id_deletes_nothing(services, not_an_id):
    put_object(services, KEY)
    with pytest.raises(ValueError, match="not an export id"):
        services.files.delete_export(not_an_id)
    assert list_keys(services) == [KEY]


def test_presign_makes_regional_link_for_one_file_under_its_name(services):
    link = urlsplit(services.files.presign(KEY, "ct-csv_2026-11-23_1130.csv", 300))
    query = parse_qs(link.query)
    assert link.hostname.endswith("s3.eu-west-2.amazonaws.com")
    assert link.path.endswith(KEY)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]
    assert query["response-content-disposition"][0].startswith(
        'attachment; filename="ct-csv_2026-11-23_1130.csv"'
    )


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Van 3_ct.csv", "attachment; filename=\"Van 3_ct.csv\"; filename*=UTF-8''Van%203_ct.csv"),
        ("Försök_ct.csv", "attachment; filename=\"ct.csv\"; filename*=UTF-8''F%C3%B6rs%C3%B6k_ct.csv"),
        ("50%41_ct.csv", "attachment; filename=\"ct.csv\"; filename*=UTF-8''50%2541_ct.csv"),
        ('a"; b_ct.csv', "attachment; filename=\"ct.csv\"; filename*=UTF-8''a%22%3B%20b_ct.csv"),
    ],
)
def test_presign_encodes_every_file_name(services, name, header):
    link = urlsplit(services.files.presign(f"exports/{ID}/1/ct.csv", name, 300))
    assert parse_qs(link.query)["response-content-disposition"] == [header]
    assert link.path.endswith("/1/ct.csv")


def test_delete_export_raises_if_objects_remain(services, monkeypatch):
    put_object(services, KEY)
    answer = {"Errors": [{"Key": KEY, "Code": "InternalError"}]}
    monkeypatch.setattr(aws_client("s3"), "delete_objects", lambda **_: answer)
    with pytest.raises(OSError, match="1 objects"):
        services.files.delete_export(ID)


# An S3 that fails


def error(code):
    return ClientError({"Error": {"Code": code}}, "UploadPart")


class FailingS3:
    """Takes `takes` parts, then raises; `lingers` times it still lists parts after an abort."""

    def __init__(self, failure=None, takes=0, lingers=0):
        self.failure, self.takes, self.lingers = failure, takes, lingers
        self.aborts = 0

    def create_multipart_upload(self, **_):
        return {"UploadId": "u"}

    def upload_part(self, **_):
        if self.takes == 0 and self.failure:
            raise self.failure
        self.takes -= 1
        return {"ETag": "e", "ChecksumCRC32": "c"}

    def complete_multipart_upload(self, **arguments):
        self.completed = arguments["MultipartUpload"]["Parts"]

    def abort_multipart_upload(self, **_):
        self.aborts += 1

    def list_parts(self, **_):
        if self.aborts <= self.lingers:
            return {"Parts": [{"PartNumber": 1}]}
        raise error("NoSuchUpload")


@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        (error("SlowDown"), RetryableError, "STORAGE_FAILED"),
        (error("NoSuchUpload"), RetryableError, "STORAGE_FAILED"),
        (error("AccessDenied"), ExportError, "STORAGE_REFUSED"),
        (BotoCoreError(), RetryableError, "STORAGE_UNREACHABLE"),
    ],
)
def test_sink_raises_in_later_write_after_failed_part(failure, kind, code):
    sink = ExportBucket(FailingS3(failure, takes=1), "b").open_sink(KEY, lambda _: None)
    with pytest.raises(kind) as caught:
        sink.write(b"x" * 10 * PART_SIZE)
    assert caught.value.code == code
    assert isinstance(caught.value, RetryableError) == (kind is RetryableError)
    with pytest.raises(kind):
        sink.finish()
    sink.discard()


def test_sink_raises_in_finish_after_failed_part():
    sink = ExportBucket(FailingS3(error("SlowDown")), "b").open_sink(KEY, lambda _: None)
    sink.write(b"x")
    with pytest.raises(RetryableError):
        sink.finish()
    sink.discard()


def test_upload_repeats_checksums_at_completion():
    client = FailingS3()
    ExportBucket(client, "b").open_sink(KEY, lambda _: None).finish()
    assert client.completed == [{"PartNumber": 1, "ETag": "e", "ChecksumCRC32": "c"}]


def test_abort_upload_repeats_until_no_part_remains():
    client = FailingS3(lingers=2)
    abort_upload(client, "b", KEY, "u")
    assert client.aborts == 3
    with pytest.raises(OSError, match="still holds"):
        abort_upload(FailingS3(lingers=9), "b", KEY, "u")


@pytest.mark.parametrize(
    "failure", [error("NoSuchUpload"), error("AccessDenied"), BotoCoreError(), OSError()]
)
def test_discard_never_raises(failure, monkeypatch):
    client = FailingS3()

    def fail(**_):
        raise failure

    sink = ExportBucket(client, "b").open_sink(KEY, lambda _: None)
    monkeypatch.setattr(client, "abort_multipart_upload", fail)
    sink.discard()


# Threads


class BlockedUpload:
    """An upload whose parts take until `release`."""

    def __init__(self):
        self.release = threading.Event()
        self.parts = []
        self.log = []

    def send_part(self, part):
        self.release.wait(10)
        self.parts.append(part.getbuffer().nbytes)
        self.log.append("sent")

    def complete(self):
        self.release.wait(10)
        self.log.append("completed")

    def discard(self):
        self.log.append("discarded")


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(upload_module, "PART_SIZE", 4)


def raises_soon(call, kind):
    """Run a blocking call beside, and return how to see what it raised and when."""
    caught = []

    def run():
        try:
            call()
        except BaseException as error:  # noqa: BLE001
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.05)
    assert thread.is_alive(), "it should block"

    def see():
        thread.join(1)
        assert not thread.is_alive(), "it still blocks"
        assert isinstance(caught[0], kind)

    return see


@pytest.mark.usefixtures("small_parts")
def test_sink_holds_one_part_in_filling_and_one_in_flight():
    upload = BlockedUpload()
    sink = S3Sink(upload)
    written = []

    def write():
        for _ in range(10):
            sink.write(b"1234")
            written.append(4)

    see = raises_soon(write, AbortedError)
    assert len(written) == 1
    sink.cancel()
    see()
    upload.release.set()
    sink.discard()


@pytest.mark.usefixtures("small_parts")
def test_cancel_frees_blocked_write_with_the_given_reason():
    upload = BlockedUpload()
    sink = S3Sink(upload)
    see = raises_soon(lambda: sink.write(b"x" * 100), LeaseLostError)
    sink.cancel(LeaseLostError("LEASE_LOST", "Another attempt owns the export."))
    see()
    with pytest.raises(LeaseLostError):
        sink.write(b"x")
    upload.release.set()
    sink.discard()


def test_cancel_frees_blocked_finish():
    upload = BlockedUpload()
    sink = S3Sink(upload)
    see = raises_soon(sink.finish, AbortedError)
    sink.cancel()
    see()
    upload.release.set()
    sink.discard()
    assert "completed" not in upload.log


def test_discard_waits_for_the_part_in_flight():
    upload = BlockedUpload()
    sink = S3Sink(upload)
    see = raises_soon(sink.finish, AbortedError)
    threading.Timer(0.1, upload.release.set).start()
    sink.discard()
    see()
    assert upload.log == ["sent", "discarded"]


def test_cancel_stops_all_sending():
    upload = BlockedUpload()
    upload.release.set()
    sink = S3Sink(upload)
    sink.cancel()
    sink.discard()
    assert upload.log == ["discarded"]


def test_cancel_during_completion_deletes_the_object(services):
    upload = S3Upload(aws_client("s3"), BUCKET, KEY)
    upload.send_part(BytesIO(b"x"))
    upload.complete()
    upload.discard()
    assert list_keys(services) == []
