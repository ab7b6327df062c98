"""A worker dies or is refused at any call: the file is the same in the end, and nothing else remains."""

from contextlib import suppress

import pytest
from local import sample
from moto.s3 import models as moto_s3

from doseexport.aws import upload
from doseexport.aws.clients import ClientError
from doseexport.aws.sqs import NO_DELAY, Message, parse_message
from doseexport.domain.export import State
from doseexport.jobs import attempt as attempt_module
from doseexport.jobs import sweep as sweep_module
from doseexport.jobs.heartbeat import Heartbeat
from doseexport.jobs.sweep import sweep_exports
from tests.component.exporting import parse
from tests.component.running import read_object, services_with
from tests.databases.recorded import DatabaseOf, RecordedDatabase, record
from tests.fakes import ADA, NOW, add, keys_of, list_keys, list_uploads, stand_in_for_aws, take_messages
from tests.processes import Fate, Killed, Process, dies_at, services_of

STUDIES = 2
PARTS = {"ct-csv": 800, "ct-xlsx": 5_000}
"""Bytes of a part, so that each file has several."""
KINDS = pytest.mark.parametrize("kind", PARTS)


@pytest.fixture(scope="module")
def few_url(postgres):
    """A database with so few studies that every call of an export can be the last."""
    url = postgres.create_database("crashes")
    sample.fill(url, STUDIES)
    return url


@pytest.fixture(scope="module")
def recordings(few_url):
    """The answers of that database by type: the attempts are hundreds, and each would ask for the same."""
    return {kind: record(few_url, parse(type=kind), ADA.name, NOW) for kind in PARTS}


class CountingHeartbeat(Heartbeat):
    """Beats once a study, on the worker's own thread."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def advance(self):
        self.beat()
        super().advance()


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(moto_s3, "S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(attempt_module, "Heartbeat", CountingHeartbeat)
    monkeypatch.setattr(sweep_module, "RETRY_DELAY", NO_DELAY)  # moto's clock is not ours


@pytest.fixture
def make(monkeypatch, few_url, recordings):
    """Make one export, its first attempt by the given process, and return how it ended."""
    find_database = attempt_module.find_database

    def run(services, message, process):
        kind = services.exports.load(message.export_id).request.type

        def find(*arguments):
            process.call("find_database", lambda: find_database(*arguments))
            return DatabaseOf(process, RecordedDatabase(recordings[kind]))

        monkeypatch.setattr(attempt_module, "find_database", find)
        with suppress(Killed, ClientError):  # dead, or what the handler logs
            attempt_module.run_attempt(
                services_of(process, services), message.export_id, message.attempt, lambda: 900
            )

    def make_one(kind, process):
        monkeypatch.setattr(upload, "PART_SIZE", PARTS[kind])
        with stand_in_for_aws() as empty:
            services = services_with(empty, few_url)
            export = add(services, type=kind)
            services.queue.send(Message(export.id, 1), export.owner)
            services.exports.mark_sent(export.id, 1, services.clock())
            for message in messages(services):
                run(services, message, process)
            return End(services, export.id, lambda message: run(services, message, Process()))

    return make_one


def messages(services):
    return [parse_message({"body": message["Body"]}) for message in take_messages(services)]


class End:
    """What an export came to, once the sweep and other workers had their three minutes."""

    def __init__(self, services, export_id, run):
        self.minutes = 0
        while services.exports.load(export_id).is_active and self.minutes < 3:
            self._pass_a_minute(services, run)
        self.row = services.exports.load(export_id)
        self.file = read_object(services, self.row.result.key) if self.row.result else None
        sweep_exports(services, services.clock.move(minutes=17))
        self.left = list_keys(services) + list_uploads(services)

    def _pass_a_minute(self, services, run):
        self.minutes += 1
        sweep_exports(services, services.clock.move(minutes=1))
        for message in messages(services):
            run(message)


def assert_same(end, undisturbed, at):
    assert end.row.state is State.COMPLETED, (at, end.row)
    assert end.row.result.sha256 == undisturbed.row.result.sha256, at
    assert end.file == undisturbed.file, at
    assert end.left == keys_of(end.row.result), at


@KINDS
def test_attempt_killed_at_any_call_leaves_the_same_file_and_nothing_else(make, kind):
    """Killed between two calls: when one has taken effect, before the next does."""
    counted = Process()
    undisturbed = make(kind, counted)
    assert counted.calls.count("upload_part") >= 3
    expected = {"update_item", "transact_write_items", "row", "create_multipart_upload", "put_object"}
    assert expected <= set(counted.calls)
    assert_same(undisturbed, undisturbed, "undisturbed")
    for number, name in enumerate(["nothing", *counted.calls]):
        end = make(kind, dies_at(number, after=True) if number else dies_at(1, after=False))
        assert_same(end, undisturbed, (number, name))


@pytest.mark.parametrize("fate", [Fate.REFUSED, Fate.UNANSWERED])
def test_attempt_whose_call_fails_once_ends_the_same(make, fate):
    counted = Process()
    undisturbed = make("ct-csv", counted)
    for number, name in enumerate(counted.calls, 1):
        end = make("ct-csv", Process(lambda n, number=number: fate if n == number else Fate.GO))
        assert_same(end, undisturbed, (number, name))
