"""The keys of pseudonyms in Secrets Manager: one per project, made at its first use.

Nothing deletes or changes a key. A key that is lost, or scheduled for deletion, is never replaced by another:
its project's pseudonyms would change without notice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from doseexport.aws.clients import SECRET_REFUSALS, BotoCoreError, ClientError, find_error_code
from doseexport.aws.settings import PseudonymSettings
from doseexport.domain.pseudonyms import KEY_BYTES
from doseexport.errors import ExportError, RetryableError

_MISSING, _EXISTS = "ResourceNotFoundException", "ResourceExistsException"
_REFUSED = SECRET_REFUSALS | {
    "EncryptionFailure",
    "LimitExceededException",
    "MalformedPolicyDocumentException",
    "PreconditionNotMetException",
}
"""Codes of Secrets Manager that stay until an administrator changes something."""


@dataclass(frozen=True, slots=True)
class PseudonymKeys:
    """The keys of one deployment. Only the worker may read them."""

    client: Any
    settings: PseudonymSettings

    def find(self, project: str) -> bytes:
        """Return the key of a project, made now at its first use.

        Two first uses at once get one key, because a name of Secrets Manager is given once. Raise ExportError
        if the key cannot be used, and RetryableError if Secrets Manager cannot be reached at the moment.
        """
        name = f"{self.settings.prefix}{project}"
        try:
            key = self._read(name) or self._create(name) or self._read(name)
        except (ClientError, BotoCoreError) as error:
            raise _explain(error) from None
        if key is None:
            raise _unreachable()
        if len(key) != KEY_BYTES:
            raise _refused("The key of this project's pseudonyms is not one that Dose Export made.")
        return key

    def _read(self, name: str) -> bytes | None:
        """Return a key, or None if there is none of this name."""
        try:
            found = self.client.get_secret_value(SecretId=name)
        except ClientError as error:
            if find_error_code(error) == _MISSING:
                return None
            raise
        key: bytes = found.get("SecretBinary", b"")
        return key

    def _create(self, name: str) -> bytes | None:
        """Make a key and return it. Return None if another worker was faster."""
        key = secrets.token_bytes(KEY_BYTES)
        own = {"KmsKeyId": self.settings.encryption} if self.settings.encryption else {}
        try:
            self.client.create_secret(
                Name=name,
                SecretBinary=key,
                Description="Key of pseudonyms of Dose Export. Never change it.",
                **own,
            )
        except ClientError as error:
            if find_error_code(error) == _EXISTS:
                return None
            raise
        return key


def _explain(error: Exception) -> ExportError:
    if find_error_code(error) in _REFUSED:
        return _refused("The key of this project's pseudonyms cannot be read or made.")
    return _unreachable()


def _refused(message: str) -> ExportError:
    return ExportError("PSEUDONYM_KEY_REFUSED", f"{message} Ask an administrator, or choose another project.")


def _unreachable() -> RetryableError:
    return RetryableError(
        "PSEUDONYM_KEY_UNREACHABLE", "The key of this project's pseudonyms cannot be read at the moment."
    )
