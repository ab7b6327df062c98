"""Stand-ins for AWS, users and time, and shortcuts to exports in every state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
from local.stack import lower
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from doseexport.aws.clients import make_client
from doseexport.aws.cognito import UserPool
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.export_indexes import ExportIndexes
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.presets import PresetRepository
from doseexport.aws.dynamodb.schedules import ScheduleRepository
from doseexport.aws.dynamodb.schemas import SchemaRepository
from doseexport.aws.dynamodb.table import Table
from doseexport.aws.dynamodb.users import UserRepository
from doseexport.aws.pseudonym_keys import PseudonymKeys
from doseexport.aws.s3 import ExportBucket
from doseexport.aws.scheduler import Scheduler
from doseexport.aws.services import Services
from doseexport.aws.settings import PseudonymSettings, SchedulerTarget, Settings
from doseexport.aws.sqs import Queue
from doseexport.catalogue.schema import Schema
from doseexport.domain.audit import AuditEntry
from doseexport.domain.export import Export, Result, make_export, make_id, name_manifest
from doseexport.domain.preset import Preset, make_preset
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller
from tests import quick_moto

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
RETENTION = timedelta(days=30)
MAX_RETENTION = timedelta(days=90)
BUCKET = "exports-of-tests"
TABLE = "exports"
PSEUDONYM_PREFIX = "test/pseudonyms/"
AUDIT_TABLE = "audit"
SAVED_REQUESTS_TABLE = "saved"
GROUP = "schedules"
DETAILS = "by_month_details"
TARGET = SchedulerTarget(
    group=GROUP,
    function_arn="arn:aws:lambda:eu-west-2:123456789012:function:run-schedule",
    role_arn="arn:aws:iam::123456789012:role/scheduler",
    queue_arn="arn:aws:sqs:eu-west-2:123456789012:lost",
)
AUDIT_RETENTION = timedelta(days=2555)

quick_moto.install()

ADA = Caller("ada-sub", "ada", frozenset({"exportgroup"}))
BEN = Caller("ben-sub", "ben", frozenset({"exportgroup"}))
PIA = Caller("pia-sub", "pia", frozenset({"exportgroup", "pidgroup"}))
ADMIN = Caller("admin-sub", "admin", frozenset({"admingroup"}))
STRANGER = Caller("stranger-sub", "stranger", frozenset({"pidgroup"}))


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now


def make_settings(**changes: Any) -> Settings:
    values = {
        "exports_table_name": TABLE,
        "audit_table_name": AUDIT_TABLE,
        "saved_requests_table_name": SAVED_REQUESTS_TABLE,
        "bucket_name": BUCKET,
        "queue_url": "",
        "max_active_exports": 3,
        "max_requests_per_minute": 1000,
        "retention": RETENTION,
        "max_retention": MAX_RETENTION,
        "audit_retention": AUDIT_RETENTION,
        "download_seconds": 300,
        "time_zone": ZoneInfo("Europe/London"),
        "max_schedules": 3,
        "owner_inactive": timedelta(days=90),
        "user_pool_id": "",
        "target": TARGET,
        "has_mail_sender": True,
        "pseudonyms": PseudonymSettings("exportgroup", PSEUDONYM_PREFIX, ""),
        "database": None,
    }
    return Settings(**{**values, **changes})


def seen_database(schema: Schema) -> Any:
    """A service that knows only its settings, and what its worker has seen of the database."""
    schemas = SimpleNamespace(find=lambda _now: schema)
    return SimpleNamespace(settings=make_settings(), schemas=schemas, clock=Clock())


@contextmanager
def stand_in_for_aws() -> Iterator[Services]:
    """An empty table, bucket and queue, and a clock that stands at NOW."""
    with mock_aws():
        boto3.DEFAULT_SESSION = read_models_once()
        dynamodb, s3, sqs = aws_client("dynamodb"), aws_client("s3"), aws_client("sqs")
        make_table(
            dynamodb,
            TABLE,
            by_owner="owner",
            by_month="month",
            by_cleanup="cleanup",
            by_expiry="cleanup",
            by_month_details="month",
        )
        make_table(dynamodb, SAVED_REQUESTS_TABLE, by_owner="owner", by_kind="kind")
        make_audit_table(dynamodb)
        in_moto("s3", "aws").create_bucket(BUCKET, "eu-west-2")
        in_moto("sqs").create_queue("exports")
        url = f"https://sqs.eu-west-2.amazonaws.com/{DEFAULT_ACCOUNT_ID}/exports"
        in_moto("scheduler").create_schedule_group(GROUP, [])
        pool = in_moto("cognito-idp").create_user_pool("people", {}).id
        audit = AuditRepository(dynamodb, AUDIT_TABLE, AUDIT_RETENTION)
        yield Services(
            settings=make_settings(queue_url=url, user_pool_id=pool),
            exports=ExportRepository(dynamodb, TABLE, audit),
            indexes=ExportIndexes(dynamodb, TABLE),
            audit=audit,
            presets=PresetRepository(dynamodb, SAVED_REQUESTS_TABLE),
            files=ExportBucket(s3, BUCKET),
            queue=Queue(sqs, url),
            schedules=ScheduleRepository(dynamodb, SAVED_REQUESTS_TABLE, audit),
            scheduler=Scheduler(aws_client("scheduler"), TARGET),
            users=UserRepository(dynamodb, SAVED_REQUESTS_TABLE),
            schemas=SchemaRepository(dynamodb, TABLE),
            user_pool=UserPool(aws_client("cognito-idp"), pool),
            pseudonym_keys=PseudonymKeys(aws_client("secretsmanager"), make_settings().pseudonyms),
            clock=Clock(),
        )


def in_moto(service: str, region: str = "eu-west-2") -> Any:
    """Return what moto has of a service, to make in it without a request what every test begins with."""
    return get_backend(service)[DEFAULT_ACCOUNT_ID][region]


@cache
def read_models_once() -> boto3.session.Session:
    """Return the session of every client, because each session reads large files for its first one."""
    return quick_moto.make_session()


@cache
def aws_client(service: str) -> Any:
    """Return the client that the services use. It is made once: moto answers it in every test."""
    return make_client(service)


def open_table(name: str) -> Table:
    """Return a table, to read and change rows as no use case does."""
    return Table(aws_client("dynamodb"), name)


def make_table(client: Any, name: str, **indexes: str) -> None:
    """A table whose indexes have these attributes as their keys, in the order of created_at or expires_at.

    An index of details holds what the template's does.
    """
    ranges = {index: "expires_at" if index == "by_expiry" else "created_at" for index in indexes}
    attributes = sorted({"pk", *indexes.values(), *ranges.values()})
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": attribute, "KeyType": "HASH"},
                    {"AttributeName": ranges[index], "KeyType": "RANGE"},
                ],
                "Projection": read_projection() if index == DETAILS else {"ProjectionType": "KEYS_ONLY"},
            }
            for index, attribute in indexes.items()
        ],
    )


@cache
def read_projection() -> dict[str, Any]:
    """Return the projection of the index of details in the template."""
    template = lower.read(Path(__file__).resolve().parents[1] / "template.yaml")
    indexes = template["Resources"]["ExportsTable"]["Properties"]["GlobalSecondaryIndexes"]
    return next(each["Projection"] for each in indexes if each["IndexName"] == DETAILS)


def make_audit_table(client: Any) -> None:
    client.create_table(
        TableName=AUDIT_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


def read_audit_trail(services: Services, export: Export) -> list[AuditEntry]:
    return services.audit.read(export.id)


def read_row(pk: str) -> dict[str, Any] | None:
    """Return a row of the table of exports as it is stored."""
    return open_table(TABLE).get(pk)


def active_ids(owner: Caller) -> set[str]:
    row = read_row(f"OWNER#{owner.id}") or {}
    return set(row.get("active", ()))


def interrupt_next_write(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Act just before the next transaction is written: what it was made from is out of date by then."""
    client = aws_client("dynamodb")
    write = client.transact_write_items

    def act_first(**arguments: Any) -> Any:
        monkeypatch.setattr(client, "transact_write_items", write)
        act()
        return write(**arguments)

    monkeypatch.setattr(client, "transact_write_items", act_first)


def make_new(caller: Caller = ADA, now: datetime = NOW, **request: Any) -> Export:
    """A new export that is in no store yet."""
    parsed = ExportRequest(**{"type": "ct-csv", **request})
    return make_export(make_id(caller.id, None), caller.id, caller.name, parsed, now)


def add(services: Services, caller: Caller = ADA, **request: Any) -> Export:
    """A new export, waiting in the store; no limit holds it back."""
    export = services.exports.create(make_new(caller, services.clock(), **request), limit=1000)
    assert export is not None
    return export


def share_preset(services: Services, caller: Caller = ADA) -> Preset:
    """Create a shared preset of a user in any groups."""
    preset_id = make_id(caller.id, None)
    request = ExportRequest("ct-csv", {"age_min": "16"})
    fields = {"name": preset_id, "request": request, "shared": True}
    preset = make_preset(preset_id, caller, fields, services.clock())
    assert services.presets.create(preset, limit=1000)
    return preset


def make_result(export: Export, attempt: int = 1, **changes: Any) -> Result:
    values = {
        "key": f"exports/{export.id}/{attempt}/ct.csv",
        "file_name": "ct.csv",
        "size": 12,
        "sha256": "ab" * 32,
        "studies": 7,
        "events": 21,
        "warnings": ("One study has no dose row.",),
    }
    return Result(**{**values, **changes})


def run(services: Services, export: Export) -> Export:
    claimed = services.exports.claim(export.id, export.attempt, services.clock())
    assert claimed is not None
    return claimed


def finish(services: Services, export: Export) -> Export:
    """Complete an export, with its object in the bucket."""
    run(services, export)
    result = make_result(export, export.attempt)
    put_object(services, result.key)
    assert services.exports.complete(export.id, export.attempt, result, services.clock(), RETENTION)
    return services.exports.load(export.id)


def put_object(services: Services, key: str) -> None:
    aws_client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")


def keys_of(result: Result) -> list[str]:
    """The objects of a finished export: its file and its manifest."""
    return [result.key, name_manifest(result.key)]


def list_keys(services: Services) -> list[str]:
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [entry["Key"] for entry in found]


def list_uploads(services: Services) -> list[str]:
    found = aws_client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return [entry["Key"] for entry in found]


def take_messages(services: Services) -> list[dict[str, Any]]:
    """The queue's messages, taken from it."""
    client, url = aws_client("sqs"), services.settings.queue_url
    taken = []
    while messages := client.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages"):
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(message)
    return taken
