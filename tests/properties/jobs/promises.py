"""What must hold of every export, whatever happened before: looked at from outside, after every step."""

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
    for told in world.exports.values():
        export = world.services.exports.load(told.id)
        assert export is not None or not told.is_recorded, "a request was accepted and then forgotten"
        if export is not None:
            told.is_recorded = True
            assert_course(told, export)
            assert_reads(world, told, export)
            told.seen = export
    for person in PEOPLE:
        assert_places(world, person)
        assert_list(world, person)


def assert_course(told, export):
    assert export.attempt <= 2
    before = told.seen
    if before is not None:
        assert export.state in REACHABLE[before.state], (before.state, export.state)
    if before is not None and before.state in SETTLED:
        assert (export.state, export.result, export.attempt) == (before.state, before.result, before.attempt)
    if told.is_aborted:
        assert export.state in ENDS_OF_AN_ABORT
    assert (export.deleted_at is not None) >= told.is_deleted
    assert_kept(told, export)
    assert (export.state is State.FAILED) <= (export.failure is not None)


def assert_kept(told, export):
    """A file is kept exactly as long as was last said."""
    if told.retention_days is not None:
        assert export.retention_days == told.retention_days
    if export.state is State.COMPLETED:
        assert export.expires_at - export.finished_at == timedelta(days=export.retention_days)


def assert_reads(world, told, export):
    """Gone means gone; else the whole file of a completed export, and of no other."""
    now = world.clock()
    if export.is_gone(now):
        assert refusal_of(lambda: get_export(world.services, told.owner, told.id)) == "NOT_FOUND"
        assert refusal_of(lambda: download_export(world.services, told.owner, told.id)) == "NOT_FOUND"
    elif export.state is State.COMPLETED:
        link = download_export(world.services, told.owner, told.id)
        data = world.read_link(link["url"])
        assert data == world.expected_bytes(told)
        assert len(data) == link["size"]
    else:
        assert refusal_of(lambda: download_export(world.services, told.owner, told.id)) == "NOT_READY"


def refusal_of(ask):
    try:
        ask()
    except RequestError as error:
        return error.code
    raise AssertionError("it was not refused")


def assert_places(world, person):
    """A place is taken exactly by what is active, so nothing is recorded by half; there are only so many."""
    active = {
        told.id
        for told in world.exports.values()
        if told.owner is person and told.seen is not None and told.seen.is_active
    }
    assert active_ids(person) == active
    assert len(active) <= LIMIT


def assert_list(world, person):
    """The list holds nothing that is gone; nothing is missing but what a lagging index does not know."""
    shown = {row["id"] for row in list_exports(world.services, person, {"limit": "100"})["exports"]}
    own = {
        told.id
        for told in world.exports.values()
        if told.owner is person and told.seen is not None and not told.seen.is_gone(world.clock())
    }
    assert shown <= own if world.is_index_old else shown == own


def assert_settled(world):
    for told in world.exports.values():
        assert told.seen is None or not told.seen.is_active, f"it hangs: {told.seen}"


def assert_tidy(world):
    """Of all objects and uploads only the files that can be downloaded are left."""
    files = {
        key
        for told in world.exports.values()
        if told.seen is not None and told.seen.is_downloadable and not told.seen.is_gone(world.clock())
        for key in keys_of(told.seen.result)
    }
    assert set(list_keys(world.services)) == files
    assert list_uploads(world.services) == []
