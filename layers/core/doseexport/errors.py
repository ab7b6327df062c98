"""What can go wrong, each with a stable code and a message for a person.

No message carries a filter's value: values can name a patient.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class DoseExportError(Exception):
    """A failure with a code a program reads and a message a person reads.

    `field` names the part of the request at fault; `status` is the HTTP status it becomes.
    """

    code: str
    message: str
    field: str | None = None
    status: int = 500
    retry_after: int | None = None

    def __str__(self) -> str:
        """Give the message."""
        return self.message


class RequestError(DoseExportError):
    """The request cannot be honoured as it stands (4xx)."""


class UnavailableError(RequestError):
    """The request is right, but what it needs does not answer now (503)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, None, 503)


class ExportError(DoseExportError):
    """The export itself failed; asking again without changing something cannot help."""


class RetryableError(ExportError):
    """The export failed for a reason that may be gone in a minute."""


class AbortedError(ExportError):
    """The export was stopped at somebody's wish."""


class LeaseLostError(ExportError):
    """Another attempt owns the export now: stop, and write nothing more."""


def unprocessable(code: str, message: str, field: str) -> RequestError:
    """Return the error for a field that was understood but cannot be honoured (422)."""
    return RequestError(code, message, field, 422)


def forbidden(message: str, field: str | None = None, code: str = "FORBIDDEN") -> RequestError:
    """Return the error for a right that the caller lacks (403)."""
    return RequestError(code, message, field, 403)
