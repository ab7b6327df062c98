"""What is logged: events by name, ids, and where an error happened; never its text, which can hold data."""

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
"""Innermost places of a traceback that are logged."""


@cache
def configure_logging() -> None:
    """Write every `doseexport.*` logger's records as JSON lines, as CloudWatch Logs reads them."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415  the command line logs nothing

    Logger(service="doseexport")
    for name in ("boto3", "botocore", "psycopg", "s3transfer", "urllib3"):
        # At DEBUG they log requests and answers whole: filters that name patients, passwords.
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def hide_errors(logger: logging.Logger, message: str, **extra: object) -> Iterator[None]:
    """Log an error without its text and raise one that says nothing: Lambda keeps what a function raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  whatever it is
        logger.error(message, extra={**extra, **describe_error(error)})  # noqa: TRY400  its text stays inside
        raise DoseExportError("UNEXPECTED", f"{message}; the log says where.") from None


def describe_error(error: BaseException) -> dict[str, object]:
    """Return an error's type, AWS code and places, for a log record's `extra`."""
    places = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "error": type(error).__name__,
        "aws_code": error_code(error),
        "places": [f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places],
    }
