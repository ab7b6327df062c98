"""Notifications hold ids and counts, follow their schema, and reveal nothing of the request."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from doseexport.domain.audit import (
    Actor,
    AuditEvent,
    make_completion_entry,
    make_event_entry,
    make_failure_entry,
    make_request_entry,
    make_skipped_entry,
)
from doseexport.domain.export import Result, make_export
from doseexport.domain.notification import describe_entry, is_notified, name_notification, write_mail
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller

DOCS = Path(__file__).resolve().parents[3] / "docs"
SCHEMA = json.loads((DOCS / "notifications.schema.json").read_text())
ID = "a" * 32
AT = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
ADA = Caller("ada-sub", "Ada Lovelace", frozenset({"exportgroup", "pidgroup"}))
SECRETS = ("Ada Lovelace", "Zyx^Patient", "Protocol of mine", "ct-csv_2026", "A message")
PAGE = "https://dose.example"
NOTIFIED = [kind for kind in AuditEvent if is_notified(kind)]


def entry_of(kind):
    if kind is AuditEvent.REQUESTED:
        filters = {"patient_name": "Zyx^Patient", "acquisition_protocol": "Protocol of mine"}
        return make_request_entry(make_export(ID, ADA.id, ADA.name, ExportRequest("ct-csv", filters), AT))
    if kind is AuditEvent.COMPLETED:
        result = Result("k", "ct-csv_2026.csv", 1234567, "ab" * 32, 6500, 18000, ("A message",))
        return make_completion_entry(ID, 1, AT, result)
    if kind is AuditEvent.FAILED:
        return make_failure_entry(ID, 2, AT, "NO_STUDIES")
    if kind is AuditEvent.SKIPPED:
        return make_skipped_entry(ID, Actor(ADA.id, ADA.name), AT, "GROUP_LOST")
    is_persons = kind in {AuditEvent.ABORT_REQUESTED, AuditEvent.LINK_ISSUED, AuditEvent.DELETED}
    return make_event_entry(kind, ID, 1, AT, ADA if is_persons else None)


@pytest.mark.parametrize("kind", NOTIFIED)
def test_notification_matches_its_schema(kind):
    detail = json.loads(json.dumps(describe_entry(entry_of(kind), "n1")))
    jsonschema.validate(detail, SCHEMA)
    assert (detail["export_id"], detail["event"], detail["notification_id"]) == (ID, kind.value, "n1")


@pytest.mark.parametrize("kind", NOTIFIED)
def test_notification_and_mail_hold_no_request_and_no_name(kind):
    entry = entry_of(kind)
    words = json.dumps(describe_entry(entry, "n1")) + str(write_mail(entry, PAGE))
    assert not [word for word in SECRETS if word in words]


def test_notification_of_retention_and_mails_does_not_exist():
    silent = {"retention_changed", "read", "mail_sent", "mail_failed", "first_rows_shown"}
    assert set(AuditEvent) - set(NOTIFIED) == silent


def test_notification_schema_and_page_know_every_event():
    assert set(SCHEMA["properties"]["event"]["enum"]) == {kind.value for kind in NOTIFIED}
    text = (DOCS / "notifications.md").read_text()
    assert [kind for kind in NOTIFIED if name_notification(kind) not in text] == []


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [(AuditEvent.COMPLETED, "file"), (AuditEvent.FAILED, "code"), (AuditEvent.SKIPPED, "code")],
)
def test_notification_schema_detects_what_is_missing(kind, lacking):
    detail = describe_entry(entry_of(kind), "n1")
    del detail[lacking]
    with pytest.raises(jsonschema.ValidationError, match=lacking):
        jsonschema.validate(detail, SCHEMA)


def test_mail_is_about_completed_failed_and_skipped_exports_with_a_link():
    mails = {kind: mail for kind in NOTIFIED if (mail := write_mail(entry_of(kind), PAGE))}
    assert set(mails) == {AuditEvent.COMPLETED, AuditEvent.FAILED, AuditEvent.SKIPPED}
    assert "its schedule is paused: GROUP_LOST" in mails[AuditEvent.SKIPPED].text
    assert mails[AuditEvent.COMPLETED].subject == "Dose export completed"
    assert "6,500 studies, 1,234,567 bytes" in mails[AuditEvent.COMPLETED].text
    assert "NO_STUDIES" in mails[AuditEvent.FAILED].text
    assert all(f"{ID}" in mail.text and f"{PAGE}/#exports" in mail.text for mail in mails.values())
