"""What is logged: events by name, ids, and where an error happened; never its text, which can hold data."""

from __future__ import annotations

import logging
import traceback
from functools import cache
from pathlib import Path

from doseexport.aws import error_code

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


def describe_error(error: BaseException) -> dict[str, object]:
    """Return an error's type, AWS code and places, for a log record's `extra`."""
    places = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "error": type(error).__name__,
        "aws_code": error_code(error),
        "places": [f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places],
    }
