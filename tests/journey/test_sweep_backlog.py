"""The sweep keeps its promises however many exports were aborted."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from local.stack.service import Service

from doseexport.domain.export import make_id
from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold

MANY = 2_000
"""More than a sweep of a few seconds cleans."""
SECONDS = 13
"""Of these, a sweep begins nothing in the last ten."""
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


@pytest.fixture
def little_time(backstage: Backstage) -> Iterator[None]:
    """Give the sweep few seconds, so that few exports are a backlog."""
    client, function = backstage.client("lambda"), backstage.stack.resource("SweepExports")
    before = client.get_function_configuration(FunctionName=function)["Timeout"]
    client.update_function_configuration(FunctionName=function, Timeout=SECONDS)
    yield
    client.update_function_configuration(FunctionName=function, Timeout=before)


@pytest.mark.usefixtures("little_time")
def test_sweep_deletes_expired_file_beside_more_aborted_exports_than_it_cleans(
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
    assert backstage.sweep()["left"] > 0  # the next of those that run every minute
    assert backstage.objects(expired) == []
    assert "cleanup" not in backstage.row(expired)
