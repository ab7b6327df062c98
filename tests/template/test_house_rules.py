"""Check rules for every resource of a type, including the ones that SAM adds."""

import json

import pytest

SERVICES = {
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
    "cognito-idp.amazonaws.com",
    "apigateway.amazonaws.com",
}

WILDCARDS = (
    "/exports/*",
    "/stream/*",
    "${ScheduleGroup}/*",
    "${AWS::StackName}/pseudonyms/*",
    ":identity/*",
    ":configuration-set/*",
)
"""The only ones in resources of a role."""


def _list_statements(translated):
    """Yield every statement of inline policies and of managed policies in the stack, with its resource."""
    for name, resource in translated["Resources"].items():
        properties = resource.get("Properties", {})
        documents = []
        if resource["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        elif resource["Type"] in {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}:
            documents = [properties["PolicyDocument"]]
        for document in documents:
            written = document["Statement"]
            for statement in written if isinstance(written, list) else [written]:
                for one in statement["Fn::If"][1:] if "Fn::If" in statement else [statement]:
                    yield name, one


def _properties_of(resources, kind):
    return {name: one["Properties"] for name, one in resources["Resources"].items() if one["Type"] == kind}


def test_statements_have_no_wildcards(translated):
    found = list(_list_statements(translated))
    assert len(found) > 15
    for name, statement in found:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], name
        assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), name
        text = json.dumps(statement["Resource"])
        assert text.count("*") == sum(text.count(star) for star in WILDCARDS), name
        assert text != '"*"', name


def test_roles_are_assumed_only_by_aws_services(translated):
    for name, role in _properties_of(translated, "AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            services = statement["Principal"]["Service"]
            assert set([services] if isinstance(services, str) else services) <= SERVICES, name


def test_functions_are_invoked_only_by_services_of_this_stack(translated):
    for name, permission in _properties_of(translated, "AWS::Lambda::Permission").items():
        assert permission["Principal"] in SERVICES, name
        assert "SourceArn" in permission, name


def test_log_groups_have_retention_and_key(translated):
    groups = _properties_of(translated, "AWS::Logs::LogGroup")
    assert set(groups) == {"FunctionLogs", "ApiLogs"}
    for name, group in groups.items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
        assert "KmsKeyArn" in json.dumps(group["KmsKeyId"]), name


def test_queues_are_encrypted_and_have_dead_letters_or_alarm(translated):
    queues = _properties_of(translated, "AWS::SQS::Queue")
    alarms = json.dumps(list(_properties_of(translated, "AWS::CloudWatch::Alarm").values()))
    mappings = _properties_of(translated, "AWS::Lambda::EventSourceMapping")
    for name, queue in queues.items():
        assert {"KmsMasterKeyId", "SqsManagedSseEnabled"} <= set(queue), name
        assert f'["{name}", "QueueName"]' in alarms, name
        if name not in {"ExportDeadLetters", "NotificationDeadLetters", "ScheduleDeadLetters"}:
            assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {
                "Fn::GetAtt": ["ExportDeadLetters", "Arn"]
            }
    readers = [mapping["FunctionName"]["Ref"] for mapping in mappings.values()]
    assert sorted(readers) == ["MailOwners", "RunExport", "SendNotifications"]
    for name in ("MailOwnersMapping", "SendNotificationsMapping"):
        dead_letters = mappings[name]["DestinationConfig"]["OnFailure"]["Destination"]
        assert dead_letters == {"Fn::GetAtt": ["NotificationDeadLetters", "Arn"]}
    timeout = _properties_of(translated, "AWS::Lambda::Function")["RunExport"]["Timeout"]
    assert timeout < queues["ExportQueue"]["VisibilityTimeout"]


def test_buckets_are_private_encrypted_and_cleaned_up(translated):
    buckets = _properties_of(translated, "AWS::S3::Bucket")
    policies = {
        policy["Bucket"]["Ref"]: policy
        for policy in _properties_of(translated, "AWS::S3::BucketPolicy").values()
    }
    assert set(buckets) == set(policies)
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"], name
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), name
        statements = policies[name]["PolicyDocument"]["Statement"]
        assert [one["Effect"] for one in statements] == ["Deny"], name
        assert "aws:SecureTransport" in json.dumps(statements), name
        assert "WebsiteConfiguration" not in bucket
        assert "CorsConfiguration" not in bucket


def test_tables_are_protected_and_restorable(translated):
    for name, table in _properties_of(translated, "AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is True, name
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert "SSESpecification" in table, name
        # Only the audit trail has a stream: rows of exports contain filters, which notifications must not.
        assert ("StreamSpecification" in table) == (name == "AuditTable"), name


def test_vpc_contains_only_functions_that_read_the_database(translated):
    functions = _properties_of(translated, "AWS::Lambda::Function")
    readers = {name for name, one in functions.items() if "DATABASE_HOST" in one["Environment"]["Variables"]}
    assert {name for name, one in functions.items() if "VpcConfig" in one} == readers
    rights = {
        name
        for name, statement in _list_statements(translated)
        if {"secretsmanager:GetSecretValue", "rds-db:connect"} & set(statement["Action"])
    }
    assert rights == {f"{name}Role" for name in readers}


@pytest.mark.parametrize("word", ["password", "secret", "token", "key"])
def test_environment_contains_no_secret(translated, word):
    for name, one in _properties_of(translated, "AWS::Lambda::Function").items():
        found_names = {variable for variable in one["Environment"]["Variables"] if word in variable.lower()}
        assert found_names <= {"DATABASE_SECRET_ARN", "AWS_ENDPOINT_URL_SECRETS_MANAGER"}, name


def test_parameters_contain_no_password(translated):
    secret = [name for name in translated["Parameters"] if "password" in name.lower()]
    assert secret == []


def test_resources_have_no_public_endpoint(translated):
    kinds = {resource["Type"] for resource in translated["Resources"].values()}
    assert kinds.isdisjoint({"AWS::Lambda::Url", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"})
    for name, topic in _properties_of(translated, "AWS::SNS::Topic").items():
        assert "KmsMasterKeyId" in topic, name
    for name, rule in _properties_of(translated, "AWS::EC2::SecurityGroup").items():
        assert "0.0.0.0/0" not in json.dumps(rule.get("SecurityGroupIngress", [])), name


def test_alarms_are_documented(root, translated):
    text = (root / "docs/alarms.md").read_text()
    sections = {section.split("\n")[0]: section for section in text.split("\n## ")[1:]}
    assert set(sections) == set(_properties_of(translated, "AWS::CloudWatch::Alarm"))
    for name, section in sections.items():
        for word in ("**Means**", "**Look**", "**Do**"):
            assert word in section, name
