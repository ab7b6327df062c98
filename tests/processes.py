"""Processes that die, or are interfered with, at any call they make.

What a killed process would still have done has no effect: after its death every call raises, and so
do those of its cleanup and of its other threads.
"""

import threading
from dataclasses import replace
from enum import Enum

from doseexport.aws.clients import ClientError
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.presets import PresetRepository
from doseexport.aws.dynamodb.schemas import SchemaRepository
from doseexport.aws.s3 import ExportBucket
from doseexport.aws.sqs import Queue
from tests.fakes import AUDIT_RETENTION, AUDIT_TABLE, BUCKET, SAVED_REQUESTS_TABLE, TABLE, aws_client

PATIENCE = 20.0


class Killed(BaseException):
    """The end of a process: nothing catches it."""


class Fate(Enum):
    """What becomes of a call."""

    GO = "it takes effect and is answered"
    REFUSED = "it has no effect, and an error is the answer"
    UNANSWERED = "it takes effect, and an error is the answer"
    KILLED_BEFORE = "the process dies before it takes effect"
    KILLED_AFTER = "the process dies when it has taken effect"


class Process:
    """One process; `fate_of` decides on each of its calls, by its number from 1."""

    def __init__(self, fate_of=lambda number: Fate.GO):
        self.fate_of = fate_of
        self.calls = []
        self.is_dead = False

    def call(self, name, act):
        """Make one call, if and as fate will."""
        if self.is_dead:
            raise Killed
        self.calls.append(name)
        fate = self.decide(len(self.calls))
        if fate is Fate.KILLED_BEFORE:
            self.die()
        if fate is Fate.REFUSED:
            raise refusal(name)
        answer = act()
        if fate is Fate.KILLED_AFTER:
            self.die()
        if fate is Fate.UNANSWERED:
            raise refusal(name)
        return answer

    def decide(self, number):
        return self.fate_of(number)

    def die(self):
        self.is_dead = True
        raise Killed


def dies_at(number, after):
    """A process that dies at its call of this number, before or after it takes effect."""
    fate = Fate.KILLED_AFTER if after else Fate.KILLED_BEFORE
    return Process(lambda n: fate if n == number else Fate.GO)


def refusal(name):
    return ClientError({"Error": {"Code": "InternalServerError", "Message": "made by a test"}}, name)


class Paced(Process):
    """A process, on its own thread, that makes one call at a time on request.

    At any time at most one thread runs, this one or the one that commands it: what is not atomic in moto
    is never seen half done.
    """

    def __init__(self):
        super().__init__()
        self._changed = threading.Condition()
        self._fate = None
        self._is_at_a_call = False
        self.is_over = False
        self.error = None

    def start(self, work):
        """Begin `work` and let it come to its first call."""

        def run():
            try:
                work()
            except Killed:
                pass
            except BaseException as error:  # noqa: BLE001  the test must see it
                self.error = error
            finally:
                with self._changed:
                    self.is_over = True
                    self._changed.notify_all()

        self._thread = threading.Thread(target=run, name="paced", daemon=True)
        self._thread.start()
        self._wait_until_it_stands()

    def step(self, fate=Fate.GO):
        """Let it make the call it stands at, and come to the next."""
        with self._changed:
            if self.is_over:
                return
            self._fate = fate
            self._changed.notify_all()
        self._wait_until_it_stands()

    def finish(self):
        """Let it run to its end."""
        while not self.is_over:
            self.step()

    def decide(self, number):
        with self._changed:
            self._is_at_a_call = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fate is not None)
            fate, self._fate, self._is_at_a_call = self._fate, None, False
            return fate

    def _wait_until_it_stands(self):
        def is_standing():
            return self.is_over or (self._is_at_a_call and self._fate is None)

        with self._changed:
            assert self._changed.wait_for(is_standing, PATIENCE), f"it hangs after {self.calls[-3:]}"
        if self.is_over:
            self._thread.join(PATIENCE)
            if self.error is not None:
                raise self.error


class _Client:
    """A boto3 client whose calls are a process's."""

    def __init__(self, client, process):
        self._client, self._process = client, process

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if name == "generate_presigned_url":  # it makes no call
            return method
        return lambda **arguments: self._process.call(name, lambda: method(**arguments))

    def get_paginator(self, name):
        return _Paginator(self._client.get_paginator(name), name, self._process)


class _Paginator:
    def __init__(self, paginator, name, process):
        self._paginator, self._name, self._process = paginator, name, process

    def paginate(self, **arguments):
        return self._process.call(self._name, lambda: list(self._paginator.paginate(**arguments)))


def services_of(process, services):
    """Return the same services for a separate process."""
    dynamodb = _Client(aws_client("dynamodb"), process)
    audit = AuditRepository(dynamodb, AUDIT_TABLE, AUDIT_RETENTION)
    return replace(
        services,
        exports=ExportRepository(dynamodb, TABLE, audit),
        audit=audit,
        presets=PresetRepository(dynamodb, SAVED_REQUESTS_TABLE),
        files=ExportBucket(_Client(aws_client("s3"), process), BUCKET),
        queue=Queue(_Client(aws_client("sqs"), process), services.settings.queue_url),
        schemas=SchemaRepository(dynamodb, TABLE),
    )
