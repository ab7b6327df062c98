"""The service and everything that happens to it, one step at a time: users, workers, time, faults."""

import io
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from urllib.parse import unquote, urlsplit

import pytest

from doseexport.actions.exports import delete_export
from doseexport.aws import upload
from doseexport.aws.clients import ClientError
from doseexport.aws.dynamodb.table import Table
from doseexport.aws.sqs import Message, parse_message
from doseexport.domain.export import Cleanup, Export, make_id
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.errors import RequestError
from doseexport.jobs import attempt as attempt_module
from doseexport.jobs.heartbeat import Heartbeat
from doseexport.jobs.sweep import sweep_exports
from tests.component.answers import abort_export, request_export, set_retention
from tests.component.exporting import Indifferent
from tests.component.running import read_object
from tests.databases.recorded import DatabaseOf, RecordedDatabase
from tests.fakes import (
    ADA,
    BEN,
    TABLE,
    aws_client,
    make_settings,
    open_table,
    stand_in_for_aws,
    take_messages,
)
from tests.processes import Fate, Killed, Paced, Process, refusal, services_of

PEOPLE = (ADA, BEN)
LIMIT = 2
LAMBDA_SECONDS = 900.0
WRITTEN: dict[tuple[str, str, datetime], bytes] = {}
"""The complete files by type, owner and time of the request, shared by all worlds."""
_HERE = threading.local()


@dataclass
class Tracked:
    """What the owner knows of an export, and its row as last read."""

    id: str
    owner: object
    key: str
    kind: str
    is_recorded: bool = False
    is_aborted: bool = False
    is_deleted: bool = False
    retention_days: int | None = 30
    seen: Export | None = None


class StillHeartbeat(Heartbeat):
    """A heartbeat that beats on request."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Worker(Paced):
    """A worker with one message, until Lambda ends it. Its clock may be some seconds slow."""

    def __init__(self, world, message, slow):
        super().__init__()
        self.world, self.message, self.heart = world, message, None
        self.slow = timedelta(seconds=slow)
        self.ends_at = world.clock().timestamp() + LAMBDA_SECONDS
        self.start(self._work)

    def _work(self):
        _HERE.worker = self
        with suppress(ClientError):  # the handler logs whatever comes, and is done with the message
            attempt_module.run_attempt(
                replace(services_of(self, self.world.services), clock=lambda: self.world.clock() - self.slow),
                self.message.export_id,
                self.message.attempt,
                self.seconds_left,
            )

    def seconds_left(self):
        return self.ends_at - self.world.clock().timestamp()

    def beat(self):
        if self.heart is not None and not self.is_over:
            self.heart.beat()

    def holds_export(self):
        """Return whether the last beat renewed the lease."""
        return self.heart is not None and self.heart.reason is None and not self.is_over

    def kill(self):
        self.step(Fate.KILLED_BEFORE)
        assert self.is_over


class World:
    """One service with two users, who may have `LIMIT` active exports each. Close it after use."""

    def __init__(self, recordings):
        self.recordings = recordings
        self._stack = ExitStack()
        services = self._stack.enter_context(stand_in_for_aws())
        url = services.settings.queue_url
        self.services = replace(services, settings=make_settings(queue_url=url, max_active_exports=LIMIT))
        self.clock = services.clock
        self.exports: dict[str, Tracked] = {}
        self.messages: list[Message] = []
        self.workers: list[Worker] = []
        self.is_queue_down = False
        self._old_index = None
        self._patch(self._stack.enter_context(pytest.MonkeyPatch.context()))

    def close(self):
        self.kill_workers()
        self._stack.close()

    def _patch(self, patch):
        patch.setattr(upload, "DISCARD_TIMEOUT", 3600)
        patch.setattr(attempt_module, "Heartbeat", self._make_heartbeat)
        patch.setattr(attempt_module, "find_database", self._find_database)
        client, send = aws_client("sqs"), aws_client("sqs").send_message
        patch.setattr(client, "send_message", lambda **message: self._send(send, message), raising=False)
        self._query = Table.query

        def query(table, *arguments, **options):
            return self._query_index(table, *arguments, **options)

        patch.setattr(Table, "query", query)

    def _make_heartbeat(self, store, export, clock, seconds_left, on_schema):
        # Its own store: beats are made by the test, between the calls of the worker.
        _HERE.worker.heart = StillHeartbeat(self.services.exports, export, clock, seconds_left, on_schema)
        return _HERE.worker.heart

    def _find_database(self, settings, name, seconds_left):
        worker = _HERE.worker
        worker.call("find_database", lambda: None)
        kind = self.services.exports.load(worker.message.export_id).request.type
        return DatabaseOf(worker, RecordedDatabase(self.recordings[kind]))

    def _send(self, send, message):
        if self.is_queue_down:
            raise refusal("SendMessage")
        message.pop(
            "DelaySeconds", None
        )  # moto has its own clock: here a message waits for as long as it likes
        return send(**message)

    # The index, which may lag

    def freeze_index(self):
        """Freeze the answers of the indexes until `thaw`."""
        cleanup = product(("by_cleanup", "by_expiry"), (cleanup.value for cleanup in Cleanup))
        queried = [*cleanup, *(("by_owner", one.id) for one in PEOPLE)]
        table = open_table(TABLE)
        condition = {
            **dict.fromkeys(("by_cleanup", "by_expiry"), "#cleanup = :value"),
            "by_owner": "#owner = :value",
        }
        self._old_index = {
            (index, value): list(
                self._query(table, index, condition[index], {"value": value}, None, newest_first=False)
            )
            for index, value in queried
        }

    def thaw_index(self):
        self._old_index = None

    @property
    def is_index_old(self):
        return self._old_index is not None

    def _query_index(self, table, index, condition, values, after, *, newest_first):
        if self._old_index is None or (index, values["value"]) not in self._old_index:
            return self._query(table, index, condition, values, after, newest_first=newest_first)
        until = values.get("now", "9")  # only by_expiry is queried up to a time
        pages = self._old_index[index, values["value"]]
        return iter([[row for row in page if row.get("expires_at", "") <= until] for page in pages])

    # People

    def request_export(self, owner, key, kind, process):
        """Make a request that is answered, refused, or dies with the function."""
        export_id = make_id(owner.id, key)
        tracked = self.exports.setdefault(export_id, Tracked(export_id, owner, key, kind))
        with self._dying():
            answer = request_export(services_of(process, self.services), owner, {"type": kind}, key)
            assert answer["id"] == export_id
            tracked.is_recorded = True

    def abort(self, tracked, process):
        with self._dying():
            answer = abort_export(services_of(process, self.services), tracked.owner, tracked.id)
            assert answer["state"] in {"ABORTING", "ABORTED"}
            tracked.is_aborted = True

    def set_retention_of(self, tracked, days, process):
        before, tracked.retention_days = (
            tracked.retention_days,
            None,
        )  # unknown if the process dies
        body = {"retention_days": days}
        with suppress(Killed, ClientError):
            try:
                answer = set_retention(services_of(process, self.services), tracked.owner, tracked.id, body)
                tracked.retention_days = answer["retention_days"]
            except RequestError:
                tracked.retention_days = before

    def delete(self, tracked, process):
        with self._dying():
            delete_export(services_of(process, self.services), tracked.owner, tracked.id)
            tracked.is_deleted = True

    def _dying(self):
        return suppress(Killed, ClientError, RequestError)

    # Workers and messages

    def take_messages(self):
        """Take the messages from the queue. Each can be delivered any number of times."""
        taken = [parse_message({"body": message["Body"]}) for message in take_messages(self.services)]
        self.messages += taken
        return taken

    def deliver(self, message, slow=0):
        self.workers.append(Worker(self, message, slow))
        return self.workers[-1]

    def living_workers(self):
        self.workers = [worker for worker in self.workers if not worker.is_over]
        return self.workers

    def kill_workers(self):
        for worker in self.living_workers():
            worker.kill()

    # Time

    def wait(self, seconds, *, beating):
        """Let time pass: heartbeats beat, frozen workers stand still, and Lambda ends old workers."""
        while seconds > 0:
            step = min(seconds, 20) if beating and self.living_workers() else seconds
            self.clock.move(seconds=step)
            seconds -= step
            for worker in self.living_workers():
                if worker.seconds_left() <= 0:
                    worker.kill()
                elif beating:
                    worker.beat()

    def sweep(self, process=None):
        """Sweep once in a new process. Return what was done, or None if it failed or died."""
        with suppress(Killed, ClientError):
            return sweep_exports(services_of(process or Process(), self.services), self.clock())
        return None

    # Files

    def expected_bytes(self, tracked):
        """Return the complete file of an export, written without the service."""
        export = self.services.exports.load(tracked.id)
        at = export.created_at.astimezone(self.services.settings.time_zone)
        key = tracked.kind, export.owner_name, at
        if key not in WRITTEN:
            file = io.BytesIO()
            database = RecordedDatabase(self.recordings[tracked.kind])
            write_export(RequestContext(export.request, export.owner_name, at), database, file, Indifferent())
            WRITTEN[key] = file.getvalue()
        return WRITTEN[key]

    def read_link(self, url):
        """Return the object behind a presigned link."""
        return read_object(self.services, unquote(urlsplit(url).path).lstrip("/"))
