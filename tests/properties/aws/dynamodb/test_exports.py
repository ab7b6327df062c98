"""An export's row keeps its guarantees in any order of events."""

import os
from contextlib import ExitStack
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from doseexport.domain.audit import AuditEvent
from doseexport.domain.export import ACTIVE, TRANSITIONS, Failure, Progress, State
from doseexport.jobs.sweep import sweep_exports
from tests.fakes import ADA, RETENTION, active_ids, make_new, make_result, stand_in_for_aws
from tests.oracles.audit_trail import assert_legal

ATTEMPTS = st.integers(1, 3)
MEANING = {
    AuditEvent.REQUESTED: State.QUEUED,
    AuditEvent.REQUEUED: State.QUEUED,
    AuditEvent.STARTED: State.RUNNING,
    AuditEvent.ABORT_REQUESTED: State.ABORTING,
    AuditEvent.COMPLETED: State.COMPLETED,
    AuditEvent.FAILED: State.FAILED,
    AuditEvent.ABORTED: State.ABORTED,
}
"""The state that an entry stands for."""


class ExportStates(RuleBasedStateMachine):
    """One export; workers that are late, wrong or doubled; people; sweeps; time."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.services = self.stack.enter_context(stand_in_for_aws())
        self.exports, self.clock = self.services.exports, self.services.clock
        self.export = self.exports.create(make_new(), limit=1)
        self.claimed: set[int] = set()
        self.published: set[int] = set()
        self.seen = self.export

    def teardown(self):
        self.stack.close()

    @rule(seconds=st.sampled_from([1, 30, 121, 601]))
    def wait(self, seconds):
        self.clock.move(seconds=seconds)

    @rule()
    def request_again(self):
        assert self.exports.create(self.export, limit=1).id == self.export.id

    @rule(attempt=ATTEMPTS)
    def claim(self, attempt):
        if self.exports.claim(self.export.id, attempt, self.clock()):
            assert attempt not in self.claimed, "an attempt was claimed twice"
            self.claimed.add(attempt)

    @rule(attempt=ATTEMPTS, done=st.integers(0, 9))
    def beat(self, attempt, done):
        before = self.load()
        state = self.exports.beat(self.export.id, attempt, Progress(done, 9), self.clock())
        if state is not None:
            assert before.attempt == attempt
            assert state in {State.RUNNING, State.ABORTING}
            assert self.load().lease_until >= self.clock().timestamp() + 119

    @rule(attempt=ATTEMPTS)
    def record_upload(self, attempt):
        self.exports.record_upload(self.export.id, attempt, f"exports/x/{attempt}/f", "upload")

    @rule(attempt=ATTEMPTS)
    def complete(self, attempt):
        result = make_result(self.export, attempt)
        if self.exports.complete(self.export.id, attempt, result, self.clock(), RETENTION):
            assert attempt in self.claimed
            self.published.add(attempt)

    @rule(attempt=ATTEMPTS)
    def fail(self, attempt):
        self.exports.fail(self.export.id, attempt, "X", "Y.", self.clock())

    @rule(attempt=ATTEMPTS)
    def release(self, attempt):
        self.exports.release(self.export.id, attempt, "X", "Y.", self.clock())

    @rule(attempt=ATTEMPTS)
    def settle_aborted(self, attempt):
        self.exports.settle_aborted(self.export.id, attempt, self.clock())

    @rule(attempt=ATTEMPTS)
    def give_up(self, attempt):
        before = self.load()
        if self.exports.give_up(self.export.id, attempt, Failure("X", "Y."), self.clock()):
            assert before.state is State.QUEUED or before.is_lease_over(self.clock())

    @rule()
    def request_abort(self):
        after = self.exports.request_abort(self.export.id, ADA, self.clock())
        assert after.state not in {State.QUEUED, State.RUNNING}

    @rule()
    def delete(self):
        before = self.load()
        assert self.exports.delete(self.export.id, ADA, self.clock()) == (
            before.state not in ACTIVE and before.deleted_at is None
        )

    @rule()
    def issue_link(self):
        before = self.load()
        assert self.exports.issue_link(before, ADA, self.clock()) == (
            before.state is State.COMPLETED and before.deleted_at is None
        )

    @rule(days=st.integers(1, 90))
    def set_retention(self, days):
        before = self.load()
        changed = self.exports.set_retention(self.export.id, days, ADA, self.clock())
        assert (changed is not None) == (before.can_set_retention and before.deleted_at is None)
        if changed is not None:
            assert changed.retention_days == days

    @rule()
    def sweep_exports(self):
        assert "broken" not in sweep_exports(self.services, self.clock())

    @precondition(lambda self: self.load().state in ACTIVE)
    @rule()
    def request_another(self):
        assert self.exports.create(make_new(ADA), limit=1) is None

    @invariant()
    def only_known_transitions_happen(self):
        now = self.load()
        if now.state is not self.seen.state:
            assert now.state in TRANSITIONS[self.seen.state]
        assert now.attempt in {self.seen.attempt, self.seen.attempt + 1}
        assert now.attempt <= 2, "nobody gets a third attempt"
        self.seen = now

    @invariant()
    def audit_trail_is_legal_and_ends_with_the_state(self):
        entries = self.services.audit.read(self.export.id)
        assert_legal(entries)
        end = [entry for entry in entries if entry.event in MEANING][-1]
        assert (MEANING[end.event], end.attempt) == (self.load().state, self.load().attempt)
        assert (entries[-1].event is AuditEvent.DELETED) == (self.load().deleted_at is not None)
        self.clock.move(microseconds=1)  # what happens next is later in the audit trail too

    @invariant()
    def place_is_taken_while_active(self):
        is_active = self.load().state in ACTIVE
        assert active_ids(ADA) == ({self.export.id} if is_active else set())

    @invariant()
    def file_is_published_by_the_completed_attempt(self):
        export = self.load()
        assert len(self.published) <= 1
        assert (export.state is State.COMPLETED) == bool(self.published)
        assert (export.result is not None) == bool(self.published)
        if export.result:
            assert export.result == make_result(export, export.attempt)

    @invariant()
    def only_a_worker_holds_a_lease(self):
        export = self.load()
        is_held = export.state in {State.RUNNING, State.ABORTING}
        assert (export.lease_until is not None) == is_held

    @invariant()
    def ended_export_has_its_end_and_expiry(self):
        export = self.load()
        assert (export.finished_at is None) == (export.state in ACTIVE)
        if export.finished_at is not None:
            is_file = export.state is State.COMPLETED
            assert export.expires_at - export.finished_at == timedelta(
                days=export.retention_days if is_file else 30
            )

    def load(self):
        return self.exports.load(self.export.id)


@pytest.fixture(autouse=True, scope="module")
def _no_real_aws():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield


TestExportStates = ExportStates.TestCase
TestExportStates.settings = settings(
    max_examples=int(os.environ.get("STATE_EXAMPLES", "12")), stateful_step_count=25, deadline=None
)
