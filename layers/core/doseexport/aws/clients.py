"""Make boto3 clients with timeouts of seconds. No other module imports boto3 or botocore."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

__all__ = [
    "SECRET_REFUSALS",
    "BotoCoreError",
    "ClientError",
    "LazyClient",
    "find_error_code",
    "make_client",
    "make_translators",
    "prepare_clients",
]

SECRET_REFUSALS = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidParameterException",
        "InvalidRequestException",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""Codes of Secrets Manager that no retry can help against: an administrator must change something first."""

_LIMITS: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 20,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
# A heartbeat that waited longer for the table could lose its lease without noticing.
_TABLE_LIMITS = {**_LIMITS, "connect_timeout": 2, "read_timeout": 5}
# By default boto3 signs links by SigV2 and for the global host, which other regions redirect or refuse.
_S3_LIMITS = {**_LIMITS, "signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}


_PREPARED: dict[str, Any] = {}


def prepare_clients(*services: str) -> None:
    """Make the clients of these services while Lambda initialises a function. Elsewhere do nothing.

    Lambda lends a whole CPU to the initialisation, and a third of one to a call of a function with 512 MB.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        _PREPARED.update({service: _create_client(service) for service in services})
        make_translators()


def make_client(service: str) -> Any:
    """Return a client of a service such as "dynamodb". Threads may share it."""
    return _PREPARED.get(service) or _create_client(service)


def _create_client(service: str) -> Any:
    # Imported here because boto3 takes 0.2 s to import, and some functions need no client.
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    limits = {"s3": _S3_LIMITS, "dynamodb": _TABLE_LIMITS}.get(service, _LIMITS)
    return boto3.client(service, config=Config(**limits))


class LazyClient:
    """A client that is made at its first use, so that a cold start makes only those it needs."""

    # Threads may share a boto3 client, but two threads must not make clients at once.
    _lock = threading.Lock()

    def __init__(self, service: str) -> None:
        self._service = service
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            self._client = self._client or make_client(self._service)
        return getattr(self._client, name)


@cache
def make_translators() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the functions that convert Python values to DynamoDB's, and back."""
    from boto3.dynamodb.types import (  # type: ignore[import-untyped]  # noqa: PLC0415
        TypeDeserializer,
        TypeSerializer,
    )

    return TypeSerializer().serialize, TypeDeserializer().deserialize


def find_error_code(error: BaseException) -> str:
    """Return the AWS error code of a ClientError, such as "AccessDenied", or "" for any other error."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
