"""Run exports on a service whose worker has a real PostgreSQL."""

import json
import threading
import time
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg

from doseexport.aws.settings import DatabaseSettings
from doseexport.engine import export_file as writing
from doseexport.engine.query import Query, build_queries
from doseexport.jobs import attempt as attempt_module
from tests.fakes import BUCKET, add, aws_client, list_keys, list_uploads

SLOW = Query("SELECT n, 0, 0, n FROM generate_series(1, 40000000) n ORDER BY md5(n::text)", ())
PATIENCE = 10.0


def login_of(url):
    found = urlsplit(url)
    return {"username": found.username, "password": found.password}


def make_secret(arn=None, **login):
    """Write a login into a secret, a new one unless `arn` is given; return its ARN."""
    client, text = aws_client("secretsmanager"), json.dumps({"username": "openrem", **login})
    if arn is None:
        return client.create_secret(
            Name=f"database{len(client.list_secrets()['SecretList'])}", SecretString=text
        )["ARN"]
    client.put_secret_value(SecretId=arn, SecretString=text)
    return arn


def services_with(services, url, secret=None, port=None):
    """The service, with the database at `url` in its settings."""
    found = urlsplit(url)
    database = DatabaseSettings(
        host=found.hostname,
        port=port or found.port,
        name=found.path[1:],
        user="",
        secret_arn=secret or make_secret(**login_of(url)),
        sslmode="disable",
        ca_file="",
    )
    return replace(services, settings=replace(services.settings, database=database))


def read_object(services, key):
    return aws_client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()


def plenty():
    return 900.0


def run(services, export, attempt=1, seconds_left=plenty):
    attempt_module.run_attempt(services, export.id, attempt, seconds_left)
    return services.exports.load(export.id)


class BlockedRun:
    """A run whose events are being sorted by PostgreSQL, for longer than any test."""

    def __init__(self, services, sample_url, monkeypatch, seconds_left=plenty):
        monkeypatch.setattr(
            writing, "build_queries", lambda *arguments: replace(build_queries(*arguments), events=SLOW)
        )
        self.services, self.url = services, sample_url
        self.export = add(services)
        self._thread = threading.Thread(target=run, args=(services, self.export, 1, seconds_left))

    def __enter__(self):
        self._thread.start()
        end = time.monotonic() + PATIENCE
        while not self.is_sorting():
            assert time.monotonic() < end
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.query_sessions("SELECT pg_terminate_backend(pid) FROM mine")
        self._thread.join(PATIENCE)

    def query_sessions(self, query):
        mine = f"SELECT * FROM pg_stat_activity WHERE application_name = 'doseexport:{self.export.id}'"
        with psycopg.connect(self.url) as connection:
            return connection.execute(f"WITH mine AS ({mine}) {query}").fetchall()

    def is_sorting(self):
        return bool(self.query_sessions("SELECT FROM mine WHERE state = 'active' AND query LIKE '%md5%'"))

    def ends_within(self, seconds):
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def end(self):
        """Return the row, once the run has ended on its own."""
        assert self.ends_within(PATIENCE)
        assert self.query_sessions("SELECT FROM mine") == [] or not self.is_sorting()
        return self.services.exports.load(self.export.id)


def assert_no_file(services):
    assert list_keys(services) == []
    assert list_uploads(services) == []
