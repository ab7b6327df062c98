"""Which audit trails an export can have: which event may follow which."""

from itertools import pairwise

from doseexport.domain.audit import AuditEntry, AuditEvent

AFTERWARDS = {AuditEvent.LINK_ISSUED, AuditEvent.DELETED, AuditEvent.EXPIRED}
UNDER_WAY = {AuditEvent.REQUESTED, AuditEvent.STARTED, AuditEvent.REQUEUED}
WITH_RETENTION = {*UNDER_WAY, AuditEvent.COMPLETED, AuditEvent.LINK_ISSUED}
"""After these the retention may change, which has no effect on what may follow."""
FOLLOWING = {
    AuditEvent.REQUESTED: {AuditEvent.STARTED, AuditEvent.ABORTED, AuditEvent.FAILED},
    AuditEvent.STARTED: {
        AuditEvent.COMPLETED,
        AuditEvent.FAILED,
        AuditEvent.REQUEUED,
        AuditEvent.ABORT_REQUESTED,
    },
    AuditEvent.REQUEUED: {AuditEvent.STARTED, AuditEvent.ABORTED, AuditEvent.FAILED},
    AuditEvent.ABORT_REQUESTED: {AuditEvent.ABORTED},
    AuditEvent.COMPLETED: AFTERWARDS,
    AuditEvent.LINK_ISSUED: AFTERWARDS,
    AuditEvent.EXPIRED: {AuditEvent.DELETED},
    AuditEvent.FAILED: {AuditEvent.DELETED},
    AuditEvent.ABORTED: {AuditEvent.DELETED},
    AuditEvent.DELETED: set(),
}


def assert_legal(entries: list[AuditEntry]) -> None:
    """Check that a trail starts with a request, follows the transitions, and counts its attempts."""
    assert entries[0].event is AuditEvent.REQUESTED
    assert [entry.request is not None for entry in entries] == [True] + [False] * (len(entries) - 1)
    others = [entry for entry in entries if entry.event is not AuditEvent.RETENTION_CHANGED]
    for entry in entries:
        if entry.event is AuditEvent.RETENTION_CHANGED:
            before = [each for each in others if each.at <= entry.at][-1]
            assert (before.event in WITH_RETENTION, entry.attempt) == (True, before.attempt)
    for before, after in pairwise(others):
        assert after.event in FOLLOWING[before.event], (before.event, after.event)
        assert after.attempt == before.attempt + (after.event is AuditEvent.REQUEUED)
