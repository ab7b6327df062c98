"""Two processes at once: one stands at any of its calls while the other does all its work."""

import pytest

from doseexport.domain.export import State
from tests.fakes import ADA, active_ids, list_keys
from tests.processes import Paced, Process
from tests.properties.jobs.promises import assert_promises, assert_settled, assert_tidy
from tests.properties.jobs.world import LIMIT, World

pytestmark = pytest.mark.usefixtures("no_real_aws")


@pytest.fixture
def interleave(recordings):
    """Make world after world; in each, `first` stands one call further on while `between` happens."""
    made = []

    def run(prepare, first, between):
        number, is_over = 0, False
        while not is_over:
            world = World(recordings)
            made.append(world)
            prepare(world)
            process = Paced()
            process.start(lambda world=world, process=process: first(world, process))
            for _ in range(number):
                process.step()
            is_over = process.is_over
            between(world)
            process.finish()
            assert_promises(world)
            yield world
            world.close()
            number += 1

    yield run
    for world in made:
        world.close()


def request_one(world, key="k1"):
    world.request_export(ADA, key, "ct-csv", Process())


def claim_one(world):
    request_one(world)
    (message,) = world.take_messages()
    worker = world.deliver(message)
    worker.step()
    return worker


def complete_one(world):
    claim_one(world).finish()


def fall_silent(world):
    claim_one(world).kill()
    world.wait(121, beating=False)


def the_one(world):
    (tracked,) = world.exports.values()
    return tracked


def let_it_end(world):
    for _ in range(4):
        world.wait(60, beating=False)
        world.sweep()
        for message in world.take_messages():
            world.deliver(message).finish()
    world.wait(17 * 60, beating=False)
    world.sweep()
    assert_promises(world)
    assert_settled(world)
    assert_tidy(world)


def abort(world, process):
    world.abort(the_one(world), process)


def run_what_waits(world):
    for message in world.take_messages():
        world.deliver(message).finish()


@pytest.mark.parametrize("prepare", [request_one, claim_one], ids=["waiting", "running"])
def test_abort_and_worker_agree_on_the_end(interleave, prepare):
    """What the answer says is what becomes of it: aborted, or there was nothing to stop any more."""

    def between(world):
        run_what_waits(world)
        for worker in world.living_workers():
            worker.finish()

    ends = set()
    for world in interleave(prepare, abort, between):
        let_it_end(world)
        tracked = the_one(world)
        assert (tracked.seen.state is State.ABORTED) == tracked.is_aborted
        ends.add(tracked.seen.state)
    assert ends == {State.ABORTED, State.COMPLETED}


def test_abort_and_sweep_agree_on_the_end(interleave):
    for world in interleave(fall_silent, abort, lambda world: world.sweep()):
        let_it_end(world)
        assert the_one(world).is_aborted
        assert the_one(world).seen.state is State.ABORTED


def begin_sweep(world, process):
    world.sweep(process)


@pytest.mark.parametrize("is_run", [False, True], ids=["nobody runs it", "another worker makes the file"])
def test_two_sweeps_queue_once(interleave, is_run):
    def between(world):
        world.sweep()
        if is_run:
            run_what_waits(world)

    for world in interleave(fall_silent, begin_sweep, between):
        assert the_one(world).seen.attempt == 2
        let_it_end(world)
        assert the_one(world).seen.state is State.COMPLETED


def test_stalled_sweep_does_no_harm(interleave):
    """Its reads are old by the time it writes."""

    def between(world):
        for worker in world.living_workers():
            worker.beat()
            worker.finish()

    def late(world):
        claim_one(world)
        world.wait(121, beating=False)

    for world in interleave(late, begin_sweep, between):
        let_it_end(world)
        assert the_one(world).seen.state is State.COMPLETED


def delete(world, process):
    world.delete(the_one(world), process)


def test_two_concurrent_deletions_delete_row_and_file(interleave):
    for world in interleave(complete_one, delete, lambda world: delete(world, Process())):
        assert the_one(world).is_deleted
        let_it_end(world)


def test_deletion_and_expiring_sweep_delete_every_object(interleave):
    def nearly_expire(world):
        complete_one(world)
        world.wait(30 * 86_400 - 1, beating=False)

    def expire(world):
        world.wait(1, beating=False)
        world.sweep()

    for world in interleave(nearly_expire, delete, expire):
        let_it_end(world)
        assert list_keys(world.services) == []


@pytest.mark.parametrize("days", [29, 31])
def test_retention_and_expiring_sweep_agree(interleave, days):
    """It is there until the time that the answer says, or it is gone; never a row without its file."""

    def nearly_expire(world):
        complete_one(world)
        world.wait(29 * 86_400 - 1, beating=False)
        world.set_retention_of(the_one(world), 29, Process())

    def expire(world):
        world.wait(1, beating=False)
        world.sweep()

    ends = set()
    for world in interleave(nearly_expire, lambda w, process: set_retention_of(w, days, process), expire):
        let_it_end(world)
        ends.add(the_one(world).seen.is_gone(world.clock()))
    assert ends == ({True} if days == 29 else {True, False})


def set_retention_of(world, days, process):
    world.set_retention_of(the_one(world), days, process)


def fill_but_one(world):
    for number in range(LIMIT - 1):
        request_one(world, f"other{number}")


def test_last_place_is_taken_once(interleave):
    for world in interleave(
        fill_but_one,
        lambda world, process: world.request_export(ADA, "mine", "ct-csv", process),
        lambda world: request_one(world, "theirs"),
    ):
        assert len(active_ids(ADA)) == LIMIT
        assert sum(tracked.is_recorded for tracked in world.exports.values()) == LIMIT
        let_it_end(world)


def test_one_key_used_twice_at_once_makes_one_export(interleave):
    for world in interleave(lambda _: None, request_again, request_one):
        assert the_one(world).is_recorded
        let_it_end(world)
        assert (the_one(world).seen.state, the_one(world).seen.attempt) == (State.COMPLETED, 1)


def request_again(world, process):
    world.request_export(ADA, "k1", "ct-csv", process)
