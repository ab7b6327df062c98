"""The sweep keeps its promises however many exports were aborted."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from local.stack.service import Service

from doseexport.domain.export import make_id
from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold

MANY = 10_000
AddAborted = Callable[[str, int], None]


@pytest.fixture
def add_aborted(backstage: Backstage) -> Iterator[AddAborted]:
    """Add copies of an aborted export that the sweep has not cleaned yet. Remove them after the test."""
    added: list[dict[str, Any]] = []

    def write(operation: str, argument: str, values: list[dict[str, Any]]) -> None:
        for start in range(0, len(values), 25):
            requests = [{operation: {argument: value}} for value in values[start : start + 25]]
            left = backstage.client("dynamodb").batch_write_item(RequestItems={backstage.table: requests})
            assert not left.get("UnprocessedItems")

    def add(export_id: str, count: int) -> None:
        row = backstage.row(export_id)
        row.pop("is_clean", None)
        for number in range(count):
            copy = make_id("backlog", str(number))
            added.append(
                row
                | {"pk": {"S": f"EXPORT#{copy}"}, "id": {"S": copy}, "owner": {"S": "backlog"}}
                | {"cleanup": {"S": "ORPHANED"}}
            )
        write("PutRequest", "Item", added)

    yield add
    write("DeleteRequest", "Key", [{"pk": row["pk"]} for row in added])


def test_sweep_deletes_expired_file_beside_ten_thousand_aborted_exports(
    physicist: Service, backstage: Backstage, database_held: Hold, add_aborted: AddAborted
) -> None:
    expired = physicist.wait(physicist.request_export(type="ct-csv").json["id"])["id"]
    with database_held():
        aborted = physicist.request_export(type="ct-csv").json["id"]
        until(lambda: backstage.queries(aborted))
        physicist.call("POST", f"/exports/{aborted}/abort")
        assert physicist.wait(aborted)["state"] == "ABORTED"
    add_aborted(aborted, MANY)
    assert backstage.objects(expired)
    backstage.age(expired, timedelta(days=400))
    backstage.sweep()  # the next of those that run every minute
    assert backstage.objects(expired) == []
    assert "cleanup" not in backstage.row(expired)
