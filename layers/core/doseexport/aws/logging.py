"""Configure logging: event names, ids and places of errors, but never an error's text.

The text of an error can contain data, such as a filter's value or a row.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from doseexport.aws.clients import error_code
from doseexport.errors import DoseExportError

FRAMES = 6
"""How many of the innermost places of a traceback are logged."""


@cache
def configure_logging() -> None:
    """Write the records of all `doseexport.*` loggers as JSON lines, which CloudWatch Logs can query."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415  slow to import

    Logger(service="doseexport")
    for name in ("boto3", "botocore", "psycopg", "s3transfer", "urllib3"):
        # At DEBUG they log complete requests and answers, with passwords and filters that name patients.
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def hide_errors(logger: logging.Logger, message: str, **extra: object) -> Iterator[None]:
    """Log an error without its text, and raise one that reveals nothing: Lambda logs what is raised."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  no error may leave with its text
        logger.error(message, extra={**extra, **describe_error(error)})  # noqa: TRY400  .exception logs the text
        raise DoseExportError("UNEXPECTED", f"{message}: see the log.") from None


def describe_error(error: BaseException) -> dict[str, object]:
    """Return the type, AWS code and places of an error, for the `extra` of a log record."""
    places = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "error": type(error).__name__,
        "aws_code": error_code(error),
        "places": [f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places],
    }
