"""A token stands for every patient: only the file contains it, no log, row or object does."""

import json
from collections.abc import Callable

import psycopg
import pytest
from local.stack.service import Service, fetch
from local.stack.stack import Stack

from tests.component import canary
from tests.journey.backstage import Backstage, until
from tests.journey.conftest import PointWorker, UserPool

REQUESTED = {"type": "ct-csv", "include_names": True, "include_ids": True, "filters": canary.FILTERS}


@pytest.fixture
def canary_url(make_database: Callable[..., str], worker_reads: PointWorker) -> str:
    url = make_database()
    canary.fill(url)
    worker_reads(url)
    return url


def test_canary_is_only_in_the_file(
    stack: Stack, people: UserPool, backstage: Backstage, canary_url: str
) -> None:
    done = people.privileged.wait(people.privileged.request_export(**REQUESTED).json["id"])
    assert done["state"] == "COMPLETED", done["error"]
    link = people.privileged.call("POST", f"/exports/{done['id']}/download").json["url"]
    assert canary.CANARY in fetch(link).body.decode()
    aborted, failed = abort_one(people.privileged, canary_url, backstage), fail_one(people, canary_url)
    seen = [show(people, one) for one in (done["id"], aborted, failed)]
    seen += [json.dumps([backstage.objects(one) for one in (done["id"], aborted, failed)])]
    assert people.privileged.call("DELETE", f"/exports/{done['id']}").status == 204
    backstage.sweep()
    seen += [json.dumps(backstage.row(done["id"]))]
    seen += [log.read_text() for log in (*stack.logs.iterdir(), stack.folder / "emulator.log")]
    assert all(any(metric in text for text in seen) for metric in ("ExportsCompleted", "ExportsFailed"))
    watched = stack.cloud.client("cloudwatch")
    seen += [watched.get_dashboard(DashboardName=stack.resource("Dashboard"))["DashboardBody"]]
    seen += [json.dumps(watched.describe_alarms(), default=str)]
    assert [text for text in seen if canary.find_traces(text)] == []
    assert sum(map(len, seen)) > canary.ENOUGH


def show(people: UserPool, export_id: str) -> str:
    """All answers about an export and its file to callers without the right to patients."""
    others = (people.physicist, people.colleague, people.admin, people.nobody)
    replies = [other.call("GET", f"/exports/{export_id}") for other in others]
    replies += [other.call("GET", "/exports?scope=all") for other in others]
    replies += [other.call("POST", f"/exports/{export_id}/download") for other in others]
    return "".join(reply.body.decode() for reply in replies)


def abort_one(service: Service, url: str, backstage: Backstage) -> str:
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE remapp_generalstudymoduleattr IN ACCESS EXCLUSIVE MODE")
        export_id: str = service.request_export(**REQUESTED).json["id"]
        until(lambda: service.get(export_id)["state"] == "RUNNING")
        service.call("POST", f"/exports/{export_id}/abort")
        assert service.wait(export_id)["state"] == "ABORTED"
    return export_id


def fail_one(people: UserPool, url: str) -> str:
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE remapp_patientmoduleattr RENAME patient_sex TO elsewhere")
    export = people.privileged.wait(people.privileged.request_export(**REQUESTED).json["id"])
    assert export["state"] == "FAILED"
    return str(export["id"])
