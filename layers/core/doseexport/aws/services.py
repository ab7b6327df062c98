"""What the service stands on, made once per function and passed to whoever needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from doseexport.aws.clients import LazyClient
from doseexport.aws.cognito import People
from doseexport.aws.dynamodb.audit import TrailStore
from doseexport.aws.dynamodb.exports import Store
from doseexport.aws.dynamodb.presets import PresetStore
from doseexport.aws.dynamodb.schedules import ScheduleStore
from doseexport.aws.s3 import Files
from doseexport.aws.scheduler import Timetable
from doseexport.aws.settings import Settings
from doseexport.aws.sqs import Queue


@dataclass(frozen=True, slots=True)
class Services:
    """The settings, the stores, and a clock that tells the time in UTC."""

    settings: Settings
    store: Store
    trail: TrailStore
    presets: PresetStore
    files: Files
    queue: Queue
    schedules: ScheduleStore
    timetable: Timetable
    people: People
    clock: Callable[[], datetime]


@cache
def connect_services() -> Services:
    """Return the services of this function, from its environment: the same ones at every call."""
    settings = Settings.from_environment()
    dynamodb = LazyClient("dynamodb")
    trail = TrailStore(dynamodb, settings.trail_table_name, settings.trail_retention)
    return Services(
        settings=settings,
        store=Store(dynamodb, settings.table_name, trail),
        trail=trail,
        presets=PresetStore(dynamodb, settings.saved_table_name),
        files=Files(LazyClient("s3"), settings.bucket_name),
        queue=Queue(LazyClient("sqs"), settings.queue_url),
        schedules=ScheduleStore(dynamodb, settings.saved_table_name, trail),
        timetable=Timetable(LazyClient("scheduler"), settings.target),
        people=People(LazyClient("cognito-idp"), settings.user_pool_id),
        clock=lambda: datetime.now(UTC),
    )
