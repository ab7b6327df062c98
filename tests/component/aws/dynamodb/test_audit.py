"""A change of an export and its audit entry are written together, or neither is."""

from datetime import timedelta

import pytest

from doseexport.actions.exports import delete_export
from doseexport.domain.audit import Actor, AuditEvent
from doseexport.domain.export import Failure, Progress
from doseexport.errors import RequestError
from doseexport.jobs.sweep import sweep_exports
from tests.component.answers import abort_export, download_export, request_export, show_audit_trail
from tests.fakes import (
    ADA,
    ADMIN,
    AUDIT_TABLE,
    BEN,
    NOW,
    PIA,
    RETENTION,
    add,
    aws_client,
    finish,
    interrupt_next_write,
    make_new,
    make_result,
    read_audit_trail,
    run,
)

BODY = {"type": "ct-csv", "filters": {"date_from": "2026-01-01"}}
LATE = NOW + timedelta(seconds=121)


def kinds(services, export):
    """The events of the audit trail, sorted: the clock stands still, so they have no order."""
    return sorted(entry.event for entry in read_audit_trail(services, export))


def find(services, export, kind):
    (entry,) = [entry for entry in read_audit_trail(services, export) if entry.event is kind]
    return entry


def raw_entries(services):
    return aws_client("dynamodb").scan(TableName=AUDIT_TABLE)["Items"]


def refuse_status(call, *arguments):
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value.status


def test_audit_of_request_holds_filters_with_patient_filters_apart(services):
    export = add(services, PIA, filters={"date_from": "2026-01-01", "patient_id": "7"}, include_ids=True)
    entry = find(services, export, AuditEvent.REQUESTED)
    assert (entry.by, entry.attempt, entry.at) == (Actor(PIA.id, PIA.name), 1, NOW)
    assert entry.request == {
        "type": "ct-csv",
        "filters": {"date_from": "2026-01-01"},
        "patient_filters": {"patient_id": "7"},
        "include_names": False,
        "include_ids": True,
    }


def test_audit_of_completion_holds_counts_bytes_and_hash(services):
    export = finish(services, add(services))
    assert kinds(services, export) == ["completed", "requested", "started"]
    entry = find(services, export, AuditEvent.COMPLETED)
    assert entry.by is None
    assert entry.file == {"studies": 7, "events": 21, "size": 12, "sha256": "ab" * 32}


def test_audit_of_failure_holds_code_but_no_message(services):
    export = run(services, add(services))
    assert services.exports.fail(export.id, 1, "NO_STUDIES", "No study matches.", NOW)
    entry = find(services, export, AuditEvent.FAILED)
    assert (entry.code, entry.by) == ("NO_STUDIES", None)
    assert "No study matches." not in str(raw_entries(services))


def test_audit_of_giving_up_is_a_failure(services):
    export = add(services)
    assert services.exports.give_up(export.id, 1, Failure("NEVER_STARTED", "Nobody came."), NOW)
    assert find(services, export, AuditEvent.FAILED).code == "NEVER_STARTED"


def test_audit_of_next_attempt_holds_its_number(services):
    export = run(services, add(services))
    assert services.exports.requeue(export.id, 1, LATE)
    entry = find(services, export, AuditEvent.REQUEUED)
    assert (entry.attempt, entry.at, entry.by) == (2, LATE, None)


def test_audit_of_abort_while_queued_names_who_aborted(services):
    export = add(services)
    abort_export(services, ADMIN, export.id)
    assert kinds(services, export) == ["aborted", "requested"]
    assert find(services, export, AuditEvent.ABORTED).by == Actor(ADMIN.id, ADMIN.name)


def test_audit_of_abort_while_running_names_who_requested_it(services):
    export = run(services, add(services))
    abort_export(services, ADA, export.id)
    abort_export(services, ADA, export.id)
    assert services.exports.settle_aborted(export.id, 1, NOW)
    assert kinds(services, export) == ["abort_requested", "aborted", "requested", "started"]
    assert find(services, export, AuditEvent.ABORT_REQUESTED).by == Actor(ADA.id, ADA.name)
    assert find(services, export, AuditEvent.ABORTED).by is None


def test_audit_of_link_names_its_user(services):
    export = finish(services, add(services))
    download_export(services, BEN, export.id)
    download_export(services, BEN, export.id)
    links = [entry for entry in read_audit_trail(services, export) if entry.event is AuditEvent.LINK_ISSUED]
    assert [entry.by for entry in links] == [Actor(BEN.id, BEN.name)] * 2


def test_audit_of_deletion_outlives_the_export(services):
    export = finish(services, add(services))
    delete_export(services, ADMIN, export.id)
    assert find(services, export, AuditEvent.DELETED).by == Actor(ADMIN.id, ADMIN.name)
    assert len(show_audit_trail(services, ADA, export.id)["entries"]) == 4


def test_audit_of_expiry_is_written_once(services, clock):
    export = finish(services, add(services))
    clock.move(days=RETENTION.days)
    assert sweep_exports(services, clock()) == {"expired": 1}
    assert sweep_exports(services, clock()) == {}
    assert not services.exports.expire(export.id, 1, clock())
    entry = find(services, export, AuditEvent.EXPIRED)
    assert (entry.at, entry.by) == (clock(), None)


def test_audit_entries_end_after_their_years(services):
    add(services)
    (row,) = raw_entries(services)
    assert int(row["ttl"]["N"]) == int((NOW + timedelta(days=2555)).timestamp())


def test_audit_ignores_progress(services):
    export = run(services, add(services))
    before = read_audit_trail(services, export)
    assert services.exports.beat(export.id, 1, Progress(1, 2), NOW)
    assert services.exports.record_upload(export.id, 1, "key", "upload")
    assert services.exports.release(export.id, 1, "X", "Y.", NOW)
    assert read_audit_trail(services, export) == before


# Nothing is recorded


def test_audit_of_request_repeated_by_key_is_one_entry(services):
    shown = request_export(services, ADA, BODY, "key")
    request_export(services, ADA, BODY, "key")
    assert [entry.event for entry in services.audit.read(shown["id"])] == [AuditEvent.REQUESTED]


def test_audit_has_no_request_beyond_the_limit(services):
    services.exports.create(make_new(), limit=1)
    refused = make_new()
    assert services.exports.create(refused, limit=1) is None
    assert read_audit_trail(services, refused) == []


def _claim_again(exports, export):
    return exports.claim(export.id, 1, NOW)


def _requeue_in_time(exports, export):
    return exports.requeue(export.id, 1, NOW)


def _complete_as_another(exports, export):
    return exports.complete(export.id, 2, make_result(export), NOW, RETENTION)


def _fail_as_another(exports, export):
    return exports.fail(export.id, 2, "X", "Y.", NOW)


def _abort_unasked(exports, export):
    return exports.settle_aborted(export.id, 1, NOW)


def _delete_too_early(exports, export):
    return exports.delete(export.id, ADA, NOW)


def _link_too_early(exports, export):
    return exports.issue_link(export, ADA, NOW)


def _expire_too_early(exports, export):
    return exports.expire(export.id, 1, NOW)


REFUSED = [
    _claim_again,
    _requeue_in_time,
    _complete_as_another,
    _fail_as_another,
    _abort_unasked,
    _delete_too_early,
    _link_too_early,
    _expire_too_early,
]


@pytest.mark.parametrize("write", REFUSED, ids=lambda write: write.__name__)
def test_audit_has_no_entry_of_refused_change(services, write):
    export = run(services, add(services))
    before = read_audit_trail(services, export)
    assert not write(services.exports, export)
    assert read_audit_trail(services, export) == before


def test_audit_has_no_entry_of_abort_after_the_end(services):
    export = finish(services, add(services))
    assert refuse_status(abort_export, services, ADA, export.id) == 409
    assert kinds(services, export) == ["completed", "requested", "started"]


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_audit_has_no_link_of_file_that_went_meanwhile(services, clock, monkeypatch, how):
    export = finish(services, add(services))
    issue = type(services.exports).issue_link

    def go_first(exports, *arguments):
        if how == "deleted":
            exports.delete(export.id, ADA, clock())
            return issue(exports, *arguments)
        return issue(exports, *arguments[:-1], NOW + RETENTION)

    monkeypatch.setattr(type(services.exports), "issue_link", go_first)
    assert refuse_status(download_export, services, ADA, export.id) == 404
    assert "link_issued" not in kinds(services, export)


def test_audit_of_abort_overtaken_by_claim_is_an_abort_request(services, monkeypatch):
    export = add(services)
    interrupt_next_write(monkeypatch, lambda: services.exports.claim(export.id, 1, NOW))
    assert abort_export(services, ADA, export.id)["state"] == "ABORTING"
    assert kinds(services, export) == ["abort_requested", "requested", "started"]
