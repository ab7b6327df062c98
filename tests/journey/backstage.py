"""Internals that callers never see: table, bucket, queue, worker and database sessions."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from local.stack.service import SETTLED, Service
from local.stack.stack import Stack

from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.schedules import ScheduleRepository
from doseexport.domain.timestamps import to_text

T = TypeVar("T")
AUDIT_RETENTION = timedelta(days=1)


class Backstage:
    """The tables, the bucket, the queue, the worker and the sessions of the database."""

    def __init__(self, stack: Stack, database_url: str) -> None:
        self.stack = stack
        self.client = stack.cloud.client
        self.bucket = stack.resource("Bucket")
        self.table = stack.resource("ExportsTable")
        self.audit_table = stack.resource("AuditTable")
        self.audit = AuditRepository(self.client("dynamodb"), self.audit_table, AUDIT_RETENTION)
        self.saved_requests_table = stack.resource("SavedRequestsTable")
        self.schedules = ScheduleRepository(self.client("dynamodb"), self.saved_requests_table, self.audit)
        self.queue = stack.resource("ExportQueue")
        self.dead_letters = stack.resource("ExportDeadLetters")
        self.database_url = database_url

    def waiting(self) -> int:
        """Return the number of messages in the queue, including those in work."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)
        return sum(int(number) for number in found["Attributes"].values())

    def states(self) -> dict[str, str]:
        """Return the state of every export, and the active exports of every owner."""
        pages = (
            self.client("dynamodb").get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        )
        rows = [row for page in pages for row in page["Items"]]
        return {row["pk"]["S"]: str(row.get("status", row.get("active"))) for row in rows}

    def count_active(self) -> dict[str, int]:
        """Return the number of active exports of each owner."""
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.table, ConsistentRead=True, FilterExpression="attribute_exists(active)")
        )
        return {row["pk"]["S"]: len(row["active"]["SS"]) for page in pages for row in page["Items"]}

    def row(self, export_id: str) -> dict[str, Any]:
        key = {"pk": {"S": f"EXPORT#{export_id}"}}
        found = self.client("dynamodb").get_item(TableName=self.table, Key=key, ConsistentRead=True)
        item: dict[str, Any] = found["Item"]
        return item

    def objects(self, export_id: str) -> list[str]:
        """Return the keys of the objects and unfinished uploads of an export."""
        where = {"Bucket": self.bucket, "Prefix": f"exports/{export_id}/"}
        objects = self.client("s3").list_objects_v2(**where).get("Contents", [])
        uploads = self.client("s3").list_multipart_uploads(**where).get("Uploads", [])
        return [found["Key"] for found in (*objects, *uploads)]

    def send(self, export_id: str, attempt: int) -> None:
        body = json.dumps({"export_id": export_id, "attempt": attempt})
        self.client("sqs").send_message(QueueUrl=self.queue, MessageBody=body)

    def end_lease(self, export_id: str) -> None:
        """End the lease now, so that a test need not wait two minutes for a dead worker's lease."""
        self.client("dynamodb").update_item(
            TableName=self.table,
            Key={"pk": {"S": f"EXPORT#{export_id}"}},
            UpdateExpression="SET lease_until = :past",
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
        )

    def age(self, export_id: str, by: timedelta) -> None:
        """Move the end of the export and the expiry of its file back by this time."""
        ends = {name: self.row(export_id)[name]["S"] for name in ("finished_at", "expires_at")}
        earlier = {name: to_text(datetime.fromisoformat(when) - by) for name, when in ends.items()}
        self.client("dynamodb").update_item(
            TableName=self.table,
            Key={"pk": {"S": f"EXPORT#{export_id}"}},
            UpdateExpression="SET finished_at = :finished_at, expires_at = :expires_at",
            ExpressionAttributeValues={f":{name}": {"S": when} for name, when in earlier.items()},
        )

    def workers(self) -> list[int]:
        """Return the live processes of the worker."""
        return [process for process in self.stack.workers("RunExport") if Path(f"/proc/{process}").exists()]

    def kill_workers(self) -> None:
        for process in self.workers():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        until(lambda: not [process for process in self.workers() if not is_zombie(process)])

    def temporary_files(self) -> list[str]:
        """Return the deleted files that a worker still has open."""
        found = []
        for process in self.workers():
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with suppress(FileNotFoundError):
                    found.append(str(descriptor.readlink()))
        return [name for name in found if name.endswith(" (deleted)") and "/tmp/" in name]

    def take_over(self, export_id: str) -> None:
        """End the lease and run the sweep, again if a heartbeat has renewed the lease in between."""

        def read_attempt() -> tuple[str, bool]:
            row = self.row(export_id)
            return row["attempt"]["N"], row["status"]["S"] in SETTLED

        def look() -> bool:
            self.end_lease(export_id)
            self.sweep()
            return read_attempt() != before

        before = read_attempt()
        until(look)

    def sweep_until_settled(self, service: Service, export_id: str, seconds: float = 60) -> Any:
        """Sweep without pauses until the export is finished, and return it."""

        def look() -> Any:
            self.sweep()
            export = service.get(export_id)
            if export["state"] == "QUEUED" and export["attempt"] > 1:
                self.send(export_id, export["attempt"])
            return export if export["state"] in SETTLED else None

        return until(look, seconds)

    def sweep(self) -> dict[str, int]:
        """Run the sweep now, besides its run every minute, and return how often it did each thing."""
        reply = self.client("lambda").invoke(FunctionName=self.stack.resource("SweepExports"), Payload=b"{}")
        answer = reply["Payload"].read().decode()
        assert "FunctionError" not in reply, answer
        counts: dict[str, int] = json.loads(answer)
        return counts

    def queries(self, export_id: str) -> int:
        """Return the number of database sessions of an export that run a query."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND state = 'active'",
                [f"doseexport:{export_id}"],
            ).fetchone()
        assert found is not None
        return int(found[0])


def is_zombie(process: int) -> bool:
    """Whether a process has ended and its status was not read yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):  # the latter if it ends between opening and reading
        return True


def in_the_middle(service: Service, export_id: str) -> Any:
    """Return an export as soon as some of its studies are written. Fail if it ends before that is seen."""

    def look() -> Any:
        export = service.get(export_id)
        assert export["state"] in {"QUEUED", "RUNNING"}, f"it ended before it was seen at work: {export}"
        return export if export["studies_done"] else None

    return until(look, seconds=60)


def until(look: Callable[[], T], seconds: float = 15) -> T:
    """Call `look` until its result is true, and return the result. Fail after `seconds`.

    The longer the wait, the longer the pauses: a look takes most of a processor that the service needs.
    """
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds:
        if found := look():
            return found
        time.sleep(min(0.05 + waited / 20, 0.5))
    raise AssertionError(f"nothing came within {seconds:g} s")
