"""The one door to boto3: clients with timeouts of seconds, and the errors they raise."""

from __future__ import annotations

from typing import Any

import boto3  # type: ignore[import-untyped]
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

__all__ = ["BotoCoreError", "ClientError", "TypeDeserializer", "TypeSerializer", "error_code", "make_client"]

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
)
# Without these boto3 signs links by SigV2, for the global host, which redirects or refuses elsewhere.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


def make_client(service: str) -> Any:
    """Return a client of "dynamodb", "s3" or "sqs"; safe to share between threads."""
    return boto3.client(service, config=_S3_CONFIG if service == "s3" else _CONFIG)


def error_code(error: BaseException) -> str:
    """Return the AWS error code of a ClientError ("AccessDenied"), or "" of anything else."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
