"""Read and write the rows of a DynamoDB table: values, names and conflicts.

In an expression every attribute is written `#name` and every value `:name`. The maps of names and values that
DynamoDB requires are made from the expression.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doseexport.aws.clients import ClientError, find_error_code, make_translators

Row = dict[str, Any]
BATCH = 100
"""The most rows that DynamoDB reads in one BatchGetItem."""
RETRY_DELAYS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between the tries of a write that conflicts with another write of the same rows. They grow, so that
a short conflict costs little and a longer one can pass."""
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


@dataclass(frozen=True, slots=True)
class Change:
    """An update of one row, made only if its condition holds."""

    pk: str
    update: str
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that one row must meet for the other writes of a transaction to be made."""

    pk: str
    condition: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """The deletion of one row, made only if its condition holds."""

    pk: str
    condition: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row, refused if a row with its key exists. `table` is None for the table that writes it."""

    row: Row
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of an index, or of the table, whose key meets a condition.

    `filter` is a condition of the rows that are returned, and `limit` the most rows that are read.
    """

    index: str | None
    condition: str
    values: Mapping[str, Any]
    filter: str = ""
    limit: int | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, how many were read for it, and the key after which the next one starts."""

    rows: list[Row]
    last_key: Row | None
    read: int


Write = Change | Check | Delete | Insert


class Table:
    """One table, whose rows are read and changed by `pk`.

    Errors of DynamoDB are raised as ClientError. A condition that does not hold is not an error.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, pk: str) -> Row | None:
        """Return the row as it is now, or None."""
        answer = self._client.get_item(TableName=self._name, Key={"pk": {"S": pk}}, ConsistentRead=True)
        return unpack(answer["Item"]) if "Item" in answer else None

    def get_attributes(self, key: Mapping[str, str], names: Sequence[str]) -> Row | None:
        """Return these attributes of the row with this key as it is now, or None."""
        answer = self._client.get_item(
            TableName=self._name,
            Key=pack(key),
            ConsistentRead=True,
            ProjectionExpression=", ".join(f"#{name}" for name in names),
            ExpressionAttributeNames={f"#{name}": name for name in names},
        )
        return unpack(answer["Item"]) if "Item" in answer else None

    def get_many(self, pks: Sequence[str]) -> dict[str, Row]:
        """Return the rows that exist now, by key."""
        rows: dict[str, Row] = {}
        for start in range(0, len(pks), BATCH):
            rows |= {row["pk"]: row for row in self._get_batch(pks[start : start + BATCH])}
        return rows

    def update(self, change: Change) -> Row | None:
        """Make one change and return the row after it. Return None if the condition did not hold."""
        try:
            answer = _retry_conflicts(
                lambda: self._client.update_item(**self._pack_change(change), ReturnValues="ALL_NEW")
            )
        except ClientError as error:
            if find_error_code(error) == "ConditionalCheckFailedException":
                return None
            raise
        return unpack(answer["Attributes"])

    def write_together(self, *writes: Write) -> bool:
        """Make all the writes or none. Return False if a condition did not hold."""
        items = [self._pack_write(write) for write in writes]
        try:
            _retry_conflicts(lambda: self._client.transact_write_items(TransactItems=items))
        except ClientError as error:
            if "ConditionalCheckFailed" in _reasons(error):
                return False
            raise
        return True

    def query(
        self,
        index: str | None,
        condition: str,
        values: Mapping[str, Any],
        after: Row | None,
        *,
        newest_first: bool,
    ) -> Iterator[list[Row]]:
        """Yield pages of an index's keys, or of the table's rows, starting after the key `after`."""
        wanted = Query(index, condition, values, newest_first=newest_first)
        while True:
            page = self.query_page(wanted, after)
            yield page.rows
            after = page.last_key
            if not after:
                return

    def query_page(self, wanted: Query, after: Row | None = None) -> Page:
        """Read one page of a query, starting after the key `after`. This is one request to DynamoDB."""
        answer = self._client.query(
            TableName=self._name,
            **({"IndexName": wanted.index} if wanted.index else {"ConsistentRead": True}),
            KeyConditionExpression=wanted.condition,
            ScanIndexForward=not wanted.newest_first,
            **({"FilterExpression": wanted.filter} if wanted.filter else {}),
            **({"Limit": wanted.limit} if wanted.limit else {}),
            **_placeholders(f"{wanted.condition} {wanted.filter}", wanted.values),
            **({"ExclusiveStartKey": pack(after)} if after else {}),
        )
        last_key = answer.get("LastEvaluatedKey")
        rows = [unpack(item) for item in answer["Items"]]
        return Page(rows, unpack(last_key) if last_key else None, answer["ScannedCount"])

    def _get_batch(self, pks: Sequence[str]) -> Iterator[Row]:
        wanted: Any = {self._name: {"Keys": [{"pk": {"S": pk}} for pk in pks], "ConsistentRead": True}}
        for pause in (*RETRY_DELAYS, None):
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from map(unpack, answer["Responses"].get(self._name, []))
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return
            time.sleep(pause or 0)
        raise TimeoutError("DynamoDB left keys unprocessed")

    def _pack_write(self, write: Write) -> Row:
        if isinstance(write, Change):
            return {"Update": self._pack_change(write)}
        if isinstance(write, Check):
            return {"ConditionCheck": self._pack_check(write)}
        if isinstance(write, Delete):
            return {"Delete": self._pack_check(write)}
        return {
            "Put": {
                "TableName": write.table or self._name,
                "Item": pack(write.row),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _pack_check(self, check: Check | Delete) -> Row:
        return {
            "TableName": self._name,
            "Key": {"pk": {"S": check.pk}},
            "ConditionExpression": check.condition,
            **_placeholders(check.condition, check.values),
        }

    def _pack_change(self, change: Change) -> Row:
        return {
            "TableName": self._name,
            "Key": {"pk": {"S": change.pk}},
            "UpdateExpression": change.update,
            **({"ConditionExpression": change.condition} if change.condition else {}),
            **_placeholders(change.update + " " + change.condition, change.values),
        }


def _placeholders(expression: str, values: Mapping[str, Any]) -> Row:
    """Return the names and values that an expression uses. DynamoDB refuses any that it does not use."""
    names = {f"#{name}": name for name in re.findall(r"#(\w+)", expression)}
    used = {f":{name}": values[name] for name in re.findall(r":(\w+)", expression)}
    packed = {"ExpressionAttributeValues": pack(used)} if used else {}
    return {"ExpressionAttributeNames": names, **packed}


def _retry_conflicts(write: Callable[[], Any]) -> Any:
    """Make a write, repeating it while it conflicts with another write of the same rows."""
    for pause in RETRY_DELAYS:
        try:
            return write()
        except ClientError as error:
            if not _is_conflict(error):
                raise
        time.sleep(pause)
    return write()


def _is_conflict(error: ClientError) -> bool:
    if find_error_code(error) == "TransactionConflictException":
        return True
    reasons = set(_reasons(error)) - {"None"}
    return bool(reasons) and reasons <= _PASSING


def _reasons(error: ClientError) -> list[str]:
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def pack(row: Mapping[str, Any]) -> Row:
    """Return a row as an item of DynamoDB's JSON."""
    serialize, _ = make_translators()
    return {name: serialize(value) for name, value in row.items()}


def unpack(item: Mapping[str, Any]) -> Row:
    """Return an item of DynamoDB's JSON, or a stream's image of one, as a row."""
    _, deserialize = make_translators()
    return {name: deserialize(value) for name, value in item.items()}
