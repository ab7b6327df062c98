"""Every function: its file, its log group, its layers, its environment, its rights."""

import json
import re

import pytest

from doseexport.actions.previews import ANSWER_SECONDS

# Managed policies that SAM attaches itself; none of them reaches data.
MANAGED = {
    "AWSLambdaBasicExecutionRole": "logs",
    "AWSXrayWriteOnlyAccess": "traces",
    "AWSLambdaVPCAccessExecutionRole": "network interfaces, of those that reach the database",
}
# What reads the dose database: it alone has psycopg, a place in the network, and the database's secret.
READERS = {"RunExport", "PreviewExport"}
# What changes exports, or gives files away, and writes into the trail that it did.
ASKERS = {"RequestExport", "RunSchedule", "ReconcileSchedules"}
# What shows exports, and writes into the trail who reads what another's export of patients asks for.
SHOWERS = {"ListExports", "GetExport", "ShowAuditTrail"}
RECORDERS = ASKERS | {
    "AbortExport",
    "DownloadExport",
    "SetRetention",
    "DeleteExports",
    "RunExport",
    "SweepExports",
}
# What tells EventBridge Scheduler of schedules.
PLACERS = {"ManageSchedules", "ReconcileSchedules"}
# The one action that is every function's own, and of no other.
ALONE = {
    "s3:GetObject": {"DownloadExport"},
    "s3:PutObject": {"RunExport"},
    "secretsmanager:GetSecretValue": READERS,
    "rds-db:connect": READERS,
    "sqs:ReceiveMessage": {"RunExport"},
    "sqs:ChangeMessageVisibility": {"RunExport"},
    "dynamodb:ConditionCheckItem": {"DownloadExport"},
    "dynamodb:PutItem": {*RECORDERS, *SHOWERS, "ManageSchedules", "ManagePresets"},
    "dynamodb:DeleteItem": {"ManagePresets"},
    "sqs:SendMessage": {*ASKERS, "SweepExports", "SendNotifications"},
    "scheduler:CreateSchedule": PLACERS,
    "scheduler:UpdateSchedule": PLACERS,
    "scheduler:DeleteSchedule": PLACERS,
    "iam:PassRole": PLACERS,
    "cognito-idp:AdminGetUser": {"RunSchedule", "ReconcileSchedules"},
    "cognito-idp:AdminListGroupsForUser": {"RunSchedule", "ReconcileSchedules"},
    "events:PutEvents": {"SendNotifications"},
    "sns:Publish": {"SendNotifications"},
    "s3:DeleteObject": {"RunExport", "DeleteExports", "SweepExports"},
}


def _statements(properties):
    for policy in properties.get("Policies", []):
        for statement in policy["Statement"]:
            yield from statement["Fn::If"][1:] if "Fn::If" in statement else [statement]


def _actions(properties):
    return {action for statement in _statements(properties) for action in statement["Action"]}


def test_every_function_has_its_handler_in_a_folder_of_its_name(root, functions):
    for name, properties in functions.items():
        folder = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        assert properties["CodeUri"] == f"functions/{folder}/"
        assert (root / properties["CodeUri"] / "handler.py").is_file(), folder


def test_no_handler_lacks_its_function(root, functions):
    folders = {f"functions/{path.parent.name}/" for path in root.glob("functions/*/handler.py")}
    assert folders == {properties["CodeUri"] for properties in functions.values()}


def test_all_run_on_the_same_runtime(source, functions):
    shared = source["Globals"]["Function"]
    assert (shared["Runtime"], shared["Architectures"]) == ("python3.13", ["arm64"])
    assert not any({"Runtime", "Architectures"} & set(properties) for properties in functions.values())


def test_functions_log_as_json_to_one_group_apart_from_the_access_log(
    source, functions, translated, resources
):
    groups = resources("AWS::Logs::LogGroup")
    assert set(groups) == {"FunctionLogs", "ApiLogs"}
    assert not any("LoggingConfig" in properties for properties in functions.values())
    for name in functions:
        config = translated["Resources"][name]["Properties"]["LoggingConfig"]
        assert config["LogGroup"] == {"Ref": "FunctionLogs"}, name
        assert config["LogFormat"] == "JSON", name
    destination = source["Resources"]["Api"]["Properties"]["AccessLogSettings"]["DestinationArn"]
    assert destination == {"Fn::GetAtt": ["ApiLogs", "Arn"]}
    for group in groups.values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def _with(functions, key):
    return {name for name, properties in functions.items() if key in properties}


def test_only_readers_carry_psycopg_and_reach_the_network(functions):
    assert _with(functions, "Layers") == _with(functions, "VpcConfig") == READERS
    assert _with(functions, "EphemeralStorage") == {"RunExport"}


def test_previews_hold_few_connections_and_end_before_the_api_does(functions):
    preview = functions["PreviewExport"]
    assert preview["ReservedConcurrentExecutions"]["Fn::If"][1] == {"Ref": "PreviewConcurrency"}
    assert ANSWER_SECONDS < preview["Timeout"] < 30
    assert _actions(preview) == {"secretsmanager:GetSecretValue", "rds-db:connect"}


@pytest.mark.parametrize("name", sorted(READERS))
def test_readers_carry_the_core_layer_too(translated, name):
    layers = json.dumps(translated["Resources"][name]["Properties"]["Layers"])
    assert "CoreLayer" in layers
    assert "WorkerLayer" in layers


def _own_variables(functions, prefix):
    """Functions with variables of their own that begin so."""
    return {
        name: {key for key in properties["Environment"]["Variables"] if key.startswith(prefix)}
        for name, properties in functions.items()
        if any(key.startswith(prefix) for key in properties.get("Environment", {}).get("Variables", {}))
    }


def test_only_readers_know_the_database(source, functions):
    shared = source["Globals"]["Function"]["Environment"]["Variables"]
    assert not [name for name in shared if name.startswith("DATABASE_")]
    own = _own_variables(functions, "DATABASE_")
    assert set(own) == READERS
    assert own["PreviewExport"] == own["RunExport"]


def test_the_page_is_told_what_it_reads_from_the_environment(root, functions):
    text = (root / "layers/core/doseexport/api/static.py").read_text()
    read = set(re.findall(r'environment(?:\.get\(|\[)"([A-Z_]+)"', text))
    # The local stack alone sets a prefix; the region is Lambda's own word.
    assert set(functions["Web"]["Environment"]["Variables"]) == read - {"API_PREFIX", "AWS_REGION"}


def test_the_environment_is_what_the_settings_read(root, source, functions):
    text = (root / "layers/core/doseexport/aws/settings.py").read_text()
    read = set(re.findall(r'values\.\w+\("([A-Z_]+)"', text))
    given = set(source["Globals"]["Function"]["Environment"]["Variables"])
    for name in ("RunExport", "ManageSchedules", "ReconcileSchedules"):
        given |= set(functions[name]["Environment"]["Variables"])
    assert {name for name in given if not name.startswith("POWERTOOLS_")} == read - {"DATABASE_SSLMODE"}


def test_tls_to_the_database_is_nobodys_choice(source):
    assert "DATABASE_SSLMODE" not in json.dumps(source)
    assert not [name for name in source["Parameters"] if "ssl" in name.lower() or "tls" in name.lower()]


def test_the_sign_in_trigger_is_told_what_it_reads_from_the_environment(root, functions):
    text = (root / "layers/core/doseexport/jobs/group_mapping.py").read_text()
    read = set(re.findall(r'"([A-Z]+_CLAIM)"', text))
    assert set(functions["MapGroups"]["Environment"]["Variables"]) == read


def test_the_sign_in_trigger_has_the_rights_it_uses_and_no_others(root, source):
    text = (root / "layers/core/doseexport/jobs/group_mapping.py").read_text()
    calls = set(re.findall(r"client\.(\w+)\(", text))
    (statement,) = source["Resources"]["MapGroupsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {f"cognito-idp:{call.title().replace('_', '')}" for call in calls}
    assert statement["Resource"] == {"Fn::GetAtt": ["UserPool", "Arn"]}


def test_rights_are_few_actions_on_our_own_things(functions):
    for properties in functions.values():
        for statement in _statements(properties):
            assert len(statement["Action"]) <= 4, statement
            assert not [action for action in statement["Action"] if "*" in action], statement
            text = json.dumps(statement["Resource"])
            assert re.search(
                r"\b(ExportsTable|AuditTable|SavedRequestsTable|Bucket|ExportQueue|DatabaseSecretArn|DatabaseUser|EventBusName"
                r"|NotificationTopic|NotificationDeadLetters|UserPool|ScheduleGroup|ScheduleRole)\b",
                text,
            ), text
            stars = ("/exports/*", "/stream/*", "${ScheduleGroup}/*")
            assert text.count("*") == sum(text.count(star) for star in stars), text


@pytest.mark.parametrize("name", ["GetHealth", "Web", "ListTypes"])
def test_what_touches_nothing_has_no_rights(functions, name):
    assert "Policies" not in functions[name]


@pytest.mark.parametrize("action", ALONE)
def test_a_right_is_given_to_those_who_need_it(functions, action):
    assert {name for name, properties in functions.items() if action in _actions(properties)} <= ALONE[action]


def _actions_on(properties, resource):
    where = {"Fn::GetAtt": [resource, "Arn"]}
    return {
        action
        for statement in _statements(properties)
        if statement["Resource"] == where
        for action in statement["Action"]
    }


def test_the_trail_is_put_by_who_records_and_read_by_one_and_changed_by_nobody(functions):
    rights = {name: _actions_on(properties, "AuditTable") for name, properties in functions.items()}
    expected = {name: {"dynamodb:PutItem"} for name in RECORDERS | SHOWERS}
    expected["ShowAuditTrail"] = {"dynamodb:Query", "dynamodb:PutItem"}
    assert {name: actions for name, actions in rights.items() if actions} == expected


READ, ADD, CHANGE, DELETE = (f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete"))
SAVED = {
    "RequestExport": {READ, CHANGE},
    "ListExports": {CHANGE},  # when somebody was seen
    "ManagePresets": {READ, ADD, CHANGE, DELETE, "dynamodb:BatchGetItem"},
    "ListSchedules": {READ, CHANGE, "dynamodb:BatchGetItem"},
    "ManageSchedules": {READ, ADD, CHANGE},
    "RunSchedule": {READ, CHANGE},
    "ReconcileSchedules": {READ, CHANGE},
}


def test_what_is_saved_is_touched_by_who_needs_it(functions):
    rights = {name: _actions_on(properties, "SavedRequestsTable") for name, properties in functions.items()}
    assert {name: actions for name, actions in rights.items() if actions} == SAVED
    resources = [json.dumps(statement["Resource"]) for statement in _statements(functions["ManagePresets"])]
    assert all("SavedRequestsTable" in resource for resource in resources)


def test_only_asking_makes_rows_of_exports(functions):
    actions = {name: _actions_on(one, "ExportsTable") for name, one in functions.items()}
    makers = {name for name, found in actions.items() if "dynamodb:PutItem" in found}
    assert makers == ASKERS


def test_listing_the_bucket_stops_at_exports(functions):
    for properties in functions.values():
        for statement in _statements(properties):
            if "s3:ListBucket" in statement["Action"]:
                assert statement["Condition"] == {"StringLike": {"s3:prefix": "exports/*"}}


def test_managed_policies_reach_no_data(translated):
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            arns = resource["Properties"].get("ManagedPolicyArns", [])
            assert {arn.rpartition("/")[2] for arn in arns} <= set(MANAGED), name


def test_every_role_takes_the_boundary(translated):
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            assert "HasBoundary" in json.dumps(resource["Properties"].get("PermissionsBoundary")), name


def test_every_function_with_rights_may_use_the_key(source, functions):
    roles = {role["Ref"] for role in source["Resources"]["KmsKeyPolicy"]["Properties"]["Roles"]}
    with_rights = {f"{name}Role" for name, properties in functions.items() if "Policies" in properties}
    assert roles == with_rights | {"ScheduleRole"}


def test_scheduler_may_call_what_is_due_for_this_group_alone(source):
    role = source["Resources"]["ScheduleRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"] == {"Fn::GetAtt": ["ScheduleGroup", "Arn"]}
    (policy,) = role["Policies"]
    rights = [(one["Action"], one["Resource"]) for one in policy["PolicyDocument"]["Statement"]]
    assert rights == [
        (["lambda:InvokeFunction"], {"Fn::GetAtt": ["RunSchedule", "Arn"]}),
        (["sqs:SendMessage"], {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}),
    ]


def test_what_a_schedule_could_not_run_goes_to_a_queue_that_alarms(source, functions):
    lost = {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}
    on_failure = functions["RunSchedule"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert on_failure["Destination"] == lost
    assert all(
        functions[name]["Environment"]["Variables"]["SCHEDULE_DEAD_LETTERS_ARN"] == lost for name in PLACERS
    )
    dimensions = source["Resources"]["ScheduleDeadLettersAlarm"]["Properties"]["Dimensions"]
    assert dimensions[0]["Value"] == {"Fn::GetAtt": ["ScheduleDeadLetters", "QueueName"]}


def test_notices_are_read_from_the_trails_stream_and_no_other(functions):
    wanted = {"DescribeStream", "GetShardIterator", "GetRecords", "ListStreams"}
    found = {
        action.removeprefix("dynamodb:"): statement["Resource"]
        for statement in _statements(functions["SendNotifications"])
        for action in statement["Action"]
        if action.startswith("dynamodb:")
    }
    assert set(found) == wanted
    assert found.pop("ListStreams") == {"Fn::Sub": "${AuditTable.Arn}/stream/*"}
    assert all(resource == {"Fn::GetAtt": ["AuditTable", "StreamArn"]} for resource in found.values())
