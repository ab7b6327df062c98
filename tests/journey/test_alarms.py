"""When exports fail, an engineer hears of it: the worker's log holds the metrics, and alarms watch them."""

import json
from urllib.parse import urlsplit

from local.stack.service import Service
from local.stack.stack import Stack

from tests.alarms import is_breached
from tests.emf import read_lines
from tests.journey.backstage import until
from tests.journey.conftest import PointWorker


def read_metrics(stack: Stack, export_id: str) -> dict[str, float]:
    """The metrics of an export in the worker's log."""
    log = (stack.logs / f"{stack.resource('RunExport')}.log").read_text()
    lines = [line for line in read_lines(log) if line["export_id"] == export_id]
    return {
        metric["Name"]: line[metric["Name"]][0]
        for line in lines
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def find_fault(stack: Stack, export_id: str) -> float:
    """The metric that the worker writes once the row says that the export has failed."""
    until(lambda: "ExportFaults" in read_metrics(stack, export_id))
    return read_metrics(stack, export_id)["ExportFaults"]


def test_wrong_password_rings_the_alarm_of_failing_exports(
    stack: Stack, physicist: Service, sample_url: str, worker_reads: PointWorker
) -> None:
    found = urlsplit(sample_url)
    worker_reads(found._replace(netloc=f"{found.username}:wrong@{found.hostname}:{found.port}").geturl())
    failed = [physicist.wait(physicist.request_export(type="ct-csv").json["id"]) for _ in range(3)]
    assert {export["error"]["code"] for export in failed} == {"DATABASE_REFUSED"}
    faults = [find_fault(stack, str(export["id"])) for export in failed]
    assert faults == [1, 1, 1]
    share, count = (describe_alarm(stack, f"ExportFault{which}Alarm") for which in ("Share", "s"))
    assert is_breached(share, faults[:1])
    assert is_breached(count, faults)


def describe_alarm(stack: Stack, name: str) -> dict[str, object]:
    """An alarm as it is deployed, on the metric that the worker writes."""
    client = stack.cloud.client("cloudwatch")
    (alarm,) = client.describe_alarms(AlarmNames=[stack.resource(name)])["MetricAlarms"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("DoseExport/doseexport", "ExportFaults")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "doseexport"}]
    return dict(alarm)


def test_one_id_leads_from_the_request_to_its_worker(stack: Stack, physicist: Service) -> None:
    export = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    wanted = {"http", "attempt_started", "attempt_ended"}
    until(lambda: {line["message"] for line in find_lines(stack, str(export["id"]))} >= wanted)
    assert len({line["correlation_id"] for line in find_lines(stack, str(export["id"]))}) == 1


def find_lines(stack: Stack, export_id: str) -> list[dict[str, str]]:
    """What the API and the worker have logged about an export, besides metrics."""
    logs = [stack.logs / f"{stack.resource(name)}.log" for name in ("RequestExport", "RunExport")]
    lines = [line for log in logs for line in log.read_text().splitlines() if export_id in line]
    return [json.loads(line) for line in lines if '"message"' in line]


def test_dashboard_is_deployed_with_the_names_of_the_stack(stack: Stack) -> None:
    client = stack.cloud.client("cloudwatch")
    body = client.get_dashboard(DashboardName=stack.resource("Dashboard"))["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    assert "${" not in body
    assert ["DoseExport/doseexport", "ExportsCompleted", "service", "doseexport"] in [
        metric for widget in widgets for metric in widget["properties"].get("metrics", [])
    ]
