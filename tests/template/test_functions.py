"""Check every function: its handler, log group, layers, environment and rights."""

import json
import re
import subprocess
import sys

import pytest

from doseexport.actions.previews import ANSWER_SECONDS
from doseexport.aws.dynamodb.audit_rows import first_rows_key
from doseexport.aws.dynamodb.schemas import KEY
from tests.template.test_house_rules import WILDCARDS

# Imports the handlers of a list, without some packages.
IMPORT_ALL = """
import runpy, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
for handler in sys.argv[2:]:
    runpy.run_path(handler)
    print(handler)
"""
# Managed policies that SAM attaches. None of them gives access to data.
MANAGED_POLICIES = {
    "AWSLambdaBasicExecutionRole": "logs",
    "AWSXrayWriteOnlyAccess": "traces",
    "AWSLambdaVPCAccessExecutionRole": "network interfaces, of those that reach the database",
}
# Functions that read the dose database. Only they have psycopg, run in the VPC and may read the secret.
DATABASE_READERS = {"RunExport", "PreviewExport"}
# Functions that request exports.
REQUESTERS = {"RequestExport", "RunSchedule", "ReconcileSchedules"}
# Functions that show exports, and record who viewed another user's export of patient data.
VIEWERS = {"ListExports", "GetExport", "ShowAuditTrail"}
# Functions that change exports or issue links, and record it in the audit trail.
RECORDERS = REQUESTERS | {
    "AbortExport",
    "DownloadExport",
    "SetRetention",
    "DeleteExports",
    "RunExport",
    "SweepExports",
}
# Functions that manage schedules in EventBridge Scheduler.
SCHEDULERS = {"ManageSchedules", "ReconcileSchedules"}
# The only functions that may use these actions.
FUNCTIONS_BY_ACTION = {
    "s3:GetObject": {"DownloadExport"},
    "s3:PutObject": {"RunExport"},
    "secretsmanager:GetSecretValue": DATABASE_READERS,
    "secretsmanager:CreateSecret": {"RunExport"},
    "rds-db:connect": DATABASE_READERS,
    "sqs:ReceiveMessage": {"RunExport"},
    "sqs:ChangeMessageVisibility": {"RunExport"},
    "dynamodb:ConditionCheckItem": {"DownloadExport"},
    "dynamodb:PutItem": {
        *(*RECORDERS, *VIEWERS, "PreviewExport"),
        *("ManageSchedules", "ManagePresets", "MailOwners"),
    },
    "dynamodb:DeleteItem": {"ManagePresets"},
    "sqs:SendMessage": {*REQUESTERS, "SweepExports", "SendNotifications", "MailOwners"},
    "scheduler:CreateSchedule": SCHEDULERS,
    "scheduler:UpdateSchedule": SCHEDULERS,
    "scheduler:DeleteSchedule": SCHEDULERS,
    "iam:PassRole": SCHEDULERS,
    "cognito-idp:AdminGetUser": {"RunSchedule", "ReconcileSchedules", "MailOwners"},
    "ses:SendEmail": {"MailOwners"},
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


def test_functions_have_their_handler_in_a_folder_of_their_name(root, functions):
    for name, properties in functions.items():
        folder = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        assert properties["CodeUri"] == f"functions/{folder}/"
        assert (root / properties["CodeUri"] / "handler.py").is_file(), folder


def test_handlers_belong_to_a_function(root, functions):
    folders = {f"functions/{path.parent.name}/" for path in root.glob("functions/*/handler.py")}
    assert folders == {properties["CodeUri"] for properties in functions.values()}


def test_handlers_import_no_package_that_only_other_functions_have(root, functions):
    """On Lambda, a function has the packages of its own layers only. Here, one environment has all."""
    core = _list_packages(root / "layers/core/requirements.txt")
    only_elsewhere = {
        package
        for layer in ("worker", "parquet")
        for package in _list_packages(root / f"layers/{layer}/requirements.txt") - core
    }
    assert {"psycopg", "isal"} <= only_elsewhere
    handlers = [
        str(root / properties["CodeUri"] / "handler.py")
        for properties in functions.values()
        if "Layers" not in properties
    ]
    assert len(handlers) > 10
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, ",".join(only_elsewhere), *handlers],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == handlers, done.stderr


def _list_packages(requirements):
    """The names by which the packages of a requirements file are imported."""
    return {
        line.split("==")[0].replace("-", "_")
        for line in requirements.read_text().splitlines()
        if "==" in line
    }


def test_functions_share_one_runtime(source, functions):
    shared = source["Globals"]["Function"]
    assert (shared["Runtime"], shared["Architectures"]) == ("python3.13", ["arm64"])
    assert not any({"Runtime", "Architectures"} & set(properties) for properties in functions.values())


def test_functions_log_json_to_one_group_apart_from_the_access_log(source, functions, translated, resources):
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


def test_worker_layer_and_vpc_belong_only_to_database_readers(functions):
    assert _with(functions, "Layers") == _with(functions, "VpcConfig") == DATABASE_READERS
    assert _with(functions, "EphemeralStorage") == {"RunExport"}


def test_preview_limits_concurrency_and_ends_before_the_api_timeout(functions):
    preview = functions["PreviewExport"]
    assert preview["ReservedConcurrentExecutions"]["Fn::If"][1] == {"Ref": "PreviewConcurrency"}
    assert ANSWER_SECONDS < preview["Timeout"] < 30
    assert _actions(preview) == {"secretsmanager:GetSecretValue", "rds-db:connect", "dynamodb:PutItem"}


def test_preview_is_called_daily_to_keep_its_network_interfaces(root, functions):
    call = functions["PreviewExport"]["Events"]["StayActive"]["Properties"]
    assert call["ScheduleExpression"] == "rate(1 day)"
    assert json.loads(call["Input"]) == json.loads((root / "events/stay_active.json").read_text())


@pytest.mark.parametrize("name", sorted(DATABASE_READERS))
def test_database_readers_have_both_layers(translated, name):
    layers = json.dumps(translated["Resources"][name]["Properties"]["Layers"])
    assert "CoreLayer" in layers
    assert "WorkerLayer" in layers
    assert ("ParquetLayer" in layers) == (name == "RunExport")


def _own_variables(functions, prefix):
    """Return the variables that begin with the prefix, for each function that sets any."""
    return {
        name: {key for key in properties["Environment"]["Variables"] if key.startswith(prefix)}
        for name, properties in functions.items()
        if any(key.startswith(prefix) for key in properties.get("Environment", {}).get("Variables", {}))
    }


def test_database_settings_belong_only_to_database_readers(source, functions):
    shared = source["Globals"]["Function"]["Environment"]["Variables"]
    assert not [name for name in shared if name.startswith("DATABASE_")]
    own = _own_variables(functions, "DATABASE_")
    assert set(own) == DATABASE_READERS
    assert own["PreviewExport"] == own["RunExport"]


def test_web_environment_matches_what_the_page_reads(root, functions):
    text = (root / "layers/core/doseexport/api/static.py").read_text()
    read = set(re.findall(r'environment(?:\.get\(|\[)"([A-Z_]+)"', text))
    # Only the local stack sets a prefix, and Lambda sets the region.
    assert set(functions["Web"]["Environment"]["Variables"]) == read - {"API_PREFIX", "AWS_REGION"}


def test_environment_matches_settings(root, source, functions):
    text = (root / "layers/core/doseexport/aws/settings.py").read_text()
    read = set(re.findall(r'values\.\w+\("([A-Z_]+)"', text))
    given = set(source["Globals"]["Function"]["Environment"]["Variables"])
    for name in ("RunExport", "ManageSchedules", "ReconcileSchedules"):
        given |= set(functions[name]["Environment"]["Variables"])
    others = ("POWERTOOLS_", "AWS_")  # read by Powertools and by boto3
    assert {name for name in given if not name.startswith(others)} == read - {"DATABASE_SSLMODE"}


def test_only_the_worker_reads_and_makes_keys_of_pseudonyms(functions):
    secrets = {
        name: [
            (statement["Action"], statement["Resource"])
            for statement in _statements(properties)
            if any(action.startswith("secretsmanager:") for action in statement["Action"])
        ]
        for name, properties in functions.items()
    }
    database = (["secretsmanager:GetSecretValue"], {"Ref": "DatabaseSecretArn"})
    name = functions["RunExport"]["Environment"]["Variables"]["PSEUDONYM_PREFIX"]["Fn::Sub"]
    arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:" + f"{name}*"
    keys = (["secretsmanager:GetSecretValue", "secretsmanager:CreateSecret"], {"Fn::Sub": arn})
    assert name == "${AWS::StackName}/pseudonyms/"
    assert {name: found for name, found in secrets.items() if found} == {
        "RunExport": [database, keys],
        "PreviewExport": [database],
    }


def test_database_tls_is_not_configurable(source):
    assert "DATABASE_SSLMODE" not in json.dumps(source)
    assert not [name for name in source["Parameters"] if "ssl" in name.lower() or "tls" in name.lower()]


def test_group_mapping_environment_matches_what_it_reads(root, functions):
    text = (root / "layers/core/doseexport/jobs/group_mapping.py").read_text()
    read = set(re.findall(r'"([A-Z]+_CLAIM)"', text))
    assert set(functions["MapGroups"]["Environment"]["Variables"]) == read


def test_group_mapping_has_exactly_the_rights_it_uses(root, source):
    text = (root / "layers/core/doseexport/jobs/group_mapping.py").read_text()
    calls = set(re.findall(r"client\.(\w+)\(", text))
    (statement,) = source["Resources"]["MapGroupsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {f"cognito-idp:{call.title().replace('_', '')}" for call in calls}
    assert statement["Resource"] == {"Fn::GetAtt": ["UserPool", "Arn"]}


CLIENTS = {"dynamodb", "s3", "sqs", "scheduler", "cognito-idp", "events", "sns", "sesv2"}


def test_functions_prepare_exactly_the_clients_that_they_may_use(root, source, functions):
    """A client that is made in the first call takes three times as long as one made before it."""
    for name, properties in functions.items():
        actions = _actions(properties) - {"sqs:ReceiveMessage"}
        if name == "SendNotifications":  # Lambda reads its stream, and writes its dead letters
            actions = {action for action in actions if action.startswith(("events:", "sns:"))}
        if name == "RunExport":  # it uses the queue only for a message that it cannot read
            actions = {action for action in actions if not action.startswith("sqs:")}
        if name == "MailOwners":  # as SendNotifications, and IAM names SES's second API ses too
            actions = {each.replace("ses:", "sesv2:") for each in actions if not each.startswith("sqs:")}
        used = {action.partition(":")[0] for action in actions} & CLIENTS
        if name == "MapGroups":
            used = {"cognito-idp"}
        text = (root / properties["CodeUri"] / "handler.py").read_text()
        prepared = re.search(r"^prepare_clients\((.*)\)$", text, re.MULTILINE)
        assert set(re.findall(r'"([\w-]+)"', prepared[1] if prepared else "")) == used, name
        assert ("prepare_login(os.environ)" in text) == (name in DATABASE_READERS), name


def test_statements_allow_few_actions_on_resources_of_the_stack(functions):
    for properties in functions.values():
        for statement in _statements(properties):
            assert len(statement["Action"]) <= 4, statement
            assert not [action for action in statement["Action"] if "*" in action], statement
            text = json.dumps(statement["Resource"])
            assert re.search(
                r"\b(ExportsTable|AuditTable|SavedRequestsTable|Bucket|ExportQueue|DatabaseSecretArn|DatabaseUser|EventBusName"
                r"|NotificationTopic|NotificationDeadLetters|UserPool|ScheduleGroup|ScheduleRole|identity)\b|secret:\$\{AWS::StackName\}/pseudonyms/",
                text,
            ), text
            assert text.count("*") == sum(text.count(star) for star in WILDCARDS), text


@pytest.mark.parametrize("name", ["GetHealth", "Web"])
def test_functions_without_data_access_have_no_policy(functions, name):
    assert "Policies" not in functions[name]


def test_list_types_reads_only_the_row_of_the_database(functions):
    (statement,) = _statements(functions["ListTypes"])
    assert statement["Action"] == ["dynamodb:GetItem"]
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [KEY]}}


@pytest.mark.parametrize("action", FUNCTIONS_BY_ACTION)
def test_action_is_allowed_exactly_where_needed(functions, action):
    assert {
        name for name, properties in functions.items() if action in _actions(properties)
    } == FUNCTIONS_BY_ACTION[action]


def _actions_on(properties, resource):
    where = {"Fn::GetAtt": [resource, "Arn"]}
    return {
        action
        for statement in _statements(properties)
        if statement["Resource"] == where
        for action in statement["Action"]
    }


def test_audit_table_is_append_only_and_entries_of_exports_are_read_by_one_function(functions):
    rights = {name: _actions_on(properties, "AuditTable") for name, properties in functions.items()}
    expected = {name: {"dynamodb:PutItem"} for name in RECORDERS | VIEWERS}
    expected["ShowAuditTrail"] = {"dynamodb:Query", "dynamodb:PutItem"}
    expected["MailOwners"] = {"dynamodb:GetItem", "dynamodb:PutItem"}  # keys only
    expected |= {"PreviewExport": {"dynamodb:PutItem"}, "ShowUsage": {"dynamodb:Query"}}  # below
    assert {name: actions for name, actions in rights.items() if actions} == expected


@pytest.mark.parametrize("name", ["PreviewExport", "ShowUsage"])
def test_entries_about_first_rows_are_apart_from_those_of_exports(functions, name):
    (statement,) = [
        each
        for each in _statements(functions[name])
        if each["Resource"] == {"Fn::GetAtt": ["AuditTable", "Arn"]}
    ]
    keys = {"dynamodb:LeadingKeys": [first_rows_key("*")]}
    assert statement["Condition"] == {"ForAllValues:StringLike": keys}


READ, ADD, CHANGE, DELETE = (f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete"))
SAVED_REQUESTS_ACTIONS = {
    "RequestExport": {READ, CHANGE},
    "ListExports": {CHANGE},  # records activity of the user
    "ManagePresets": {READ, ADD, CHANGE, DELETE, "dynamodb:BatchGetItem"},
    "ListSchedules": {READ, CHANGE, "dynamodb:BatchGetItem"},
    "ManageSchedules": {READ, ADD, CHANGE},
    "RunSchedule": {READ, CHANGE},
    "ReconcileSchedules": {READ, CHANGE},
}


def test_saved_requests_table_is_accessed_only_where_needed(functions):
    rights = {name: _actions_on(properties, "SavedRequestsTable") for name, properties in functions.items()}
    assert {name: actions for name, actions in rights.items() if actions} == SAVED_REQUESTS_ACTIONS
    resources = [json.dumps(statement["Resource"]) for statement in _statements(functions["ManagePresets"])]
    assert all("SavedRequestsTable" in resource for resource in resources)


def test_export_rows_are_created_only_by_requesters(functions):
    actions = {name: _actions_on(one, "ExportsTable") for name, one in functions.items()}
    makers = {name for name, found in actions.items() if "dynamodb:PutItem" in found}
    assert makers == REQUESTERS


def test_list_bucket_is_limited_to_exports(functions):
    for properties in functions.values():
        for statement in _statements(properties):
            if "s3:ListBucket" in statement["Action"]:
                assert statement["Condition"] == {"StringLike": {"s3:prefix": "exports/*"}}


def test_managed_policies_give_no_access_to_data(translated):
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            arns = resource["Properties"].get("ManagedPolicyArns", [])
            assert {arn.rpartition("/")[2] for arn in arns} <= set(MANAGED_POLICIES), name


def test_roles_have_the_permissions_boundary(translated):
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            assert "HasBoundary" in json.dumps(resource["Properties"].get("PermissionsBoundary")), name


def test_kms_key_policy_covers_every_function_with_a_policy(source, functions):
    listed = source["Resources"]["KmsKeyPolicy"]["Properties"]["Roles"]
    (conditional,) = [role["Fn::If"] for role in listed if "Fn::If" in role]
    assert conditional == ["HasMailSender", {"Ref": "MailOwnersRole"}, {"Ref": "AWS::NoValue"}]
    roles = {role["Ref"] for role in listed if "Ref" in role} | {"MailOwnersRole"}
    with_rights = {f"{name}Role" for name, properties in functions.items() if "Policies" in properties}
    assert roles == with_rights | {"ScheduleRole"}


def test_schedule_role_invokes_one_function_for_this_group_only(source):
    role = source["Resources"]["ScheduleRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"] == {"Fn::GetAtt": ["ScheduleGroup", "Arn"]}
    (policy,) = role["Policies"]
    rights = [(one["Action"], one["Resource"]) for one in policy["PolicyDocument"]["Statement"]]
    assert rights == [
        (["lambda:InvokeFunction"], {"Fn::GetAtt": ["RunSchedule", "Arn"]}),
        (["sqs:SendMessage"], {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}),
    ]


def test_schedule_dead_letters_raise_an_alarm(source, functions):
    dead_letters = {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}
    on_failure = functions["RunSchedule"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert on_failure["Destination"] == dead_letters
    assert all(
        functions[name]["Environment"]["Variables"]["SCHEDULE_DEAD_LETTERS_ARN"] == dead_letters
        for name in SCHEDULERS
    )
    dimensions = source["Resources"]["ScheduleDeadLettersAlarm"]["Properties"]["Dimensions"]
    assert dimensions[0]["Value"] == {"Fn::GetAtt": ["ScheduleDeadLetters", "QueueName"]}


def test_notifications_read_only_the_audit_stream(functions):
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


def test_owner_mails_read_no_request_and_have_one_sender(source, functions):
    """A row of an export holds filters. Only these attributes of it may be read."""
    statements = list(_statements(functions["MailOwners"]))
    reads = [each for each in statements if each["Action"] == ["dynamodb:GetItem"]]
    found = {
        each["Resource"]["Fn::GetAtt"][0]: each["Condition"]["ForAllValues:StringEquals"][
            "dynamodb:Attributes"
        ]
        for each in reads
    }
    assert found == {"ExportsTable": ["pk", "owner", "owner_name", "send_mail"], "AuditTable": ["pk", "sk"]}
    only = {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}
    assert all(each["Condition"]["StringEqualsIfExists"] == only for each in reads)
    (mail,) = [each for each in statements if each["Action"] == ["ses:SendEmail"]]
    kinds = {each["Fn::Sub"].rpartition(":")[2] for each in mail["Resource"]}
    assert kinds == {"identity/*", "configuration-set/*"}, (
        "SES also checks the set that an identity uses by default"
    )
    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailSender"}}}
    parts = ("MailOwners", "MailOwnersMapping", "MailsRefusedAlarm")
    assert {source["Resources"][name]["Condition"] for name in parts} == {"HasMailSender"}
    pattern = source["Resources"]["MailOwnersMapping"]["Properties"]["FilterCriteria"]["Filters"][0][
        "Pattern"
    ]
    wanted = json.loads(pattern)["dynamodb"]["NewImage"]["event"]["S"]
    assert wanted == ["completed", "failed", "aborted", "skipped"]
