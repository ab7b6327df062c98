"""A schedule exports every day once, whatever happens to it and however its owner edits it."""

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from doseexport.domain.export import State
from doseexport.jobs.occurrences import run_occurrence
from doseexport.jobs.reconcile_schedules import reconcile_schedules
from tests.component.answers import change_schedule
from tests.component.schedules import create, exports_of, fail, join, leave
from tests.fakes import aws_client, finish, stand_in_for_aws

DAY = timedelta(days=1)
# Shortly before the clocks in London go back, so that every run of this crosses a change or two.
START = datetime(2026, 10, 20, 12, tzinfo=UTC)
RHYTHMS = [
    ("last_day", "cron(30 1 * * ? *)"),
    ("last_week", "cron(0 7 ? * MON *)"),
    ("last_month", "cron(0 7 1 * ? *)"),
    ("last_month", "rate(9 days)"),
    ("since_last_run", "rate(30 hours)"),
    ("since_last_run", "cron(0 7 ? * FRI *)"),
]
WINDOWS = ["last_day", "last_week", "last_month", "last_quarter", "last_financial_year", "since_last_run"]
EXPRESSIONS = ["cron(0 7 ? * MON#1 *)", "cron(30 1 * * ? *)", "cron(0 7 1 1,4,7,10 ? *)", "rate(9 days)"]
ZONES = ["Pacific/Kiritimati", "Europe/London", "Pacific/Pago_Pago"]

ENDS = ["completes", "fails", "is empty"]


class ScheduleRuns(RuleBasedStateMachine):
    """One schedule, its owner, EventBridge Scheduler that calls as it likes, and exports that end somehow."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.services = self.stack.enter_context(stand_in_for_aws())
        self.services.clock.now = START
        self.owner = join(self.services, "ada", "exportgroup")
        self.called = []
        self.days = {}

    def teardown(self):
        self.stack.close()

    @property
    def schedule(self):
        return self.services.schedules.load(self.id)

    @property
    def exports(self):
        return exports_of(self.services, self.owner)

    @property
    def active(self):
        return [export for export in self.exports if export.is_active]

    @initialize(rhythm=st.sampled_from(RHYTHMS))
    def make(self, rhythm):
        window, expression = rhythm
        self.id = create(self.services, self.owner, window=window, expression=expression).id

    @rule(late=st.sampled_from([0, 3, 3600, 90_000]), end=st.sampled_from([None, *ENDS]))
    def fall_due(self, late, end):
        """Time goes on to when it is due next, Scheduler calls, soon or late, and the export may end soon."""
        due = self.schedule.next_after(self.services.clock.now)
        self.called.append(due)
        self.services.clock.now = due + timedelta(seconds=late)
        run_occurrence(self.services, self.id, due)
        self.one_at_a_time()
        if end and self.active:
            self.end(end)
            reconcile_schedules(self.services)

    @rule()
    def miss(self):
        """Move the clock to the next due time, without an invocation."""
        self.services.clock.now = self.schedule.next_after(self.services.clock.now) + timedelta(hours=1)

    @precondition(lambda self: self.called)
    @rule(data=st.data())
    def call_again(self, data):
        run_occurrence(self.services, self.id, data.draw(st.sampled_from(self.called)))

    @rule()
    def look(self):
        reconcile_schedules(self.services)

    @precondition(lambda self: self.active)
    @rule(end=st.sampled_from(ENDS))
    def end(self, end):
        (export,) = self.active
        if end == "completes":
            finish(self.services, export)
        else:
            fail(self.services, export, "NO_STUDIES" if end == "is empty" else "DISK_FULL")

    @precondition(lambda self: any(not export.is_active for export in self.exports))
    @rule()
    def delete_what_has_ended(self):
        for export in self.exports:
            self.services.exports.delete(export.id, self.owner, self.services.clock())

    @rule()
    def rename(self):
        change_schedule(self.services, self.owner, self.id, {"name": "Another"})

    @rule(
        changes=st.fixed_dictionaries(
            {},
            optional={
                "window": st.sampled_from(WINDOWS),
                "expression": st.sampled_from(EXPRESSIONS),
                "time_zone": st.sampled_from(ZONES),
                "ends_on": st.sampled_from([None, "2199-12-31"]),
                "retention_days": st.sampled_from([None, 7]),
            },
        )
    )
    def edit(self, changes):
        change_schedule(self.services, self.owner, self.id, changes)

    @precondition(lambda self: self.schedule.is_live)
    @rule()
    def disable(self):
        change_schedule(self.services, self.owner, self.id, {"enabled": False})

    @precondition(lambda self: not self.schedule.is_live)
    @rule()
    def enable(self):
        change_schedule(self.services, self.owner, self.id, {"enabled": True})

    @rule()
    def leave_for_a_while(self):
        """The owner is no member when it is due; then they come back and enable it."""
        leave(self.services, self.owner, "exportgroup")
        self.fall_due(0, None)
        aws_client("cognito-idp").admin_add_user_to_group(
            UserPoolId=self.services.settings.user_pool_id, Username="ada", GroupName="exportgroup"
        )
        change_schedule(self.services, self.owner, self.id, {"enabled": True})

    @property
    def covered(self):
        return sorted(self.days[export.id] for export in self.exports if is_covering(export))

    @invariant()
    def one_at_a_time(self):
        assert len(self.active) <= 1
        for export in self.active:  # a deleted one has forgotten its days
            self.days[export.id] = days(export)

    @invariant()
    def what_is_covered_is_one_piece_without_gap_or_double(self):
        covered = self.covered
        for (_, last), (first, _) in pairwise(covered):
            assert first == last + DAY

    @invariant()
    def the_next_file_begins_behind_the_last(self):
        if self.schedule.open_occurrence is None and self.covered:
            assert self.schedule.next_day == self.covered[-1][1] + DAY

    @invariant()
    def the_shown_runs_continue_what_is_covered(self):
        periods = [
            run.period for run in self.schedule.list_coming_runs(self.services.clock.now) if run.period
        ]
        if self.covered and periods and self.schedule.open_occurrence is None:
            assert periods[0].first == self.covered[-1][1] + DAY
        for earlier, later in pairwise(periods):
            assert later.first == earlier.last + DAY


def is_covering(export):
    return export.state is State.COMPLETED or (export.failure and export.failure.code == "NO_STUDIES")


def days(export):
    filters = export.request.filters
    return date.fromisoformat(filters["date_from"]), date.fromisoformat(filters["date_to"])


TestScheduleRuns = pytest.mark.usefixtures("no_real_aws")(ScheduleRuns.TestCase)
TestScheduleRuns.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
