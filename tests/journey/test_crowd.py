"""Seventy-two exports of twelve users, eight of whom make requests at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import repeat

import psycopg
import pytest
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold

PEOPLE, LIMIT = 12, 5
AT_ONCE = 8
"""Each more would only start one more process of the function."""
CONNECTIONS = 4
"""Two for each of the exports that run at once."""
SECONDS = 240


@pytest.fixture(scope="module")
def crowd(stack: Stack) -> list[Service]:
    names = [f"person{number}" for number in range(PEOPLE)]
    return [
        Service(stack.url, users.sign_in(stack, users.create(stack, name, users.EXPORT))) for name in names
    ]


class Watcher:
    """Looks again and again at what must never be too many."""

    def __init__(self, backstage: Backstage) -> None:
        self.backstage = backstage
        self.most_connections = 0
        self.most_active = 0
        self.looks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        over = threading.Event()

        def cleanup() -> None:
            with psycopg.connect(self.backstage.database_url, autocommit=True) as connection:
                while not over.wait(0.4):  # each look reads the whole table
                    self._look(connection)

        with ThreadPoolExecutor(1) as pool:
            cleanup = pool.submit(cleanup)
            try:
                yield
            finally:
                over.set()
            cleanup.result()

    def _look(self, connection: "psycopg.Connection[tuple[int]]") -> None:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'doseexport:%'"
        ).fetchone()
        assert found is not None
        self.most_connections = max(self.most_connections, found[0])
        self.most_active = max([self.most_active, *self.backstage.count_active().values()])
        self.looks += 1


def request_up_to_the_limit(service: Service, backstage: Backstage) -> list[str]:
    """Request exports until the limit says no, and return their ids. Every message comes twice."""
    ids: list[str] = []
    for number in range(LIMIT):
        reply = service.request_export(type="ct-csv", filters={} if number else {"date_from": "2030-01-01"})
        assert reply.status == 202, reply.body
        ids.append(reply.json["id"])
        backstage.send(ids[-1], attempt=1)
    assert not request_one_more(service)
    return ids


def request_one_more(service: Service) -> str:
    """Request an export and return its id, or "" beyond the limit."""
    reply = service.request_export(type="ct-csv")
    if reply.status == 202:
        return str(reply.json["id"])
    assert (reply.status, reply.json["code"]) == (429, "TOO_MANY_ACTIVE")
    return ""


def test_exports_of_a_crowd_end_once_each(
    crowd: list[Service], backstage: Backstage, database_held: Hold
) -> None:
    watcher = Watcher(backstage)
    with watcher.watching(), ThreadPoolExecutor(AT_ONCE) as pool:
        with database_held():
            requested = list(pool.map(request_up_to_the_limit, crowd, repeat(backstage)))
        more = [until(partial(request_one_more, service), SECONDS) for service in crowd]
        ends = [
            service.wait(export_id, SECONDS)
            for service, ids, last in zip(crowd, requested, more, strict=True)
            for export_id in (*ids, last)
        ]
    assert Counter(end["state"] for end in ends) == {"COMPLETED": PEOPLE * LIMIT, "FAILED": PEOPLE}
    assert {end["error"]["code"] for end in ends if end["error"]} == {"NO_STUDIES"}
    assert len({end["id"] for end in ends}) == PEOPLE * (LIMIT + 1)
    assert {end["attempt"] for end in ends} == {1}
    assert len({end["sha256"] for end in ends}) == 2  # the same file for all, and none
    assert watcher.looks > 10
    assert watcher.most_active == LIMIT
    assert 2 <= watcher.most_connections <= CONNECTIONS
    for end in ends[::3]:
        assert len(backstage.objects(end["id"])) == 2 * (end["state"] == "COMPLETED")
