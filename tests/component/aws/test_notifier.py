"""Audit entries go from the stream to the bus and the topic, in order, and again from one that failed."""

import importlib.util
import json
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from doseexport.aws.dynamodb.audit_rows import new_entry_row
from doseexport.aws.dynamodb.table import pack
from doseexport.aws.notifier import Notifier
from doseexport.domain.audit import make_first_rows_entry
from doseexport.domain.request import ExportRequest
from tests.fakes import NOW, PIA
from tests.invocation import CONTEXT

REPOSITORY = Path(__file__).resolve().parents[3]
RECORDS = json.loads((REPOSITORY / "events/send_notifications.json").read_text())["Records"]
REGION = "eu-west-2"
PAGE = "https://page.example"


@pytest.fixture
def world(monkeypatch):
    """A bus, and a topic with a queue that listens."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield World()


class Bus:
    """A bus that records what it receives; journey/test_notifications.py listens to a whole one."""

    def __init__(self, refused=0):
        self.heard = []
        self._refused = refused

    def put_events(self, Entries):  # noqa: N803  boto3's name
        self.heard += [{**entry, "Detail": json.loads(entry["Detail"])} for entry in Entries]
        return {"FailedEntryCount": self._refused}


class World:
    def __init__(self):
        self.bus = Bus()
        self.sns, self.sqs = boto3.client("sns", region_name=REGION), boto3.client("sqs", region_name=REGION)
        self.topic = self.sns.create_topic(Name="notifications")["TopicArn"]
        self._queue = self.sqs.create_queue(QueueName="mailed")["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=found["Attributes"]["QueueArn"])

    def send(self, records, bus=None):
        return Notifier(bus or self.bus, self.sns, "audits", self.topic, PAGE).send_all(records)

    def take_mails(self):
        found = self.sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


def test_notifier_sends_no_entry_that_was_restored(world):
    restored = deepcopy(RECORDS)
    for record in restored:
        record["dynamodb"]["NewImage"]["restored_at"] = {"S": "2026-11-28T00:00:00Z"}
    assert world.send(restored) is None
    assert (world.bus.heard, world.take_mails()) == ([], [])


def test_notifier_sends_no_entry_about_first_rows(world):
    entry = make_first_rows_entry(ExportRequest("ct-csv", include_names=True), NOW, PIA)
    shown = deepcopy(RECORDS[0])
    shown["dynamodb"]["NewImage"] = pack(new_entry_row(entry, timedelta(days=1)))
    assert world.send([shown]) is None
    assert (world.bus.heard, world.take_mails()) == ([], [])


def test_notifier_sends_each_entry_as_event_and_mails_the_end(world):
    assert world.send(RECORDS) is None
    requested, completed = world.bus.heard
    assert [event["DetailType"] for event in (requested, completed)] == [
        "Export requested",
        "Export completed",
    ]
    assert {(event["Source"], event["EventBusName"]) for event in (requested, completed)} == {
        ("doseexport", "audits")
    }
    assert requested["Detail"]["by"] == "ada-sub"
    assert completed["Detail"]["file"]["studies"] == 6500
    assert completed["Time"].isoformat() == "2026-11-23T11:31:00+00:00"
    assert [event["Detail"]["notification_id"] for event in (requested, completed)] == [
        one["eventID"] for one in RECORDS
    ]
    (mail,) = world.take_mails()
    assert mail["Subject"] == "Dose export completed"
    assert f"{PAGE}/#exports" in mail["Message"]
    assert "0000000" not in f"{world.bus.heard}{mail}"


def test_notifier_ignores_removals_by_time_to_live(world):
    removed = deepcopy(RECORDS[0])
    removed["eventName"] = "REMOVE"
    assert world.send([removed]) is None
    assert world.bus.heard == []


def test_notifier_ignores_retention(world):
    changed = deepcopy(RECORDS[0])
    image = changed["dynamodb"]["NewImage"]
    del image["request"]
    image |= {
        "event": {"S": "retention_changed"},
        "retention": {"M": {"days": {"N": "7"}, "until": {"NULL": True}}},
    }
    assert world.send([changed, RECORDS[1]]) is None
    assert [event["DetailType"] for event in world.bus.heard] == ["Export completed"]


def test_notifier_returns_first_unsent_entry_to_the_stream(world, caplog):
    broken = deepcopy(RECORDS[0])
    broken["dynamodb"]["NewImage"]["event"] = {"S": "Zyx^Patient"}
    broken["dynamodb"]["SequenceNumber"] = "7"
    assert world.send([RECORDS[0], broken, RECORDS[1]]) == "7"
    assert [event["DetailType"] for event in world.bus.heard] == ["Export requested"]
    (line,) = [record for record in caplog.records if record.message == "notification_failed"]
    assert "Zyx" not in str(vars(line))


def test_notifier_skips_event_that_the_bus_refuses(world):
    assert world.send(RECORDS, Bus(refused=1)) == RECORDS[0]["dynamodb"]["SequenceNumber"]
    assert world.take_mails() == []


def test_notifier_handler_reports_where_to_resume(world, monkeypatch):
    for name, value in {"EVENT_BUS": "default", "TOPIC_ARN": world.topic, "APP_URL": PAGE}.items():
        monkeypatch.setenv(name, value)
    handler = load_handler()
    assert handler({"Records": RECORDS}, CONTEXT) == {"batchItemFailures": []}
    broken = deepcopy(RECORDS[1])
    del broken["dynamodb"]["NewImage"]["attempt"]
    number = broken["dynamodb"]["SequenceNumber"]
    assert handler({"Records": [broken]}, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": number}]}


def load_handler():
    path = REPOSITORY / "functions/send_notifications/handler.py"
    spec = importlib.util.spec_from_file_location("send_notifications", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler
