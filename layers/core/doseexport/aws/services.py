"""The services that a function works with, connected once and passed to every use case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from doseexport.aws.clients import LazyClient
from doseexport.aws.cognito import UserPool
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.export_indexes import ExportIndexes
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.presets import PresetRepository
from doseexport.aws.dynamodb.schedules import ScheduleRepository
from doseexport.aws.dynamodb.schemas import SchemaRepository
from doseexport.aws.dynamodb.users import UserRepository
from doseexport.aws.pseudonym_keys import PseudonymKeys
from doseexport.aws.s3 import ExportBucket
from doseexport.aws.scheduler import Scheduler
from doseexport.aws.settings import Settings
from doseexport.aws.sqs import Queue


@dataclass(frozen=True, slots=True)
class Services:
    """The settings, the repositories and adapters, and a clock that returns the time in UTC."""

    settings: Settings
    exports: ExportRepository
    indexes: ExportIndexes
    audit: AuditRepository
    presets: PresetRepository
    files: ExportBucket
    queue: Queue
    schedules: ScheduleRepository
    scheduler: Scheduler
    users: UserRepository
    schemas: SchemaRepository
    user_pool: UserPool
    pseudonym_keys: PseudonymKeys
    clock: Callable[[], datetime]


@cache
def connect_services() -> Services:
    """Return the services of this function, made from its environment at the first call."""
    settings = Settings.from_environment()
    dynamodb = LazyClient("dynamodb")
    audit = AuditRepository(dynamodb, settings.audit_table_name, settings.audit_retention)
    return Services(
        settings=settings,
        exports=ExportRepository(dynamodb, settings.exports_table_name, audit),
        indexes=ExportIndexes(dynamodb, settings.exports_table_name),
        audit=audit,
        presets=PresetRepository(dynamodb, settings.saved_requests_table_name),
        files=ExportBucket(LazyClient("s3"), settings.bucket_name),
        queue=Queue(LazyClient("sqs"), settings.queue_url),
        schedules=ScheduleRepository(dynamodb, settings.saved_requests_table_name, audit),
        scheduler=Scheduler(LazyClient("scheduler"), settings.target),
        users=UserRepository(dynamodb, settings.saved_requests_table_name),
        schemas=SchemaRepository(dynamodb, settings.exports_table_name),
        user_pool=UserPool(LazyClient("cognito-idp"), settings.user_pool_id),
        pseudonym_keys=PseudonymKeys(LazyClient("secretsmanager"), settings.pseudonyms),
        clock=lambda: datetime.now(UTC),
    )
