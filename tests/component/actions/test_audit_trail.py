"""Which entries an audit trail shows, and to which callers."""

from dataclasses import replace

import pytest

from doseexport.actions.exports import delete_export
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.domain.audit import AuditEvent
from tests.component.answers import (
    assert_refused,
    download_export,
    get_export,
    list_exports,
    show_audit_trail,
)
from tests.fakes import (
    ADA,
    ADMIN,
    AUDIT_RETENTION,
    AUDIT_TABLE,
    BEN,
    PIA,
    add,
    aws_client,
    finish,
)


def raw_entries(services):
    return aws_client("dynamodb").scan(TableName=AUDIT_TABLE)["Items"]


def test_audit_trail_shows_all_entries_in_order(services, clock):
    def later():
        return clock.move(seconds=1)

    export = add(services)
    services.exports.claim(export.id, 1, later())
    services.exports.requeue(export.id, 1, clock.move(seconds=121))
    later()
    finish(services, services.exports.load(export.id))
    later()
    download_export(services, ADA, export.id)
    later()
    delete_export(services, ADA, export.id)
    shown = show_audit_trail(services, ADA, export.id)
    assert [(entry["event"], entry["attempt"]) for entry in shown["entries"] if entry["by"]] == [
        ("requested", 1),
        ("link_issued", 2),
        ("deleted", 2),
    ]
    assert shown["id"] == export.id
    assert [entry["time"] for entry in shown["entries"]][:2] == [
        "2026-11-23T11:30:00Z",
        "2026-11-23T11:30:01Z",
    ]


def test_audit_trail_shows_patient_filters_only_with_the_right_to_patients(services):
    export = add(services, ADA, filters={"date_from": "2026-01-01", "patient_name": "Secret"})
    for caller in (ADA, ADMIN):
        (entry,) = show_audit_trail(services, caller, export.id)["entries"]
        assert "Secret" not in str(entry)
        assert entry["request"]["filters"] == {"date_from": "2026-01-01"}
    mine = add(services, PIA, filters={"patient_name": "Secret"})
    (entry,) = show_audit_trail(services, PIA, mine.id)["entries"]
    assert entry["request"]["patient_filters"] == {"patient_name": "Secret"}


def test_audit_trail_younger_than_its_export_shows_the_rest_to_admins(services):
    export = finish(services, add(services))
    client = aws_client("dynamodb")
    for row in raw_entries(services):
        if row["event"]["S"] == "requested":
            client.delete_item(TableName=AUDIT_TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
    assert_refused(403, "FORBIDDEN", show_audit_trail, services, ADA, export.id)
    assert len(show_audit_trail(services, ADMIN, export.id)["entries"]) == 2


@pytest.mark.parametrize("export_id", ["", "x", "../etc", "a" * 32])
def test_audit_trail_of_unknown_export_is_not_found(services, export_id):
    assert_refused(404, "NOT_FOUND", show_audit_trail, services, ADMIN, export_id)


NAMED = {"patient_name": "Secret"}


def readers(services, export):
    return [entry.by.id for entry in services.audit.read(export.id) if entry.event is AuditEvent.READ]


def test_reading_of_anothers_patients_is_recorded_once_a_day(services, clock):
    export = add(services, ADA, filters=NAMED)
    for _ in range(2):
        assert get_export(services, PIA, export.id)["filters"] == NAMED
        list_exports(services, PIA, {"scope": "all"})
    assert readers(services, export) == [PIA.id]
    clock.move(days=1)
    list_exports(services, PIA, {"scope": "all"})
    assert readers(services, export) == [PIA.id, PIA.id]


def test_reading_in_another_process_adds_no_second_entry_of_the_day(services):
    export = add(services, ADA, filters=NAMED)
    get_export(services, PIA, export.id)
    audit = AuditRepository(aws_client("dynamodb"), AUDIT_TABLE, AUDIT_RETENTION)
    get_export(replace(services, audit=audit), PIA, export.id)
    assert readers(services, export) == [PIA.id]


@pytest.mark.parametrize("caller", [ADA, ADMIN])
def test_reading_by_owners_and_without_filters_is_not_recorded(services, caller):
    named, plain = add(services, ADA, filters=NAMED), add(services, ADA)
    for export in (named, plain):
        get_export(services, caller, export.id)
        list_exports(services, caller, {"scope": "all"})
        show_audit_trail(services, caller, export.id)
        assert readers(services, export) == []


def test_reading_of_patients_in_an_audit_trail_is_recorded(services):
    admin = replace(ADMIN, groups=ADMIN.groups | {"pidgroup"})
    export = add(services, ADA, filters=NAMED)
    show_audit_trail(services, admin, export.id)
    assert readers(services, export) == [admin.id]


def test_reading_that_cannot_be_recorded_shows_nothing(services, monkeypatch):
    def fail(*_):
        raise ConnectionError

    export = add(services, ADA, filters=NAMED)
    monkeypatch.setattr(services.audit, "write_reading", fail)
    with pytest.raises(ConnectionError):
        get_export(services, PIA, export.id)
    assert get_export(services, BEN, export.id)["filters"] is None
