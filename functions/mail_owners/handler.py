"""Mail owners at the end of an export, if they requested that, from the audit table's stream."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from doseexport.aws.clients import prepare_clients
from doseexport.aws.logging import log_invocations
from doseexport.aws.owner_mailer import OwnerMailer

prepare_clients("dynamodb", "cognito-idp", "sesv2")


@cache
def _connect() -> OwnerMailer:
    return OwnerMailer.from_environment(os.environ)


@log_invocations
def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:
    """Send the mails of a batch. Return the record from which the stream must repeat it."""
    unsent = _connect().send_all(event["Records"])
    return {"batchItemFailures": [] if unsent is None else [{"itemIdentifier": unsent}]}
