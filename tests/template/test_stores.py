"""Check queues, tables, bucket, network, and the descriptions of parameters and outputs."""

import json
import re

import pytest

RETAINED_RESOURCES = ("ExportsTable", "AuditTable", "SavedRequestsTable", "Bucket", "UserPool")
# A create that fails deletes the empty bucket. The others are protected from deletion.
DELETED_AFTER_FAILED_CREATE = {"Bucket"}


def test_worker_mapping_delivers_single_messages_to_limited_workers(source):
    mapping = source["Resources"]["RunExportMapping"]["Properties"]
    assert mapping["BatchSize"] == 1
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}
    assert source["Parameters"]["MaximumConcurrency"]["MinValue"] >= 2  # AWS allows no less


def test_export_queue_hides_messages_for_six_worker_timeouts(source, functions):
    queue = source["Resources"]["ExportQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * functions["RunExport"]["Timeout"]


def test_export_dead_letters_raise_an_alarm(source):
    redrive = source["Resources"]["ExportQueue"]["Properties"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["ExportDeadLetters", "Arn"]}
    alarm = source["Resources"]["ExportDeadLettersAlarm"]["Properties"]
    assert alarm["Dimensions"] == [
        {"Name": "QueueName", "Value": {"Fn::GetAtt": ["ExportDeadLetters", "QueueName"]}}
    ]
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Maximum")


@pytest.mark.parametrize("name", RETAINED_RESOURCES)
def test_stored_data_is_retained_when_the_stack_is_deleted(source, name):
    resource = source["Resources"][name]
    policy = "RetainExceptOnCreate" if name in DELETED_AFTER_FAILED_CREATE else "Retain"
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, "Retain")


def test_tables_and_user_pool_are_protected_from_deletion(source):
    for name in ("ExportsTable", "AuditTable", "SavedRequestsTable"):
        table = source["Resources"][name]["Properties"]
        assert table["DeletionProtectionEnabled"] is True
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert source["Resources"]["UserPool"]["Properties"]["DeletionProtection"] == "ACTIVE"


def test_exports_table_matches_architecture_document(root, source):
    table = source["Resources"]["ExportsTable"]["Properties"]
    text = (root / "docs/data-model.md").read_text()
    documented = set(re.findall(r"`(by_\w+)` \((\w+), (\w+_at)\)", text))
    found = {index["IndexName"]: index["KeySchema"] for index in table["GlobalSecondaryIndexes"]}
    assert {(name, *(key["AttributeName"] for key in keys)) for name, keys in found.items()} == documented
    projections = {index["IndexName"]: index["Projection"] for index in table["GlobalSecondaryIndexes"]}
    details = projections.pop("by_month_details")["NonKeyAttributes"]
    assert {each["ProjectionType"] for each in projections.values()} == {"KEYS_ONLY"}
    (listed,) = re.findall(r"also holds ([^`]*), by which", text)
    assert re.split(r",\s+|\s+and\s+", listed) == details
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_bucket_is_private_and_encrypted(source):
    bucket = source["Resources"]["Bucket"]["Properties"]
    blocks = bucket["PublicAccessBlockConfiguration"]
    assert len(blocks) == 4
    assert all(value is True for value in blocks.values())
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "BucketEncryption" in bucket
    assert "VersioningConfiguration" not in bucket  # docs/adr/0001-deployment.md


def test_bucket_denies_plain_http(source):
    policy = source["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_bucket_deletes_stale_uploads_and_expired_files(source):
    rules = source["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert rules[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    backstops = source["Mappings"]["Retention"]
    assert rules[1]["ExpirationInDays"] == {
        "Fn::FindInMap": ["Retention", {"Ref": "MaxRetentionDays"}, "Backstop"]
    }
    assert list(backstops) == source["Parameters"]["MaxRetentionDays"]["AllowedValues"]
    assert all(row["Backstop"] == int(days) + 1 for days, row in backstops.items())


def test_names_allow_two_stacks_in_one_account(translated, functions):
    for name, resource in translated["Resources"].items():
        properties = resource["Properties"]
        # The name of a resource server is unique only within its user pool.
        names = {"Name"} if resource["Type"] != "AWS::Cognito::UserPoolResourceServer" else set()
        assert not (names | {"BucketName", "TableName", "QueueName", "RoleName"}) & set(properties), name
        for key in {"LogGroupName", "LayerName"} & set(properties):
            assert "Ref" in properties[key] or "${AWS::StackName}" in properties[key]["Fn::Sub"], name
    assert not [name for name, properties in functions.items() if "FunctionName" in properties]


def test_worker_reaches_the_database_by_group_or_by_addresses(source):
    rule, _ = source["Resources"]["WorkerSecurityGroup"]["Properties"]["SecurityGroupEgress"]
    nothing = {"Ref": "AWS::NoValue"}
    assert rule["DestinationSecurityGroupId"]["Fn::If"] == [
        "HasDatabaseGroup",
        {"Ref": "DatabaseSecurityGroupId"},
        nothing,
    ]
    assert rule["CidrIp"]["Fn::If"] == ["HasDatabaseGroup", nothing, {"Ref": "DatabaseCidr"}]
    assert rule["FromPort"] == rule["ToPort"] == {"Ref": "DatabasePort"}
    assert source["Resources"]["DatabaseIngress"]["Condition"] == "HasDatabaseGroup"


@pytest.mark.parametrize("service", ["S3", "DynamoDB"])
def test_gateway_endpoints_are_created_apart(source, service):
    endpoint = source["Resources"][f"{service}Endpoint"]
    assert endpoint["Condition"] == f"Creates{service}Endpoint"
    tables = {"Ref": f"{service}RouteTableIds"}
    assert endpoint["Properties"]["RouteTableIds"] == {"Fn::Split": [",", tables]}
    assert source["Conditions"][endpoint["Condition"]] == {"Fn::Not": [{"Fn::Equals": [tables, ""]}]}


def test_secrets_endpoint_leaves_the_name_of_the_service_to_others(source, functions):
    endpoint = source["Resources"]["SecretsEndpoint"]["Properties"]
    assert endpoint["PrivateDnsEnabled"] is False
    for name in ("RunExport", "PreviewExport"):
        variables = functions[name]["Environment"]["Variables"]
        condition, url, otherwise = variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"]["Fn::If"]
        assert (condition, otherwise) == ("CreatesSecretsEndpoint", {"Ref": "AWS::NoValue"})
        assert url["Fn::Sub"][0] == "https://${Name}"
        assert "SecretsEndpoint" in json.dumps(url["Fn::Sub"][1])


def test_access_log_is_a_vended_log(source):
    name = source["Resources"]["ApiLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert name.startswith("/aws/vendedlogs/")


def test_database_ingress_admits_only_the_worker(source):
    rule = source["Resources"]["DatabaseIngress"]["Properties"]
    assert rule["SourceSecurityGroupId"] == {"Ref": "WorkerSecurityGroup"}
    assert rule["FromPort"] == rule["ToPort"] == {"Ref": "DatabasePort"}
    assert "SecurityGroupIngress" not in source["Resources"]["WorkerSecurityGroup"]["Properties"]


@pytest.mark.parametrize("section", ["Parameters", "Outputs"])
def test_parameters_and_outputs_are_described(root, source, section):
    text = (root / "docs/operations.md").read_text()
    table = text.partition(f"## {section}\n")[2].partition("\n## ")[0]
    documented = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)))
    assert sorted(documented) == sorted(source[section])
    assert [name for name, entry in source[section].items() if not entry.get("Description")] == []
