"""Mail the owners of exports who requested that, from the stream of the audit table.

A mail is sent, then recorded in the audit trail, so that a repeated record sends none. Only a crash between
the two sends a second one. A mail that can never be sent is recorded with the reason, and an error that may
pass makes the stream repeat the record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from doseexport.aws.clients import ClientError, LazyClient, find_error_code
from doseexport.aws.cognito import UserPool
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.audit_rows import read_entry
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.table import unpack
from doseexport.aws.logging import describe_error
from doseexport.aws.metrics import count_owner_mail
from doseexport.aws.notifier import RESTORED, handle_in_order
from doseexport.domain.audit import Actor, AuditEntry, AuditEvent
from doseexport.domain.notification import Mail, MailFailure, write_owner_mail

REFUSALS = frozenset(
    {
        *("MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException"),
        *("AccountSuspendedException", "SendingPausedException", "AccessDeniedException"),
        *("NotFoundException", "InvalidParameterValue"),
    }
)
"""Answers of SES that do not pass: an unverified sender, the sandbox, a suspended account, a lost right."""

_LOGGER = logging.getLogger(__name__)


class OwnerMailer:
    """SES with its sender, and what knows the owners. `app_url` is the page that mails link to."""

    def __init__(  # noqa: PLR0913  adapters
        self,
        exports: ExportRepository,
        audit: AuditRepository,
        user_pool: UserPool,
        ses: Any,
        *,
        sender: str,
        app_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._exports = exports
        self._audit = audit
        self._user_pool = user_pool
        self._ses = ses
        self._sender = sender
        self._app_url = app_url
        self._clock = clock

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> OwnerMailer:
        """Return a mailer for the variables in template.yaml. Raise KeyError if one is missing."""
        dynamodb = LazyClient("dynamodb")
        retention = timedelta(days=int(environment["AUDIT_RETENTION_DAYS"]))
        audit = AuditRepository(dynamodb, environment["AUDIT_TABLE_NAME"], retention)
        return cls(
            ExportRepository(dynamodb, environment["EXPORTS_TABLE_NAME"], audit),
            audit,
            UserPool(LazyClient("cognito-idp"), environment["USER_POOL_ID"]),
            LazyClient("sesv2"),
            sender=environment["MAIL_SENDER"],
            app_url=environment["APP_URL"],
            clock=lambda: datetime.now(UTC),
        )

    def send_all(self, records: Sequence[Mapping[str, Any]]) -> str | None:
        """Send the mails of a stream's records. Return the sequence number of the first one not handled.

        Return None if all were handled.
        """
        return handle_in_order(records, self._handle, "owner_mail_failed")

    def _handle(self, record: Mapping[str, Any]) -> None:
        row = unpack(record["dynamodb"]["NewImage"])
        entry = read_entry(row)
        mail = write_owner_mail(entry, self._app_url)
        if mail is None or RESTORED in row:
            return
        owner = self._find_owner(entry)
        if owner is None or self._audit.has_mail(entry):
            return
        failure = self._send(mail, owner)
        self._audit.write_mail(entry, self._clock(), failure)
        count_owner_mail(entry.export_id, failure)

    def _find_owner(self, entry: AuditEntry) -> Actor | None:
        """Return the owner who requested a mail. A skipped export has no row: its entry says so."""
        if entry.event is AuditEvent.SKIPPED:
            return entry.by if entry.send_mail else None
        return self._exports.find_owner_to_mail(entry.export_id)

    def _send(self, mail: Mail, owner: Actor) -> MailFailure | None:
        """Send a mail to its owner's verified address. Return why not, or None if it was sent."""
        mailbox = self._user_pool.find_mailbox(owner.name)
        if mailbox is None or mailbox.id != owner.id:
            return MailFailure.OWNER_DELETED
        if not mailbox.is_enabled:
            return MailFailure.OWNER_DISABLED
        if mailbox.address is None:
            return MailFailure.ADDRESS_UNVERIFIED
        try:
            self._ses.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mailbox.address]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                    }
                },
            )
        except ClientError as error:
            if find_error_code(error) not in REFUSALS:
                raise
            # The text of the error names the address.
            _LOGGER.warning("owner_mail_refused", extra=describe_error(error))
            return MailFailure.MAIL_REFUSED
        return None
