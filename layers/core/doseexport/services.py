"""What the service stands on, made once per function and passed to whoever needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from doseexport.aws import LazyClient
from doseexport.files import Files
from doseexport.people import People
from doseexport.preset_store import PresetStore
from doseexport.queue import Queue
from doseexport.schedule_store import ScheduleStore
from doseexport.settings import Settings
from doseexport.store import Store
from doseexport.timetable import Timetable
from doseexport.trail_store import TrailStore


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
