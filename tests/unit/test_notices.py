"""What the world is told of an export: ids and counts, by a schema, and nothing that was asked for."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from doseexport.domain.audit import (
    Kind,
    Person,
    tell,
    tell_completion,
    tell_failure,
    tell_request,
    tell_withheld,
)
from doseexport.domain.export import Result, make_export
from doseexport.domain.notification import describe_entry, is_told, name_notice, write_mail
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCHEMA = json.loads((DOCS / "notices.schema.json").read_text())
ID = "a" * 32
AT = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
ADA = Caller("ada-sub", "Ada Lovelace", frozenset({"exportgroup", "pidgroup"}))
SECRETS = ("Ada Lovelace", "Zyx^Patient", "Protocol of mine", "ct-csv_2026", "A sentence")
PAGE = "https://dose.example"
TOLD = [kind for kind in Kind if is_told(kind)]


def entry_of(kind):
    if kind is Kind.REQUESTED:
        filters = {"patient_name": "Zyx^Patient", "acquisition_protocol": "Protocol of mine"}
        return tell_request(make_export(ID, ADA.id, ADA.name, ExportRequest("ct-csv", filters), AT))
    if kind is Kind.COMPLETED:
        result = Result("k", "ct-csv_2026.csv", 1234567, "ab" * 32, 6500, 18000, ("A sentence",))
        return tell_completion(ID, 1, AT, result)
    if kind is Kind.FAILED:
        return tell_failure(ID, 2, AT, "NO_STUDIES")
    if kind is Kind.WITHHELD:
        return tell_withheld(ID, Person(ADA.id, ADA.name), AT, "GROUP_LOST")
    is_persons = kind in {Kind.ABORT_REQUESTED, Kind.LINK_ISSUED, Kind.DELETED}
    return tell(kind, ID, 1, AT, ADA if is_persons else None)


@pytest.mark.parametrize("kind", TOLD)
def test_every_notice_is_as_its_schema_says(kind):
    detail = json.loads(json.dumps(describe_entry(entry_of(kind), "n1")))
    jsonschema.validate(detail, SCHEMA)
    assert (detail["export_id"], detail["kind"], detail["notice_id"]) == (ID, kind.value, "n1")


@pytest.mark.parametrize("kind", TOLD)
def test_no_notice_and_no_mail_holds_what_was_asked_for_or_a_name(kind):
    entry = entry_of(kind)
    told = json.dumps(describe_entry(entry, "n1")) + str(write_mail(entry, PAGE))
    assert not [word for word in SECRETS if word in told]


def test_of_how_long_a_file_is_kept_there_is_no_notice():
    assert set(Kind) - set(TOLD) == {Kind.KEPT, Kind.READ}


def test_the_schema_and_the_page_know_every_kind():
    assert set(SCHEMA["properties"]["kind"]["enum"]) == {kind.value for kind in TOLD}
    text = (DOCS / "notices.md").read_text()
    assert [kind for kind in TOLD if name_notice(kind) not in text] == []


@pytest.mark.parametrize(
    ("kind", "lacking"), [(Kind.COMPLETED, "file"), (Kind.FAILED, "code"), (Kind.WITHHELD, "code")]
)
def test_the_schema_misses_what_a_notice_leaves_out(kind, lacking):
    detail = describe_entry(entry_of(kind), "n1")
    del detail[lacking]
    with pytest.raises(jsonschema.ValidationError, match=lacking):
        jsonschema.validate(detail, SCHEMA)


def test_people_hear_of_what_completed_or_failed_or_was_not_asked_for_with_a_link_to_the_page():
    mails = {kind: mail for kind in TOLD if (mail := write_mail(entry_of(kind), PAGE))}
    assert set(mails) == {Kind.COMPLETED, Kind.FAILED, Kind.WITHHELD}
    assert "its schedule is paused: GROUP_LOST" in mails[Kind.WITHHELD].text
    assert mails[Kind.COMPLETED].subject == "Dose export completed"
    assert "6,500 studies, 1,234,567 bytes" in mails[Kind.COMPLETED].text
    assert "NO_STUDIES" in mails[Kind.FAILED].text
    assert all(f"{ID}" in mail.text and f"{PAGE}/#exports" in mail.text for mail in mails.values())
