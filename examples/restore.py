"""Copy the rows of a restored table back into a table of the stack: python restore.py RESTORED TABLE.

RESTORED is what restore-table-to-point-in-time made (docs/operations.md, Restoring). Only rows that TABLE
lacks are written. With --replace, TABLE gets every row of RESTORED and loses all others. The audit trail is
only ever added to. Its entries are marked, so that nobody is notified of old events again.
"""

import datetime as dt
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import boto3

WRITERS = 16
NOW = dt.datetime.now(tz=dt.UTC).isoformat()


def read(client, table: str, **options):
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True, **options):
        yield from page["Items"]


def find_key(client, table: str) -> list[str]:
    schema = client.describe_table(TableName=table)["Table"]["KeySchema"]
    return [part["AttributeName"] for part in schema]


def prepare(row: dict, *, is_audit_trail: bool) -> dict:
    if is_audit_trail:
        return {**row, "restored_at": {"S": NOW}}
    if row["pk"]["S"].startswith("SCHEDULE#"):
        # EventBridge Scheduler may have another revision: reconcile_schedules sends this one.
        return {**row, "synced_revision": {"N": "0"}}
    return row


def write(client, table: str, row: dict, *, replace: bool) -> str:
    condition = {} if replace else {"ConditionExpression": "attribute_not_exists(pk)"}
    try:
        client.put_item(TableName=table, Item=row, **condition)
    except client.exceptions.ConditionalCheckFailedException:
        return "left as they are"
    return "written"


def remove(client, table: str, row: dict, kept: set[str]) -> str:
    if row["pk"]["S"] in kept:
        return "replaced"
    client.delete_item(TableName=table, Key=row)
    return "deleted"


def restore(client, source: str, table: str, *, replace: bool) -> Counter:
    """Return how many rows were written, left as they are, and deleted. No row is ever printed."""
    key = find_key(client, table)
    is_audit_trail = "sk" in key
    if source == table or find_key(client, source) != key:
        sys.exit("These are not a table and its restored copy.")
    if is_audit_trail and replace:
        sys.exit("The audit trail is only added to. Leave out --replace.")
    done: Counter = Counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        rows = [prepare(row, is_audit_trail=is_audit_trail) for row in read(client, source)]
        done.update(pool.map(lambda row: write(client, table, row, replace=replace), rows))
        if replace:
            kept = {row["pk"]["S"] for row in rows}
            keys = list(read(client, table, ProjectionExpression="pk"))
            done.update(pool.map(lambda row: remove(client, table, row, kept), keys))
    del done["replaced"]
    return done


def main() -> None:
    tables = [each for each in sys.argv[1:] if each != "--replace"]
    if len(tables) != 2:
        sys.exit(__doc__)
    counts = restore(boto3.client("dynamodb"), *tables, replace="--replace" in sys.argv)
    print(", ".join(f"{count} rows {what}" for what, count in sorted(counts.items())) or "nothing to do")


if __name__ == "__main__":
    main()
