"""Check the alarms and the dashboard: they watch what exists, reach somebody, and are calm at first."""

import json
import re

import pytest

from doseexport.aws.metrics import SERVICE, Metric
from tests.alarms import is_breached

NAMESPACE = {"Fn::Sub": "DoseExport/${AWS::StackName}"}
TOPIC = {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
# Metrics of AWS, from the documentation of each service.
AWS_METRICS = {
    "AWS/Lambda": {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "IteratorAge", "Throttles"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/RDS": {"DatabaseConnections"},
    "AWS/S3": {"BucketSizeBytes"},
    "AWS/DynamoDB": {"ConsumedWriteCapacityUnits"},
    "AWS/Logs": {"IncomingBytes"},
}
# What these watch has no data once it stops.
SILENT = {"SweepSilentAlarm", "ReconcileSchedulesSilentAlarm"}


@pytest.fixture(scope="module")
def alarms(resources):
    return {name: one["Properties"] for name, one in resources("AWS::CloudWatch::Alarm").items()}


@pytest.fixture(scope="module")
def filtered(resources):
    """The metrics that CloudWatch Logs makes from the access log."""
    found = resources("AWS::Logs::MetricFilter").values()
    return {
        one["MetricName"]
        for each in found
        for one in each["Properties"]["MetricTransformations"]
        if one["MetricNamespace"] == NAMESPACE
    }


@pytest.fixture(scope="module")
def dashboard(source):
    """The dashboard's widgets, with names instead of references, and the references."""
    text, values = source["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert values["Namespace"] == NAMESPACE
    references = set(re.findall(r"\$\{([\w:.]+)\}", text)) - set(values)
    body = re.sub(r"\$\{([\w:.]+)\}", r"\1", text)
    return json.loads(body)["widgets"], references


def _metrics(widgets):
    for widget in widgets:
        for namespace, name, *rest in widget["properties"].get("metrics", []):
            dimensions = [one for one in rest if isinstance(one, str)]
            yield namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True))


def test_alarms_notify_the_topic_at_the_start_and_at_the_end(alarms):
    assert len(alarms) > 15
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == TOPIC, name


def test_alarms_watch_metrics_that_exist(alarms, filtered, source):
    for name, alarm in alarms.items():
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
        if alarm["Namespace"] != NAMESPACE:
            assert alarm["MetricName"] in AWS_METRICS[alarm["Namespace"]], name
            (value,) = dimensions.values()
            assert (value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]) in source["Resources"], name
        elif alarm["MetricName"] in set(Metric):
            assert dimensions == {"service": SERVICE}, name
        else:
            assert alarm["MetricName"] in filtered, name
            assert dimensions == {}, name


def test_alarms_stay_calm_after_the_first_deployment(alarms):
    """Missing data starts no alarm. What is invoked no more loses its data, and that is a change too."""
    for name, alarm in alarms.items():
        if name in SILENT:
            assert alarm["TreatMissingData"] == "missing", name
            assert alarm["InsufficientDataActions"] == TOPIC, name
            assert is_breached(alarm, [0])
        else:
            assert alarm["TreatMissingData"] == "notBreaching", name
            assert "InsufficientDataActions" not in alarm, name


@pytest.mark.parametrize(
    ("name", "quiet", "ringing"),
    [
        ("ExportFaultsAlarm", [0, 1, 1], [1, 1, 0, 0, 0, 1]),
        ("ExportFaultShareAlarm", [0, 0, 1], [1]),
        ("SweepBrokenAlarm", [0, 0], [0, 1]),
        ("SweepLeftAlarm", [900, 0, 100], [900, 1, 2]),
        ("ApiErrorsAlarm", [1, 0, 1], [1, 1, 1]),
    ],
)
def test_alarm_rings_for_the_right_values(alarms, name, quiet, ringing):
    assert not is_breached(alarms[name], quiet)
    assert is_breached(alarms[name], ringing)


def test_throttled_previews_ring_an_alarm_of_their_own(source, alarms):
    log_format = source["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    assert '"lambda":"$context.integration.integrationStatus"' in log_format
    pattern = source["Resources"]["ApiErrors"]["Properties"]["FilterPattern"]
    assert pattern == '{ ($.status = "5*") && ($.lambda != "429") }'
    throttled = alarms["PreviewsThrottledAlarm"]
    assert (throttled["MetricName"], throttled["Namespace"]) == ("Throttles", "AWS/Lambda")
    assert throttled["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "PreviewExport"}}]


def test_dashboard_shows_metrics_that_exist(dashboard, filtered):
    widgets, _ = dashboard
    for namespace, name, dimensions in _metrics(widgets):
        if namespace != "Namespace":
            assert name in AWS_METRICS[namespace]
            assert dimensions
        elif name in set(Metric):
            assert dimensions == {"service": SERVICE}
        else:
            assert name in filtered


def test_dashboard_shows_every_metric_of_the_service(dashboard, filtered):
    widgets, _ = dashboard
    shown = {name for namespace, name, _ in _metrics(widgets) if namespace == "Namespace"}
    assert shown == set(Metric) | filtered


def test_dashboard_refers_to_resources_without_a_condition(dashboard, source):
    _, references = dashboard
    names = {one.partition(".")[0] for one in references} - {"AWS::Region"}
    assert [name for name in names if "Condition" in source["Resources"][name]] == []


def test_metrics_pass_every_log_level(source):
    """Lambda takes a line without a level for INFO, and drops it where only warnings are logged."""
    shared = source["Globals"]["Function"]
    assert shared["LoggingConfig"]["ApplicationLogLevel"] == {"Fn::If": ["LogsDebug", "DEBUG", "INFO"]}
    assert source["Conditions"]["LogsDebug"] == {"Fn::Equals": [{"Ref": "LogLevel"}, "DEBUG"]}
    variables = shared["Environment"]["Variables"]
    assert variables["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE
