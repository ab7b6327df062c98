"""Send audit entries from the table's stream to EventBridge and SNS.

Every entry is sent at least once, and the entries of one export are sent in order.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from doseexport.aws.clients import LazyClient
from doseexport.aws.dynamodb.audit_rows import read_entry
from doseexport.aws.dynamodb.table import unpack
from doseexport.aws.logging import describe_error
from doseexport.domain.audit import AuditEntry
from doseexport.domain.notification import SOURCE, describe_entry, is_notified, name_notification, write_mail
from doseexport.errors import DoseExportError

RESTORED = "restored_at"
"""The attribute of an entry that was copied back from a backup. It was notified when it was first written."""

_LOGGER = logging.getLogger(__name__)


def handle_in_order(
    records: Sequence[Mapping[str, Any]], handle: Callable[[Mapping[str, Any]], None], failure: str
) -> str | None:
    """Handle a stream's records until one fails. Return its sequence number, from which the stream repeats.

    Return None if all were handled. A failure is logged under the name `failure`.
    """
    for record in records:
        try:
            handle(record)
        except Exception as error:  # noqa: BLE001  the stream repeats from this record
            _LOGGER.warning(failure, extra=describe_error(error))
            return str(record["dynamodb"]["SequenceNumber"])
    return None


class Notifier:
    """The event bus for notifications, and the topic for mails. `app_url` is the page that mails link to."""

    def __init__(self, events: Any, sns: Any, bus: str, topic_arn: str, app_url: str) -> None:
        self._events = events
        self._sns = sns
        self._bus = bus
        self._topic_arn = topic_arn
        self._app_url = app_url

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Notifier:
        """Return a notifier for the variables in template.yaml. Raise KeyError if one is missing."""
        return cls(
            LazyClient("events"),
            LazyClient("sns"),
            environment["EVENT_BUS"],
            environment["TOPIC_ARN"],
            environment["APP_URL"],
        )

    def send_all(self, records: Sequence[Mapping[str, Any]]) -> str | None:
        """Send the notifications of a stream's records. Return the sequence number of the first one not sent.

        The records after it wait too, so that the notifications of an export stay in order. Return None if
        all were sent.
        """
        return handle_in_order(records, self._send, "notification_failed")

    def _send(self, record: Mapping[str, Any]) -> None:
        if record["eventName"] != "INSERT":
            return
        row = unpack(record["dynamodb"]["NewImage"])
        entry = read_entry(row)
        if RESTORED in row or not is_notified(entry.event):
            return
        self._put_event(entry, record["eventID"])
        mail = write_mail(entry, self._app_url)
        if mail is not None:
            self._sns.publish(TopicArn=self._topic_arn, Subject=mail.subject, Message=mail.text)

    def _put_event(self, entry: AuditEntry, notification_id: str) -> None:
        event = {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": name_notification(entry.event),
            "Time": entry.at,
            "Detail": json.dumps(describe_entry(entry, notification_id)),
        }
        answer = self._events.put_events(Entries=[event])
        if answer["FailedEntryCount"]:
            raise DoseExportError("NOTIFICATION_REFUSED", "EventBridge refused a notification.")
