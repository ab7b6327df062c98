"""Configure logging: event names, ids and places of errors, but never an error's text or a request's content.

The text of an error can contain data, such as a filter's value or a row.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from doseexport.aws.clients import find_error_code
from doseexport.errors import DoseExportError

SERVICE = "doseexport"
"""The logger that all loggers of this package belong to."""
FRAMES = 6
"""How many of the innermost places of a traceback are logged."""
HTTP_REQUEST_ID = "requestContext.requestId"
"""Where an event of API Gateway has the id of its request, which the access log has too."""
_LOGGER = logging.getLogger(__name__)
_CORRELATION_ID = re.compile(r"[A-Za-z0-9=_-]{1,64}")

Handler = Callable[[Any, Any], Any]


@cache
def configure_logging() -> Logger:
    """Write the records of all `doseexport.*` loggers as JSON lines, which CloudWatch Logs can query."""
    for name in ("boto3", "botocore", "psycopg", "s3transfer", "urllib3"):
        # At DEBUG they log complete requests and answers, with passwords and filters that name patients.
        logging.getLogger(name).setLevel(logging.WARNING)
    # Lambda filters by level only lines whose time has this form.
    logger = Logger(service=SERVICE, use_rfc3339=True)
    # Powertools would take the level of Lambda's own filter, which must let the lines of metrics pass.
    logging.getLogger(SERVICE).setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    return logger


def log_invocations(handler: Handler, correlation_id_path: str = "") -> Handler:
    """Return a Lambda handler whose log lines name the function, the invocation and a correlation id.

    The id is what the event has at `correlation_id_path`, or else the id of the invocation. It follows an
    export from its request to its worker and to the sweep. The event itself is never logged, whatever the
    environment says. What the handler raises is logged without its text, and another error raised for it.
    """
    logger = configure_logging()

    def handle(event: Any, context: Any) -> Any:
        if not find_correlation_id():
            logger.set_correlation_id(context.aws_request_id)
        try:
            return handler(event, context)
        except Exception as error:  # noqa: BLE001  Lambda logs the text of what is raised
            _LOGGER.error("invocation_failed", extra=describe_error(error))  # noqa: TRY400  .exception too
            raise DoseExportError("UNEXPECTED", "It failed: see invocation_failed in the log.") from None

    decorated: Handler = logger.inject_lambda_context(
        handle, log_event=False, correlation_id_path=correlation_id_path, clear_state=True
    )
    return decorated


def find_correlation_id() -> str | None:
    """Return the correlation id of this invocation, if there is one."""
    return configure_logging().get_correlation_id()


def append_log_keys(**keys: str | int) -> None:
    """Add these keys to every further line of this invocation, from all threads."""
    configure_logging().append_keys(**keys)


def read_correlation_id(value: object) -> str | None:
    """Return a value of a message as a correlation id, or None if it does not have the form of one."""
    return value if isinstance(value, str) and _CORRELATION_ID.fullmatch(value) else None


def describe_error(error: BaseException) -> dict[str, object]:
    """Return the type, codes and places of an error, for the `extra` of a log record."""
    places = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "error": type(error).__name__,
        "code": error.code if isinstance(error, DoseExportError) else "",
        "aws_code": find_error_code(error),
        "places": [f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places],
    }
