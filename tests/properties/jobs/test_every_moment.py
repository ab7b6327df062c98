"""Takeovers, repeated messages and aborts while a worker stands at any of its calls."""

import pytest

from doseexport.domain.export import State
from tests.fakes import ADA
from tests.processes import Process
from tests.properties.jobs.promises import assert_promises, assert_settled, assert_tidy
from tests.properties.jobs.world import World

pytestmark = pytest.mark.usefixtures("no_real_aws")


@pytest.fixture
def worlds(recordings):
    """Make worlds with a worker that stands at its call of some number, still undone."""
    made = []

    def make(number):
        world = World(recordings)
        made.append(world)
        world.request_export(ADA, "k1", "ct-csv", Process())
        (message,) = world.take_messages()
        worker = world.deliver(message)
        for _ in range(number - 1):
            worker.step()
        return world, worker

    yield make
    for world in made:
        world.close()


def each_moment(worlds):
    """A world for each call that a worker makes after its claim, with the worker that stands there."""
    world, worker = worlds(1)
    worker.finish()
    world.close()
    for number in range(2, len(worker.calls) + 1):
        world, worker = worlds(number)
        yield world, worker
        world.close()


def take_over(world):
    """The lease ends, the sweep looks, another worker takes what it sent."""
    world.wait(121, beating=False)
    world.sweep()
    assert_promises(world)
    for message in world.take_messages():
        world.deliver(message).finish()
    assert_promises(world)


def assert_one_file(world):
    """Once no worker can live any more, one whole file is all that is left."""
    world.wait(17 * 60, beating=False)
    world.sweep()
    assert_promises(world)
    assert_settled(world)
    assert_tidy(world)
    (tracked,) = world.exports.values()
    assert tracked.seen.state is State.COMPLETED


def test_frozen_worker_notices_its_loss_and_removes_what_it_made(worlds):
    for world, worker in each_moment(worlds):
        take_over(world)
        (tracked,) = world.exports.values()
        theirs = tracked.seen
        worker.finish()
        assert_promises(world)
        assert tracked.seen == theirs
        assert_tidy(world)
        assert_one_file(world)


def test_frozen_worker_ends_while_the_other_attempt_runs(worlds):
    for world, worker in each_moment(worlds):
        world.wait(121, beating=False)
        world.sweep()
        others = [world.deliver(message) for message in world.take_messages()]
        for other in others:
            other.step()
        worker.finish()
        assert_promises(world)
        for other in others:
            other.finish()
        assert_promises(world)
        (tracked,) = world.exports.values()
        assert tracked.seen.result.key.split("/")[2] == str(tracked.seen.attempt)
        assert_tidy(world)
        assert_one_file(world)


def test_frozen_worker_makes_one_more_call_and_is_killed(worlds):
    """So an upload or an object may be left that no process knows of: the sweep finds it."""
    for world, worker in each_moment(worlds):
        take_over(world)
        worker.step()
        if not worker.is_over:
            worker.kill()
        assert_promises(world)
        assert_one_file(world)


def test_second_copy_of_the_message_changes_nothing(worlds):
    for world, worker in each_moment(worlds):
        (tracked,) = world.exports.values()
        before = world.services.exports.load(tracked.id)
        world.deliver(worker.message).finish()
        assert world.services.exports.load(tracked.id) == before
        worker.finish()
        assert_promises(world)
        assert_tidy(world)
        assert_one_file(world)


@pytest.mark.parametrize("is_heard", [False, True], ids=["not heard", "heard"])
def test_abort_wins_until_the_file_is_published(worlds, is_heard):
    for world, worker in each_moment(worlds):
        (tracked,) = world.exports.values()
        world.abort(tracked, Process())
        assert tracked.is_aborted
        if is_heard:
            worker.beat()
        worker.finish()
        assert_promises(world)
        assert tracked.seen.state is State.ABORTED
        assert_tidy(world)


def test_abort_unnoticed_by_the_worker_is_settled_by_the_sweep(worlds):
    for world, worker in each_moment(worlds):
        (tracked,) = world.exports.values()
        world.abort(tracked, Process())
        worker.kill()
        world.wait(121, beating=False)
        world.sweep()
        assert_promises(world)
        assert tracked.seen.state is State.ABORTED
        assert_tidy(world)
