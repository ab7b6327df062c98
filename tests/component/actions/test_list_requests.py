"""What a request of the list reads among 10,000 exports."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from doseexport.actions.listing import MAX_ENTRIES, MAX_QUERIES, MAX_ROUNDS, ROUND
from doseexport.aws.dynamodb.export_rows import new_row
from doseexport.aws.dynamodb.table import pack
from doseexport.aws.services import Services
from doseexport.domain.rights import Caller
from doseexport.domain.timestamps import to_text
from tests.component.actions.test_exports import assert_refused, ids
from tests.component.answers import get_export, list_exports
from tests.fakes import NOW, TABLE, aws_client, make_new, stand_in_for_aws

NUMBER = 10_000
MINUTES = 12  # between two of them: they fill 83 days, and four months
USER = Caller("user-0-sub", "user-0", frozenset({"exportgroup"}))


@pytest.fixture(scope="module")
def crowd() -> Iterator[Services]:
    """10,000 exports of twenty users. Read it only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
        with stand_in_for_aws() as services:
            # A request for each row would take longer than the tests.
            table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-2"].get_table(TABLE)
            for row in make_crowd():
                table.put_item(row)
            yield services


def make_crowd() -> Iterator[dict]:
    file = {"key": "k", "file_name": "f", "sha256": "", "studies": 1, "events": 1, "size": 1, "warnings": []}
    ended = {"status": "COMPLETED", "cleanup": "RETAINED", "expires_at": to_text(NOW + timedelta(days=90))}
    common = pack({**new_row(replace(make_new(USER), name="Leeds")), **file, **ended})
    for number in range(NUMBER):
        user, when = f"user-{number % 20}", to_text(NOW - timedelta(minutes=MINUTES * number))
        own = {"id": f"export-{number:025}", "owner": f"{user}-sub", "owner_name": user, "created_at": when}
        row = {**own, "pk": f"EXPORT#{own['id']}", "month": when[:7]}
        if number < 4:
            row |= {"status": "QUEUED", "cleanup": "ACTIVE"}
        if number != 9_990:
            row |= {"name": "Van"}
        yield {**common, **{name: {"S": value} for name, value in row.items()}}


@contextmanager
def count_reads() -> Iterator[Counter]:
    """Count the requests to DynamoDB by operation, and the items that they read."""
    counts: Counter = Counter()
    events = aws_client("dynamodb").meta.events

    def count(parsed, model, **_):
        counts[model.name] += 1
        counts["items"] += parsed.get("ScannedCount", 0)
        counts["items"] += len(parsed.get("Responses", {}).get(TABLE, ())) + ("Item" in parsed)

    events.register("after-call.dynamodb", count)
    try:
        yield counts
    finally:
        events.unregister("after-call.dynamodb", count)


@pytest.mark.parametrize(
    ("parameters", "shown", "requests", "items"),
    [
        ({}, 25, 2, 52),
        ({"sort": "created_at", "q": "van"}, 25, 2, 200),
        ({"scope": "all"}, 25, 2, 52),
        ({"scope": "all", "sort": "created_at"}, 25, 4, 700),
        ({"scope": "all", "state": "COMPLETED", "type": "ct-csv"}, 25, 2, 326),
        ({"scope": "all", "state": "QUEUED"}, 4, 2, 8),
        ({"scope": "all", "owner_name": "user-1"}, 25, 5, 1_300),
        ({"scope": "all", "requested_from": "2026-11-23", "sort": "-size"}, 25, 3, 100),
    ],
)
def test_list_reads_the_same_however_many_exports_there_are(crowd, parameters, shown, requests, items):
    with count_reads() as counts:
        found = list_exports(crowd, USER, {"limit": "25", **parameters})["exports"]
    assert len(found) == shown
    assert counts["Query"] + counts["BatchGetItem"] <= requests
    assert counts["items"] <= items
    assert not counts["Scan"]


def test_search_for_one_export_reads_a_part_at_a_time(crowd):
    found, steps, cursor = [], 0, {}
    while True:
        with count_reads() as counts:
            answer = list_exports(crowd, USER, {"scope": "all", "q": "leeds", **cursor})
        found += ids(answer)
        steps += 1
        assert counts["Query"] <= MAX_QUERIES
        assert counts["BatchGetItem"] <= 1
        assert counts["items"] <= MAX_ENTRIES + 1
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert found == [f"export-{9_990:025}"]
    assert steps <= NUMBER / MAX_ENTRIES + 2


def test_search_of_own_exports_reads_a_part_at_a_time(crowd):
    with count_reads() as counts:
        answer = list_exports(crowd, USER, {"q": "nothing"})
    assert answer["exports"] == []
    assert counts["Query"] == counts["BatchGetItem"] == MAX_ROUNDS
    assert counts["items"] <= 2 * MAX_ROUNDS * ROUND


def test_list_too_long_to_sort_is_refused(crowd):
    wanted = {"scope": "all", "sort": "size"}
    with count_reads() as counts:
        assert_refused(400, "TOO_MANY_TO_SORT", list_exports, crowd, USER, wanted, field="sort")
    assert counts["items"] <= MAX_ENTRIES


def test_detail_is_one_request_for_a_row(crowd):
    with count_reads() as counts:
        get_export(crowd, USER, f"export-{0:025}")
    assert (counts["GetItem"], counts["Query"], counts["items"]) == (1, 0, 1)
