"""AWS clients that talk to the local stack and to nothing else, whatever the machine's settings are."""

from functools import cache
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]

REGION = "eu-west-2"


class Cloud:
    """Clients with some keys; with the local stack's own, everything is allowed."""

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None = None) -> None:
        """Speak to `endpoint` as whoever has these keys."""
        self.endpoint = endpoint
        self._session = boto3.session.Session(key, secret, token, region_name=REGION)
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        # A proxy of the machine is not asked, and a link is signed as S3 wants it today.
        config = Config(
            proxies={},
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 2},
        )
        return self._session.client(service, endpoint_url=self.endpoint, config=config)
