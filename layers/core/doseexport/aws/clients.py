"""The one door to boto3: clients with timeouts of seconds, and the errors they raise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

__all__ = ["BotoCoreError", "ClientError", "LazyClient", "error_code", "make_client", "make_translators"]

_LIMITS: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 20,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
# A heartbeat that waits for the table longer than this would outlive its lease without noticing.
_TABLE_LIMITS = {**_LIMITS, "connect_timeout": 2, "read_timeout": 5}
# Without these boto3 signs links by SigV2, for the global host, which redirects or refuses elsewhere.
_S3_LIMITS = {**_LIMITS, "signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}


def make_client(service: str) -> Any:
    """Return a client of a service ("dynamodb", "s3"); safe to share between threads."""
    # Here, since they take 0.2 s to import that the command line never needs.
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    limits = {"s3": _S3_LIMITS, "dynamodb": _TABLE_LIMITS}.get(service, _LIMITS)
    return boto3.client(service, config=Config(**limits))


class LazyClient:
    """A client that is made when it is first used: a cold start waits for those it needs alone."""

    # Clients of boto3 may be shared between threads, but not made on two at once.
    _making = threading.Lock()

    def __init__(self, service: str) -> None:
        self._service = service
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._making:
            self._client = self._client or make_client(self._service)
        return getattr(self._client, name)


@cache
def make_translators() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the functions that turn Python's values into DynamoDB's, and back."""
    from boto3.dynamodb.types import (  # type: ignore[import-untyped]  # noqa: PLC0415  as above
        TypeDeserializer,
        TypeSerializer,
    )

    return TypeSerializer().serialize, TypeDeserializer().deserialize


def error_code(error: BaseException) -> str:
    """Return the AWS error code of a ClientError ("AccessDenied"), or "" of anything else."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
