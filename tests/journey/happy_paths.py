"""Run each function once with its own role, so that every action of its policy is needed."""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from local.stack import users
from local.stack.service import fetch

from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.aws.dynamodb.audit_rows import new_entry_row
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.presets import PresetRepository
from doseexport.aws.dynamodb.schemas import KEY, SchemaRepository
from doseexport.aws.dynamodb.table import pack
from doseexport.catalogue.schema import make_schema_without
from doseexport.domain.audit import AuditEvent, make_completion_entry
from doseexport.domain.export import Export, Result, State, make_export, make_id
from doseexport.domain.preset import Preset, make_preset
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller
from doseexport.domain.schedule import Schedule
from doseexport.domain.schedule_terms import parse_terms
from doseexport.errors import DoseExportError
from tests.fakes import ADA
from tests.invocation import CONTEXT
from tests.journey.backstage import AUDIT_RETENTION, Backstage
from tests.journey.role import Role

ROOT = Path(__file__).resolve().parents[2]
NOTHING = {"date_from": "2199-01-01"}


class Scene:
    """Exports, presets and schedules that a test needs, created with all rights and deleted afterwards."""

    def __init__(self, backstage: Backstage) -> None:
        self.backstage = backstage
        self.s3 = backstage.client("s3")
        self.sqs = backstage.client("sqs")
        self.exports = ExportRepository(backstage.client("dynamodb"), backstage.table, backstage.audit)
        self.presets = PresetRepository(backstage.client("dynamodb"), backstage.saved_requests_table)
        self.keys: set[str] = set()
        self.saved: set[str] = set()

    @cached_property
    def owner(self) -> Caller:
        """A user in the pool who is a member of exportgroup and has a verified address."""
        name = f"owner-{secrets.token_hex(4)}"
        user = users.create(self.backstage.stack, name, users.EXPORT, has_mail=True)
        pool = self.backstage.stack.resource("UserPool")
        found = self.backstage.client("cognito-idp").admin_get_user(UserPoolId=pool, Username=user.name)
        (sub,) = [each["Value"] for each in found["UserAttributes"] if each["Name"] == "sub"]
        return Caller(sub, user.name, frozenset({users.EXPORT}))

    def request_export(
        self,
        age: timedelta = timedelta(0),
        options: Mapping[str, str] | None = None,
        owner: Caller | None = None,
        **filters: str,
    ) -> Export:
        """Return a new export of somebody, or of an owner who wants a mail at its end."""
        now = datetime.now(UTC) - age
        by = owner or replace(ADA, id=f"scene-{secrets.token_hex(4)}")
        wanted = ExportRequest("ct-csv", filters, options=options or {}, send_mail=owner is not None)
        new = make_export(make_id(by.id, None), by.id, by.name, wanted, now)
        export = self.exports.create(new, limit=100)
        assert export is not None
        self.keys |= {f"EXPORT#{export.id}", f"OWNER#{by.id}"}
        return export

    def finish(self) -> Export:
        """Return a completed export with its file and an unfinished upload of a lost attempt."""
        export = self.request_export()
        now = datetime.now(UTC)
        key = f"exports/{export.id}/1/ct.csv"
        self.s3.put_object(Bucket=self.backstage.bucket, Key=key, Body=b"x")
        upload = self.s3.create_multipart_upload(Bucket=self.backstage.bucket, Key=key)["UploadId"]
        self.s3.upload_part(Bucket=self.backstage.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"x")
        assert self.exports.claim(export.id, 1, now)
        assert self.exports.complete(
            export.id, 1, Result(key, "ct.csv", 1, "0" * 64, 1, 1), now, timedelta(days=1)
        )
        return export

    def clear(self) -> None:
        """Delete the rows, and empty the queue."""
        backstage = self.backstage
        made = {backstage.table: self.keys, backstage.saved_requests_table: self.saved}
        deletions = {
            table: [{"DeleteRequest": {"Key": {"pk": {"S": key}}}} for key in keys]
            for table, keys in made.items()
            if keys
        }
        if deletions:
            left = backstage.client("dynamodb").batch_write_item(RequestItems=deletions)
            assert not left["UnprocessedItems"]
        self.keys.clear()
        self.saved.clear()
        self.sqs.purge_queue(QueueUrl=self.backstage.queue)


def request(role: Role, scene: Scene) -> None:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    caller = role.sign_in()
    scene.keys.add(f"OWNER#{caller.id}")
    first = caller.call("POST", "/exports", {"type": "ct-csv"}, key)
    again = caller.call("POST", "/exports", {"type": "ct-csv"}, key)
    scene.keys.add(f"EXPORT#{first.json.get('id')}")
    assert (first.status, again.status) == (202, 202)
    assert scene.exports.load(first.json["id"]).sends == 2  # type: ignore[union-attr]
    preset = add_preset(scene)
    made = caller.call("POST", "/exports", {"preset": preset.id})
    scene.keys.add(f"EXPORT#{made.json.get('id')}")
    assert (made.status, made.json["filters"]) == (202, preset.request.filters)
    schedule = plan(scene, Caller(caller.id, "ada", frozenset()))
    now = caller.call("POST", f"/schedules/{schedule.id}/run")
    scene.keys.add(f"EXPORT#{now.json.get('id')}")
    assert now.status == 202


def list_types(role: Role, scene: Scene) -> None:
    SchemaRepository(scene.backstage.client("dynamodb"), scene.backstage.table).record(
        make_schema_without(["nuclear medicine"]), datetime.now(UTC)
    )
    scene.keys.add(KEY)
    answer = role.sign_in().call("GET", "/export-types")
    assert answer.status == 200
    assert "NM" not in [each["name"] for each in answer.json["modalities"]]


def show_list(role: Role, scene: Scene) -> None:
    export = scene.request_export(patient_name="Secret")
    assert role.sign_in().call("GET", "/exports").status == 200
    assert role.sign_in().call("GET", "/exports?state=RUNNING").status == 200
    listed = role.sign_in().call("GET", "/exports?scope=all&limit=1")
    assert [one["id"] for one in listed.json["exports"]] == [export.id]


def show(role: Role, scene: Scene) -> None:
    assert (
        role.sign_in().call("GET", f"/exports/{scene.request_export(patient_name='Secret').id}").status == 200
    )


def abort(role: Role, scene: Scene) -> None:
    answer = role.sign_in().call("POST", f"/exports/{scene.request_export().id}/abort")
    assert answer.json["state"] == "ABORTED"


def download(role: Role, scene: Scene) -> None:
    answer = role.sign_in().call("POST", f"/exports/{scene.finish().id}/download")
    file = fetch(answer.json["url"])
    if b"AccessDenied" in file.body:
        role.denied.append("s3:GetObject")
    assert (file.status, file.body) == (200, b"x")


def delete(role: Role, scene: Scene) -> None:
    export = scene.finish()
    assert role.sign_in().call("DELETE", f"/exports/{export.id}").status == 204
    assert scene.backstage.objects(export.id) == []


def show_audit_trail(role: Role, scene: Scene) -> None:
    named = scene.request_export(patient_name="Secret")
    assert role.sign_in().call("GET", f"/exports/{named.id}/audit-trail").status == 200
    answer = role.sign_in().call("GET", f"/exports/{scene.finish().id}/audit-trail")
    assert {entry["event"] for entry in answer.json["entries"]} == {"requested", "started", "completed"}


def add_preset(scene: Scene) -> Preset:
    """Create a shared preset of another user."""
    fields = {"name": "x", "request": ExportRequest("ct-csv", NOTHING), "shared": True}
    preset = make_preset(make_id("", None), replace(ADA, id=secrets.token_hex(4)), fields, datetime.now(UTC))
    assert scene.presets.create(preset, limit=5)
    return preset


def manage_presets(role: Role, scene: Scene) -> None:
    caller, shared = role.sign_in(), add_preset(scene)
    mine = caller.call("POST", "/presets", {"name": "y", "request": {"type": "ct-csv"}}).json["id"]
    listed = caller.call("GET", "/presets").json["presets"]
    assert {mine, shared.id} <= {preset["id"] for preset in listed}
    assert caller.call("PATCH", f"/presets/{mine}", {"shared": True}).json["shared"]
    assert caller.call("DELETE", f"/presets/{mine}").status == 204
    assert caller.call("GET", f"/presets/{mine}").status == 404


def set_retention(role: Role, scene: Scene) -> None:
    export = scene.finish()
    answer = role.sign_in().call("PATCH", f"/exports/{export.id}", {"retention_days": 2})
    assert (answer.status, answer.json["retention_days"]) == (200, 2)


def show_usage(role: Role, scene: Scene) -> None:
    export = scene.finish()
    answer = role.sign_in().call("GET", "/usage")
    assert (answer.status, answer.json["complete"]) == (200, True)
    assert isinstance(answer.json["first_rows"], list)
    (one,) = [each for each in answer.json["users"] if each["user"]["id"] == export.owner]
    assert (one["requested"], one["bytes_retained"]) == (1, 1)


def preview(role: Role, _: Scene) -> None:
    answer = role.sign_in().call("POST", "/exports/preview", {"type": "ct-csv"})
    assert (answer.status, answer.json["studies"] > 0) == (200, True)
    answer = role.sign_in().call("GET", "/suggestions?type=ct-csv&filter=display_name&q=a")
    assert (answer.status, len(answer.json["values"]) > 0) == (200, True)
    named = {"type": "ct-csv", "include_names": True}
    answer = role.sign_in().call("POST", "/exports/preview/rows", named)
    assert (answer.status, len(answer.json["tables"])) == (200, 1)


def run(role: Role, scene: Scene) -> None:
    """Run an export that completes, one that fails before its first part, and one aborted on completion.

    The second is the first one of a project, whose key it makes.
    """
    project = {"pseudonyms": f"p-{secrets.token_hex(4)}", "dates": "month"}
    with role.assumed() as services:
        whole, late = scene.request_export(), scene.request_export()
        empty = scene.request_export(options=project, **NOTHING)
        for export in (whole, empty):
            role.load("run_export")(message(export), CONTEXT)
        losing = replace(services, exports=Loser(role.session.client("dynamodb"), scene))
        role.load("run_export", losing)(message(late), CONTEXT)
        _poll(role, scene)
        _give_back(role, scene)
    loaded = [scene.exports.load(export.id) for export in (whole, empty, late)]
    states = [export.state for export in loaded]  # type: ignore[union-attr]
    assert states == [State.COMPLETED, State.FAILED, State.ABORTED]
    assert loaded[1].failure.code == "NO_STUDIES"  # type: ignore[union-attr]
    assert [len(scene.backstage.objects(export.id)) for export in (whole, empty, late)] == [2, 0, 0]


class Loser(ExportRepository):
    """A repository in which a user aborts the export just before its file is published."""

    def __init__(self, client: Any, scene: Scene) -> None:
        audit = AuditRepository(client, scene.backstage.audit_table, AUDIT_RETENTION)
        super().__init__(client, scene.backstage.table, audit)
        self._scene = scene

    def complete(self, export_id: str, *rest: Any) -> bool:
        self._scene.exports.request_abort(export_id, ADA, datetime.now(UTC))
        return super().complete(export_id, *rest)


def message(export: Export) -> dict[str, Any]:
    return {"Records": [{"body": json.dumps({"export_id": export.id, "attempt": 1})}]}


def _poll(role: Role, scene: Scene) -> None:
    """Call what Lambda's poller calls with the function's role: AWS documents these three actions."""
    sqs, queue = role.session.client("sqs"), scene.backstage.queue
    scene.sqs.send_message(QueueUrl=queue, MessageBody="{}")
    found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=found[0]["ReceiptHandle"])
    sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])


def _give_back(role: Role, scene: Scene) -> None:
    """Check that an unreadable message returns to the queue at once."""
    queue = scene.backstage.queue
    scene.sqs.purge_queue(QueueUrl=queue)
    scene.sqs.send_message(QueueUrl=queue, MessageBody="not ours")
    (found,) = scene.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    record = {"body": found["Body"], "receiptHandle": found["ReceiptHandle"]}
    with suppress(DoseExportError):
        role.load("run_export")({"Records": [record]}, CONTEXT)
    assert len(scene.sqs.receive_message(QueueUrl=queue).get("Messages", [])) == 1


def sweep(role: Role, scene: Scene) -> None:
    """Sweep a deleted export that has a file, one that no worker has taken, and one with a lost worker."""
    scene.sqs.purge_queue(QueueUrl=scene.backstage.queue)
    deleted, waiting = scene.finish(), scene.request_export(timedelta(minutes=30))
    assert scene.exports.delete(deleted.id, ADA, datetime.now(UTC))
    assert scene.exports.mark_sent(waiting.id, 1, datetime.now(UTC) - timedelta(minutes=20))
    lost = scene.request_export()
    assert scene.exports.claim(lost.id, 1, datetime.now(UTC) - timedelta(minutes=2))
    with role.assumed():
        role.load("sweep_exports")({}, CONTEXT)
    assert scene.backstage.objects(deleted.id) == []
    assert scene.exports.load(waiting.id).sends == 2  # type: ignore[union-attr]
    assert scene.exports.load(lost.id).attempt == 2  # type: ignore[union-attr]


def send_notifications(role: Role, scene: Scene) -> None:
    """Send a request and a completion, then a dead letter as Lambda does with the role on failure."""
    event = json.loads((ROOT / "events/send_notifications.json").read_text())
    with role.assumed():
        assert role.load("send_notifications")(event, CONTEXT) == {"batchItemFailures": []}
        queue = scene.backstage.stack.resource("NotificationDeadLetters")
        role.session.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    scene.sqs.purge_queue(QueueUrl=queue)


def mail_owners(role: Role, scene: Scene) -> None:
    """Mail an owner who requested it, then send a dead letter as Lambda does with the role on failure.

    The completion is in no table, so that the stack's own function does not mail it.
    """
    stack, before = scene.backstage.stack, len(users.read_mail(scene.backstage.stack, scene.owner.name))
    export = scene.request_export(owner=scene.owner)
    result = Result("x", "ct.csv", 1, "0" * 64, 1, 1)
    entry = make_completion_entry(export.id, 1, datetime.now(UTC), result)
    image = pack(new_entry_row(entry, AUDIT_RETENTION))
    with role.assumed():
        event = {"Records": [{"dynamodb": {"NewImage": image, "SequenceNumber": "1"}}]}
        assert role.load("mail_owners")(event, CONTEXT) == {"batchItemFailures": []}
        queue = stack.resource("NotificationDeadLetters")
        role.session.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    scene.sqs.purge_queue(QueueUrl=queue)
    assert len(users.read_mail(stack, scene.owner.name)) == before + 1
    assert AuditEvent.MAIL_SENT in [each.event for each in scene.backstage.audit.read(export.id)]


WEEKLY = {"name": "Weekly", "type": "ct-csv", "expression": "rate(7 days)", "filters": NOTHING}


def plan(scene: Scene, owner: Caller, due: datetime | None = None) -> Schedule:
    """Create a schedule that is unknown to EventBridge Scheduler. With `due` it is due then."""
    made = (due or datetime.now(UTC)).replace(second=0, microsecond=0) - timedelta(days=7)
    terms = parse_terms(WEEKLY, made, ZoneInfo("UTC"), may_see_patients=False)
    schedule = Schedule(make_id(owner.id, None), owner.id, owner.name, made, terms, handled_until=made)
    assert scene.backstage.schedules.create(schedule, limit=100)
    scene.saved |= {f"SCHEDULE#{schedule.id}", f"OWNER#{owner.id}"}
    occurrence = schedule.plan_occurrence(made + timedelta(days=7))
    assert occurrence is not None
    # Registered before the request: the sweep would start a worker for a row that is left over.
    scene.keys |= {f"EXPORT#{occurrence.export_id}", f"OWNER#{owner.id}"}
    return schedule


def list_schedules(role: Role, scene: Scene) -> None:
    me = role.sign_in()
    schedule = plan(scene, Caller(me.id, "me", frozenset()))
    mine, all_of_them = me.call("GET", "/schedules"), me.call("GET", "/schedules?scope=all")
    assert [one["id"] for one in mine.json["schedules"]] == [schedule.id]
    assert schedule.id in [one["id"] for one in all_of_them.json["schedules"]]
    address = f"/schedules/{schedule.id}"
    assert me.call("GET", address).status == 200
    assert me.call("GET", f"{address}/runs").json == {"runs": [], "complete": True}
    assert me.call("POST", f"{address}/preview", {"time_zone": "Europe/Paris"}).status == 200
    assert me.call("POST", "/schedules/preview", WEEKLY).status == 200


def manage_schedules(role: Role, scene: Scene) -> None:
    me = role.sign_in()
    made = me.call("POST", "/schedules", WEEKLY)
    address = f"/schedules/{made.json['id']}"
    assert scene.backstage.schedules.load(made.json["id"]).synced_revision == 1  # type: ignore[union-attr]
    assert me.call("PATCH", address, {"expression": "rate(8 days)"}).status == 200
    assert scene.backstage.schedules.load(made.json["id"]).synced_revision == 2  # type: ignore[union-attr]
    assert me.call("DELETE", address).status == 204
    assert scene.backstage.schedules.load(made.json["id"]).synced_revision == 3  # type: ignore[union-attr]


def run_schedule(role: Role, scene: Scene) -> None:
    """Run a due schedule, then send a dead letter as Lambda does with the role on failure."""
    due = datetime.now(UTC).replace(second=0, microsecond=0)
    schedule = plan(scene, scene.owner, due)
    event = {"schedule_id": schedule.id, "scheduled_at": due.isoformat()}
    with role.assumed():
        assert role.load("run_schedule")(event, CONTEXT) == {"done": "requested"}
        assert role.load("run_schedule")(event, CONTEXT) == {"done": "under_way"}
        lost = scene.backstage.stack.resource("ScheduleDeadLetters")
        role.session.client("sqs").send_message(QueueUrl=lost, MessageBody="{}")
    assert scene.backstage.schedules.load(schedule.id).open_occurrence is not None  # type: ignore[union-attr]


def reconcile_schedules(role: Role, scene: Scene) -> None:
    """Reconcile a schedule with a missed run, and a deleted one that Scheduler still has."""
    missed = plan(scene, scene.owner, datetime.now(UTC) - timedelta(minutes=20))
    gone = plan(scene, scene.owner)
    assert scene.backstage.schedules.delete(gone, datetime.now(UTC))
    with role.assumed():
        first, second = (role.load("reconcile_schedules")({}, CONTEXT) for _ in range(2))
    assert "broken" not in first | second
    assert scene.backstage.schedules.load(missed.id).open_occurrence is not None  # type: ignore[union-attr]


UNTRIED = frozenset(
    {
        "dynamodb:DescribeStream",
        "dynamodb:GetShardIterator",
        "dynamodb:GetRecords",
        "dynamodb:ListStreams",
        "sns:Publish",
        "iam:PassRole",
    }
)
"""Actions that the emulator does not restrict: streams, topics of the same account, and PassRole."""

HAPPY: dict[str, Callable[[Role, Scene], None]] = {
    "RequestExport": request,
    "ListExports": show_list,
    "GetExport": show,
    "AbortExport": abort,
    "DownloadExport": download,
    "DeleteExports": delete,
    "ShowAuditTrail": show_audit_trail,
    "ManagePresets": manage_presets,
    "SetRetention": set_retention,
    "ShowUsage": show_usage,
    "ListTypes": list_types,
    "PreviewExport": preview,
    "RunExport": run,
    "SweepExports": sweep,
    "SendNotifications": send_notifications,
    "MailOwners": mail_owners,
    "ListSchedules": list_schedules,
    "ManageSchedules": manage_schedules,
    "RunSchedule": run_schedule,
    "ReconcileSchedules": reconcile_schedules,
}
