"""The errors of this package, each with a stable code and a message for people.

No message contains the value of a filter, because a value can name a patient.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class DoseExportError(Exception):
    """A failure with a code for programs and a message for people.

    `field` names the part of the request at fault. `status` is the HTTP status of the API's answer.
    """

    code: str
    message: str
    field: str | None = None
    status: int = 500
    retry_after: int | None = None

    def __str__(self) -> str:
        """Return the message."""
        return self.message


class RequestError(DoseExportError):
    """The request must be changed before it can succeed (4xx)."""


class UnavailableError(RequestError):
    """The request is valid, but a service that it needs does not answer now (503)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, None, 503)


class ExportError(DoseExportError):
    """The export failed for a reason that another attempt would meet again."""


class RetryableError(ExportError):
    """The export failed for a reason that may pass within a minute."""


class AbortedError(ExportError):
    """A user aborted the export."""


class LeaseLostError(ExportError):
    """Another attempt owns the export now, so this one must stop and write nothing more."""


def unprocessable(code: str, message: str, field: str) -> RequestError:
    """Return the error for a field whose value is not possible (422)."""
    return RequestError(code, message, field, 422)


def forbidden(message: str, field: str | None = None, code: str = "FORBIDDEN") -> RequestError:
    """Return the error for a right that the caller lacks (403)."""
    return RequestError(code, message, field, 403)
