"""Which trails an export can have: what may follow what."""

from itertools import pairwise

from doseexport.domain.audit import Entry, Kind

AFTERWARDS = {Kind.LINK_ISSUED, Kind.DELETED, Kind.EXPIRED}
UNDER_WAY = {Kind.REQUESTED, Kind.STARTED, Kind.REQUEUED}
KEEPABLE = {*UNDER_WAY, Kind.COMPLETED, Kind.LINK_ISSUED}
"""After these it may be said how long the file is kept; the story then goes on as if it had not been."""
FOLLOWING = {
    Kind.REQUESTED: {Kind.STARTED, Kind.ABORTED, Kind.FAILED},
    Kind.STARTED: {Kind.COMPLETED, Kind.FAILED, Kind.REQUEUED, Kind.ABORT_REQUESTED},
    Kind.REQUEUED: {Kind.STARTED, Kind.ABORTED, Kind.FAILED},
    Kind.ABORT_REQUESTED: {Kind.ABORTED},
    Kind.COMPLETED: AFTERWARDS,
    Kind.LINK_ISSUED: AFTERWARDS,
    Kind.EXPIRED: {Kind.DELETED},
    Kind.FAILED: {Kind.DELETED},
    Kind.ABORTED: {Kind.DELETED},
    Kind.DELETED: set(),
}


def assert_legal(entries: list[Entry]) -> None:
    """It begins with a request, goes on as an export can, and counts its attempts."""
    assert entries[0].kind is Kind.REQUESTED
    assert [entry.asked is not None for entry in entries] == [True] + [False] * (len(entries) - 1)
    told = [entry for entry in entries if entry.kind is not Kind.KEPT]
    for entry in entries:
        if entry.kind is Kind.KEPT:
            before = [each for each in told if each.at <= entry.at][-1]
            assert (before.kind in KEEPABLE, entry.attempt) == (True, before.attempt)
    for before, after in pairwise(told):
        assert after.kind in FOLLOWING[before.kind], (before.kind, after.kind)
        assert after.attempt == before.attempt + (after.kind is Kind.REQUEUED)
