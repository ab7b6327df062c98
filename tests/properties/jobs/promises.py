"""Guarantees of every export, checked from outside after every step."""

from datetime import timedelta

from doseexport.domain.export import SETTLED, TRANSITIONS, State
from doseexport.errors import RequestError
from tests.component.answers import download_export, get_export, list_exports
from tests.fakes import active_ids, keys_of, list_keys, list_uploads
from tests.properties.jobs.world import LIMIT, PEOPLE

ENDS_OF_AN_ABORT = {State.ABORTING, State.ABORTED}


def reach(state, found=frozenset()):
    """Every state that may be seen after this one, itself included."""
    found |= {state}
    for following in TRANSITIONS[state] - found:
        found |= reach(following, found)
    return found


REACHABLE = {state: reach(state) for state in State}


def assert_promises(world):
    for tracked in world.exports.values():
        export = world.services.exports.load(tracked.id)
        assert export is not None or not tracked.is_recorded, "a request was accepted and then forgotten"
        if export is not None:
            tracked.is_recorded = True
            assert_course(tracked, export)
            assert_reads(world, tracked, export)
            tracked.seen = export
    for person in PEOPLE:
        assert_places(world, person)
        assert_list(world, person)


def assert_course(tracked, export):
    assert export.attempt <= 2
    before = tracked.seen
    if before is not None:
        assert export.state in REACHABLE[before.state], (before.state, export.state)
    if before is not None and before.state in SETTLED:
        assert (export.state, export.result, export.attempt) == (before.state, before.result, before.attempt)
    if tracked.is_aborted:
        assert export.state in ENDS_OF_AN_ABORT
    assert (export.deleted_at is not None) >= tracked.is_deleted
    assert_retention(tracked, export)
    assert (export.state is State.FAILED) <= (export.failure is not None)


def assert_retention(tracked, export):
    """A file is retained exactly as long as last set."""
    if tracked.retention_days is not None:
        assert export.retention_days == tracked.retention_days
    if export.state is State.COMPLETED:
        assert export.expires_at - export.finished_at == timedelta(days=export.retention_days)


def assert_reads(world, tracked, export):
    """Gone means gone; else the whole file of a completed export, and of no other."""
    now = world.clock()
    if export.is_gone(now):
        assert refusal_of(lambda: get_export(world.services, tracked.owner, tracked.id)) == "NOT_FOUND"
        assert refusal_of(lambda: download_export(world.services, tracked.owner, tracked.id)) == "NOT_FOUND"
    elif export.state is State.COMPLETED:
        link = download_export(world.services, tracked.owner, tracked.id)
        data = world.read_link(link["url"])
        assert data == world.expected_bytes(tracked)
        assert len(data) == link["size"]
    else:
        assert refusal_of(lambda: download_export(world.services, tracked.owner, tracked.id)) == "NOT_READY"


def refusal_of(request_export):
    try:
        request_export()
    except RequestError as error:
        return error.code
    raise AssertionError("it was not refused")


def assert_places(world, person):
    """A place is taken exactly by active exports, so nothing is recorded by half, and the limit holds."""
    active = {
        tracked.id
        for tracked in world.exports.values()
        if tracked.owner is person and tracked.seen is not None and tracked.seen.is_active
    }
    assert active_ids(person) == active
    assert len(active) <= LIMIT


def assert_list(world, person):
    """The list holds nothing that is gone; nothing is missing but what a lagging index does not know."""
    shown = {row["id"] for row in list_exports(world.services, person, {"limit": "100"})["exports"]}
    own = {
        tracked.id
        for tracked in world.exports.values()
        if tracked.owner is person and tracked.seen is not None and not tracked.seen.is_gone(world.clock())
    }
    assert shown <= own if world.is_index_old else shown == own


def assert_settled(world):
    for tracked in world.exports.values():
        assert tracked.seen is None or not tracked.seen.is_active, f"it hangs: {tracked.seen}"


def assert_tidy(world):
    """Of all objects and uploads only the files that can be downloaded are left."""
    files = {
        key
        for tracked in world.exports.values()
        if tracked.seen is not None
        and tracked.seen.is_downloadable
        and not tracked.seen.is_gone(world.clock())
        for key in keys_of(tracked.seen.result)
    }
    assert set(list_keys(world.services)) == files
    assert list_uploads(world.services) == []
