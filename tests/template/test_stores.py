"""Queue, table, bucket, network, alarms: what must not be lost, seen, or overlooked."""

import json
import re
from itertools import product

import pytest

RETAINED = ("ExportsTable", "AuditTable", "SavedRequestsTable", "Bucket", "UserPool")


def test_messages_come_one_by_one_and_to_a_limited_number_of_workers(source):
    mapping = source["Resources"]["RunExportMessages"]["Properties"]
    assert mapping["BatchSize"] == 1
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}
    assert source["Parameters"]["MaximumConcurrency"]["MinValue"] >= 2  # AWS allows no less


def test_a_message_stays_hidden_for_six_timeouts(source, functions):
    queue = source["Resources"]["ExportQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * functions["RunExport"]["Timeout"]


def test_what_cannot_be_read_goes_to_a_queue_that_alarms(source):
    redrive = source["Resources"]["ExportQueue"]["Properties"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["ExportDeadLetters", "Arn"]}
    alarm = source["Resources"]["ExportDeadLettersAlarm"]["Properties"]
    assert alarm["Dimensions"] == [
        {"Name": "QueueName", "Value": {"Fn::GetAtt": ["ExportDeadLetters", "QueueName"]}}
    ]
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Maximum")


@pytest.mark.parametrize("queue", ["ExportQueue", "ExportDeadLetters"])
def test_queues_are_encrypted(source, queue):
    properties = source["Resources"][queue]["Properties"]
    assert {"KmsMasterKeyId", "SqsManagedSseEnabled"} <= set(properties)


@pytest.mark.parametrize("name", RETAINED)
def test_what_holds_people_or_exports_outlives_the_stack(source, name):
    resource = source["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_tables_and_pool_are_protected_from_deletion(source):
    for name in ("ExportsTable", "AuditTable", "SavedRequestsTable"):
        table = source["Resources"][name]["Properties"]
        assert table["DeletionProtectionEnabled"] is True
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert source["Resources"]["UserPool"]["Properties"]["DeletionProtection"] == "ACTIVE"


def test_the_table_is_that_of_the_architecture(root, source):
    table = source["Resources"]["ExportsTable"]["Properties"]
    text = (root / "docs/data-model.md").read_text()
    documented = set(re.findall(r"`(by_\w+)` \((\w+), (\w+_at)\)", text))
    found = {index["IndexName"]: index["KeySchema"] for index in table["GlobalSecondaryIndexes"]}
    assert {(name, *(key["AttributeName"] for key in keys)) for name, keys in found.items()} == documented
    assert {index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]} == {
        "KEYS_ONLY"
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_the_bucket_is_private_and_encrypted(source):
    bucket = source["Resources"]["Bucket"]["Properties"]
    blocks = bucket["PublicAccessBlockConfiguration"]
    assert len(blocks) == 4
    assert all(value is True for value in blocks.values())
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "BucketEncryption" in bucket
    assert "VersioningConfiguration" not in bucket  # docs/adr/0001-deployment.md


def test_the_bucket_is_closed_to_plain_http(source):
    policy = source["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_forgotten_uploads_and_files_end_by_themselves(source):
    rules = source["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert rules[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    backstops = source["Mappings"]["Retention"]
    assert rules[1]["ExpirationInDays"] == {
        "Fn::FindInMap": ["Retention", {"Ref": "MaxRetentionDays"}, "Backstop"]
    }
    assert list(backstops) == source["Parameters"]["MaxRetentionDays"]["AllowedValues"]
    assert all(row["Backstop"] == int(days) + 1 for days, row in backstops.items())


def _holds(rule, values):
    """What CloudFormation makes of a rule's functions, for these parameters."""
    if not isinstance(rule, dict):
        return rule
    ((name, argument),) = rule.items()
    if name == "Ref":
        return values[argument]
    found = [_holds(each, values) for each in argument]
    return {
        "Fn::Equals": lambda first, second: first == second,
        "Fn::Contains": lambda known, value: value in known,
        "Fn::And": lambda *each: all(each),
        "Fn::Or": lambda *each: any(each),
    }[name](*found)


def test_files_are_kept_by_themselves_no_longer_than_the_maximum(source):
    (assertion,) = source["Rules"]["KeepsNoLongerThanTheMaximum"]["Assertions"]
    days = source["Parameters"]["RetentionDays"]["AllowedValues"]
    assert days == source["Parameters"]["MaxRetentionDays"]["AllowedValues"]
    for kept, most in product(days, days):
        values = {"RetentionDays": kept, "MaxRetentionDays": most}
        assert _holds(assertion["Assert"], values) is (int(kept) <= int(most)), values


def test_two_stacks_fit_into_one_account(translated, functions):
    for name, resource in translated["Resources"].items():
        properties = resource["Properties"]
        # A resource server's name is for people, and lies inside of its stack's pool.
        names = {"Name"} if resource["Type"] != "AWS::Cognito::UserPoolResourceServer" else set()
        assert not (names | {"BucketName", "TableName", "QueueName", "RoleName"}) & set(properties), name
        for key in {"LogGroupName", "LayerName"} & set(properties):
            assert "${AWS::StackName}" in properties[key]["Fn::Sub"], name
    assert not [name for name, properties in functions.items() if "FunctionName" in properties]


def test_only_the_worker_may_come_in_to_the_database(source):
    rule = source["Resources"]["DatabaseIngress"]["Properties"]
    assert rule["SourceSecurityGroupId"] == {"Ref": "WorkerSecurityGroup"}
    assert rule["FromPort"] == rule["ToPort"] == {"Ref": "DatabasePort"}
    assert "SecurityGroupIngress" not in source["Resources"]["WorkerSecurityGroup"]["Properties"]


def test_every_alarm_reaches_the_topic(resources):
    alarms = resources("AWS::CloudWatch::Alarm")
    assert len(alarms) >= 6
    for name, alarm in alarms.items():
        assert "AlarmTopicArn" in json.dumps(alarm["Properties"]["AlarmActions"]), name


def test_silence_of_the_sweep_alarms(source):
    assert source["Resources"]["SweepSilentAlarm"]["Properties"]["TreatMissingData"] == "breaching"


def test_every_parameter_is_explained_to_operators(root, source):
    text = (root / "docs/operations.md").read_text()
    assert [name for name in source["Parameters"] if f"`{name}`" not in text] == []


def test_every_output_is_explained_to_operators(root, source):
    text = (root / "docs/operations.md").read_text()
    assert [name for name in source["Outputs"] if f"`{name}`" not in text] == []
