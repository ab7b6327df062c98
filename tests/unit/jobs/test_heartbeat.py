"""The thread beside an attempt: what it reports, and what stops the attempt."""

import threading
from datetime import timedelta

import pytest

from doseexport.domain.export import Progress, State
from doseexport.errors import AbortedError, ExportError, LeaseLostError
from doseexport.jobs import heartbeat as heartbeat_module
from doseexport.jobs.heartbeat import GRACE, INTERVAL, LAST_SECONDS, REPEATED_CANCEL, Heartbeat
from tests.fakes import Clock, make_new

PATIENCE = 10
A_MOMENT = timedelta(seconds=1)


class FakeExports:
    """Answers beats with `answer`, which may be an exception, and lets tests wait for the next ones."""

    def __init__(self):
        self.answer = State.RUNNING
        self.beats = []
        self._beaten = threading.Condition()

    def beat(self, export_id, attempt, progress, now):
        with self._beaten:
            self.beats.append((export_id, attempt, progress, now))
            self._beaten.notify_all()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def wait_for_beats(self, more=2):
        with self._beaten:
            wanted = len(self.beats) + more
            assert self._beaten.wait_for(lambda: len(self.beats) >= wanted, PATIENCE)


class Blocked:
    """Something that blocks until it is cancelled."""

    def __init__(self):
        self.cancelled = threading.Semaphore(0)

    def cancel(self):
        self.cancelled.release()

    def was_cancelled(self):
        return self.cancelled.acquire(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch):
    monkeypatch.setattr(heartbeat_module, "INTERVAL", 0.005)


@pytest.fixture
def exports():
    return FakeExports()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def time_left():
    return {"seconds": 900.0}


@pytest.fixture
def export():
    return make_new()


@pytest.fixture
def heart(exports, export, clock, time_left):
    with Heartbeat(exports, export, clock, lambda: time_left["seconds"]) as beating:
        yield beating


def stop(heart):
    """Wait until the run is stopped; the reason that `advance` raises."""
    blocked = Blocked()
    heart.guard(blocked)
    assert blocked.was_cancelled()
    with pytest.raises(ExportError) as stopped:
        heart.advance()
    assert stopped.value is heart.reason
    return stopped.value


def is_beating():
    return "heartbeat" in {thread.name for thread in threading.enumerate()}


def test_heartbeat_reports_attempt_time_and_progress(heart, exports, export, clock):
    exports.wait_for_beats()
    assert exports.beats[-1][2] == Progress(0, None)
    heart.expect(9)
    heart.advance()
    heart.advance()
    clock.move(seconds=3)
    exports.wait_for_beats()
    assert exports.beats[-1] == (export.id, 1, Progress(2, 9), clock())


def test_heartbeat_lets_an_undisturbed_run_continue(heart, exports):
    exports.wait_for_beats(5)
    heart.advance()
    assert heart.reason is None


def test_heartbeat_stops_aborted_run_and_what_it_is_blocked_on(heart, exports):
    exports.answer = State.ABORTING
    assert isinstance(stop(heart), AbortedError)


def test_heartbeat_stops_run_without_lease(heart, exports):
    exports.answer = None
    assert isinstance(stop(heart), LeaseLostError)


def test_heartbeat_cancels_again_sooner_once_the_run_must_stop(heart, exports, monkeypatch):
    assert REPEATED_CANCEL < INTERVAL
    exports.answer = State.ABORTING
    stop(heart)
    monkeypatch.setattr(heartbeat_module, "INTERVAL", 10 * PATIENCE)
    late = Blocked()
    heart.guard(late)
    assert late.was_cancelled()
    assert late.was_cancelled()


def test_heartbeat_cancels_later_blocker_at_every_beat(heart, exports):
    exports.answer = State.ABORTING
    stop(heart)
    late = Blocked()
    heart.guard(late)
    assert late.was_cancelled()
    assert late.was_cancelled()


def test_heartbeat_of_stopped_run_writes_no_more(heart, exports):
    exports.answer = None
    stop(heart)
    before = len(exports.beats)
    late = Blocked()
    heart.guard(late)
    assert late.was_cancelled()
    assert len(exports.beats) == before


def test_heartbeat_tolerates_short_silence_of_the_table(heart, exports, clock):
    exports.answer = OSError("no network")
    clock.now += GRACE
    exports.wait_for_beats(3)
    heart.advance()
    assert heart.reason is None
    exports.answer = State.RUNNING
    exports.wait_for_beats()
    exports.answer = OSError("no network again")
    clock.now += GRACE
    exports.wait_for_beats(3)
    assert heart.reason is None


def test_heartbeat_takes_long_silence_of_the_table_for_lost_lease(heart, exports, clock):
    exports.answer = OSError("no network")
    clock.now += GRACE + A_MOMENT
    assert isinstance(stop(heart), LeaseLostError)


def test_heartbeat_logs_failed_beat_without_its_text(heart, exports, caplog):
    exports.answer = OSError("SECRET")
    exports.wait_for_beats()
    assert "beat_failed" in caplog.messages
    assert "SECRET" not in caplog.text
    assert "SECRET" not in str([record.__dict__ for record in caplog.records])


def test_heartbeat_stops_run_while_there_is_time_to_settle(heart, exports, time_left):
    time_left["seconds"] = LAST_SECONDS
    exports.wait_for_beats()
    assert heart.reason is None
    time_left["seconds"] = LAST_SECONDS - 0.001
    assert stop(heart).code == "OUT_OF_TIME"


def test_heartbeat_keeps_its_first_reason(heart, exports, time_left):
    exports.answer = State.ABORTING
    first = stop(heart)
    exports.answer = None
    time_left["seconds"] = 0
    assert stop(heart) is first


def test_heartbeat_ends_with_the_run(exports, clock):
    with Heartbeat(exports, make_new(), clock, lambda: 900):
        exports.wait_for_beats()
        assert is_beating()
    assert not is_beating()


def test_heartbeat_ends_with_a_failed_run(exports, clock):
    with pytest.raises(ZeroDivisionError), Heartbeat(exports, make_new(), clock, lambda: 900):
        raise ZeroDivisionError
    assert not is_beating()
