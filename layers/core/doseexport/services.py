"""What the service stands on, made once per function and passed to whoever needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from doseexport.aws import LazyClient
from doseexport.files import Files
from doseexport.queue import Queue
from doseexport.settings import Settings
from doseexport.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The settings, the three stores, and a clock that tells the time in UTC."""

    settings: Settings
    store: Store
    files: Files
    queue: Queue
    clock: Callable[[], datetime]


@cache
def connect_services() -> Services:
    """Return the services of this function, from its environment: the same ones at every call."""
    settings = Settings.from_environment()
    return Services(
        settings=settings,
        store=Store(LazyClient("dynamodb"), settings.table_name),
        files=Files(LazyClient("s3"), settings.bucket_name),
        queue=Queue(LazyClient("sqs"), settings.queue_url),
        clock=lambda: datetime.now(UTC),
    )
