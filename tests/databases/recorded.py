"""Databases that replay the recorded answers of a real one, also in a separate process."""

import io
from contextlib import contextmanager
from dataclasses import dataclass

from doseexport.aws.clients import ClientError
from doseexport.catalogue.schema import FULL
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.errors import RetryableError
from tests.component.exporting import Indifferent


@dataclass(frozen=True)
class Recording:
    """What a snapshot answered while one export was made."""

    has_standard_names: bool
    survey: object
    frequencies: dict
    studies: list
    events: list
    repeats: list
    accession_numbers: dict
    taken_at: object


def record(url, request, by, at):
    """Make an export from the database at `url` and return what that answered."""
    said = {"accession_numbers": {}}  # requested only by files that show them
    database = _Recorder(Database({"conninfo": url}), said)
    write_export(RequestContext(request, by, at), database, io.BytesIO(), Indifferent())
    return Recording(**said)


class _Recorder:
    time_zone = "Europe/London"

    def __init__(self, database, said):
        self._database, self._said = database, said

    @contextmanager
    def open_snapshot(self):
        with self._database.open_snapshot() as snapshot:
            yield _RecordingSnapshot(snapshot, self._said)


class _RecordingSnapshot:
    def __init__(self, snapshot, said):
        self._snapshot, self._said = snapshot, said
        self.begin = snapshot.begin
        self.start_longest = snapshot.start_longest
        self.read_schema = snapshot.read_schema

    def has_standard_names(self):
        return self._note("has_standard_names", self._snapshot.has_standard_names())

    def count(self, queries):
        return self._note("survey", self._snapshot.count(queries))

    def count_frequencies(self, queries):
        return self._note("frequencies", self._snapshot.count_frequencies(queries))

    def stream(self, queries, form):
        studies, events = map(list, self._snapshot.stream(queries, form))
        self._note("studies", studies)
        return iter(studies), iter(self._note("events", events))

    def explain_repeats(self, spec, studies):
        return self._note("repeats", self._snapshot.explain_repeats(spec, studies))

    def find_accession_numbers(self, studies):
        return self._note("accession_numbers", self._snapshot.find_accession_numbers(studies))

    def taken_at(self):
        return self._note("taken_at", self._snapshot.taken_at())

    def _note(self, name, value):
        self._said[name] = value
        return value


class RecordedDatabase:
    """A Database that answers from a recording."""

    time_zone = "Europe/London"

    def __init__(self, recording):
        self._recording = recording

    @contextmanager
    def open_snapshot(self):
        yield self

    def begin(self, tables):
        pass

    def start_longest(self, queries, form):
        pass

    def read_schema(self):
        return FULL

    def has_standard_names(self):
        return self._recording.has_standard_names

    def count(self, queries):
        return self._recording.survey

    def count_frequencies(self, queries):
        return self._recording.frequencies

    def stream(self, queries, form):
        return iter(self._recording.studies), iter(self._recording.events)

    def explain_repeats(self, spec, studies):
        return self._recording.repeats

    def find_accession_numbers(self, studies):
        return self._recording.accession_numbers

    def taken_at(self):
        return self._recording.taken_at

    def cancel(self):
        pass


class DatabaseOf:
    """A Database of which every answer and every study's row is a call of a process."""

    time_zone = "Europe/London"

    def __init__(self, process, database):
        self._process, self._database = process, database

    @contextmanager
    def open_snapshot(self):
        with self._database.open_snapshot() as snapshot:
            self._call("connect", lambda: None)
            yield _SnapshotOf(snapshot, self._call)

    def _call(self, name, act):
        try:
            return self._process.call(name, act)
        except ClientError:
            raise RetryableError("DATABASE_LOST", "The connection to the database was lost.") from None


class _SnapshotOf:
    def __init__(self, snapshot, call):
        self._snapshot, self._call = snapshot, call
        self.cancel = snapshot.cancel

    def __getattr__(self, name):
        method = getattr(self._snapshot, name)
        return lambda *arguments: self._call(name, lambda: method(*arguments))

    def stream(self, *arguments):
        studies, events = self._call("stream", lambda: self._snapshot.stream(*arguments))
        return (self._call("row", lambda row=row: row) for row in studies), events
