"""The service keeps its guarantees in any order of events.

STATE_EXAMPLES=200 tries longer.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.processes import Fate, Process
from tests.properties.jobs.promises import assert_promises, assert_settled, assert_tidy
from tests.properties.jobs.world import PEOPLE, World

KINDS = ("ct-csv", "ct-xlsx")
RECORDINGS = {}
MINUTES = 45
"""By then nothing may wait or run, though no message arrived any more."""

FAULTS = st.sampled_from([Fate.REFUSED, Fate.UNANSWERED, Fate.KILLED_BEFORE, Fate.KILLED_AFTER])
LUCK = st.one_of(st.none(), st.tuples(st.integers(1, 8), FAULTS))
"""What a short process meets: nothing, or a fault at one of its calls."""
WHICH = st.integers(0, 7)
SLOW = st.sampled_from([0, 0, 30, 90])
"""How many seconds the clock of a worker is slow."""
PERSON, KIND = st.sampled_from(PEOPLE), st.sampled_from(KINDS)


def process_of(luck):
    number, fault = luck or (0, Fate.GO)
    return Process(lambda n: fault if n == number else Fate.GO)


def pick(things, which):
    return list(things)[which % len(things)]


class JobStates(RuleBasedStateMachine):
    """Two people, a queue, workers at any pace, a sweep, faults at any call, and time."""

    def __init__(self):
        super().__init__()
        self.world = World(RECORDINGS)
        self.aborts = 0

    def teardown(self):
        try:
            self.let_it_end(workers_return=len(self.world.messages) % 3 > 0)
            self.let_it_expire()
            for tracked in self.world.exports.values():
                event(
                    f"{tracked.seen.state} by attempt {tracked.seen.attempt}"
                    if tracked.seen
                    else "never recorded"
                )
        finally:
            self.world.close()

    @initialize(person=PERSON, many=st.integers(1, 4), kind=KIND)
    def begin(self, person, many, kind):
        for key in range(many):
            self.world.request_export(person, f"k{key}", kind, Process())

    # People

    @rule(person=PERSON, keys=st.lists(st.integers(0, 3), min_size=1, max_size=3), kind=KIND, luck=LUCK)
    def request_export(self, person, keys, kind, luck):
        """Request a new export, or one again with the same key."""
        for key in keys:
            known = [t.kind for t in self.world.exports.values() if (t.owner, t.key) == (person, f"k{key}")]
            self.world.request_export(person, f"k{key}", known[0] if known else kind, process_of(luck))

    @precondition(lambda self: self.active() and self.aborts < 2)
    @rule(which=WHICH, luck=LUCK)
    def abort(self, which, luck):
        self.aborts += 1
        self.world.abort(pick(self.active(), which), process_of(luck))

    @precondition(lambda self: self.settled())
    @rule(which=WHICH, luck=LUCK)
    def abort_too_late_or_delete(self, which, luck):
        self.world.abort(pick(self.settled(), which), Process())
        self.world.delete(pick(self.settled(), which), process_of(luck))

    @precondition(lambda self: self.world.exports)
    @rule(which=WHICH, days=st.sampled_from([1, 2, 90]), luck=LUCK)
    def set_retention_of(self, which, days, luck):
        self.world.set_retention_of(pick(self.world.exports.values(), which), days, process_of(luck))

    # The queue

    @rule(to_the_end=st.booleans(), slow=SLOW)
    def deliver_what_waits(self, to_the_end, slow):
        self.take_and_run(to_the_end, slow)

    @precondition(lambda self: self.world.messages)
    @rule(which=WHICH)
    def deliver_an_old_message(self, which):
        """A duplicate, a late delivery, or one sent back from the dead-letter queue."""
        self.world.deliver(pick(self.world.messages, which))

    @rule(what=st.sampled_from(["messages lost", "queue down or up", "index lags or not"]))
    def weather(self, what):
        if what == "messages lost":
            self.world.take_messages()
        elif what == "queue down or up":
            self.world.is_queue_down = not self.world.is_queue_down
        elif self.world.is_index_old:
            self.world.thaw_index()
        else:
            self.world.freeze_index()

    # Workers

    @rule(which=WHICH, calls=st.integers(1, 20))
    def work(self, which, calls):
        for worker in self.some_worker(which):
            for _ in range(calls):
                worker.step()

    @rule(which=WHICH)
    def finish(self, which):
        for worker in self.some_worker(which):
            worker.finish()

    @rule(which=WHICH, calls=st.integers(0, 20), fault=FAULTS)
    def meet_a_fault(self, which, calls, fault):
        for worker in self.some_worker(which):
            for _ in range(calls):
                worker.step()
            worker.step(fault)

    @rule(luck=LUCK, to_the_end=st.booleans())
    def workers_freeze_and_others_take_over(self, luck, to_the_end):
        self.world.thaw_index()
        self.world.wait(121, beating=False)
        self.world.sweep(process_of(luck))
        self.take_and_run(to_the_end)

    # Time

    @rule(seconds=st.sampled_from([1, 30, 61, 130, 601, 1020, 86_400]), beating=st.booleans())
    def wait(self, seconds, beating):
        self.world.wait(seconds, beating=beating)

    @rule(luck=LUCK)
    def sweep(self, luck):
        counts = self.world.sweep(process_of(luck))
        assert counts is None or luck or self.world.is_queue_down or "broken" not in counts

    @rule(seconds=st.sampled_from([1, 20, 121, 301]))
    def sweep_beside_workers_that_beat(self, seconds):
        """A worker that beats keeps its export, even if its clock is slow."""
        self.world.wait(seconds, beating=True)
        held = [worker.message for worker in self.world.living_workers() if worker.holds_export()]
        self.world.sweep()
        for message in held:
            assert self.world.services.exports.load(message.export_id).attempt == message.attempt

    # What rules share

    def take_and_run(self, to_the_end, slow=0):
        for message in self.world.take_messages():
            worker = self.world.deliver(message, slow)
            if to_the_end:
                worker.finish()

    def some_worker(self, which):
        """Return one of the workers, or a new one, or None without any message."""
        if not self.world.living_workers():
            self.take_and_run(to_the_end=False)
        workers = self.world.living_workers()
        return [pick(workers, which)] if workers else []

    def active(self):
        return [tracked for tracked in self.world.exports.values() if tracked.seen and tracked.seen.is_active]

    def settled(self):
        return [
            tracked for tracked in self.world.exports.values() if tracked.seen and not tracked.seen.is_active
        ]

    @invariant()
    def promises_are_kept(self):
        assert_promises(self.world)

    # The end of it

    def let_it_end(self, workers_return):
        """With the sweep alone, or with workers as well, nothing hangs and nothing is left behind."""
        world = self.world
        world.kill_workers()
        world.thaw_index()
        world.is_queue_down = False
        for _ in range(MINUTES):
            world.wait(60, beating=False)
            assert "broken" not in world.sweep()
            for message in world.take_messages():
                if workers_return:
                    world.deliver(message).finish()
            assert_promises(world)
            if not self.active():
                break
        assert_settled(world)
        world.wait(17 * 60, beating=False)
        world.sweep()
        world.sweep()
        assert_promises(world)
        assert_tidy(world)

    def let_it_expire(self):
        self.world.wait(91 * 86_400, beating=False)
        self.world.sweep()
        assert_promises(self.world)
        assert_tidy(self.world)
        assert all(
            tracked.seen is None or tracked.seen.cleanup is None for tracked in self.world.exports.values()
        )


@pytest.fixture(autouse=True, scope="module")
def _recordings(recordings, no_real_aws):
    RECORDINGS.update(recordings)


TestJobStates = JobStates.TestCase
TestJobStates.settings = settings(
    max_examples=int(os.environ.get("STATE_EXAMPLES", "12")),
    stateful_step_count=30,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
