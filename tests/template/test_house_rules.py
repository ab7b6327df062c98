"""Rules that hold for every resource of a kind, also for those that SAM writes and for those to come."""

import json

import pytest

SERVICES = {
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
    "cognito-idp.amazonaws.com",
    "apigateway.amazonaws.com",
}


def _list_statements(translated):
    """Every statement of every policy of a role: its own, and managed ones of the stack."""
    for name, resource in translated["Resources"].items():
        properties = resource.get("Properties", {})
        documents = []
        if resource["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        elif resource["Type"] in {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}:
            documents = [properties["PolicyDocument"]]
        for document in documents:
            said = document["Statement"]
            for statement in said if isinstance(said, list) else [said]:
                for one in statement["Fn::If"][1:] if "Fn::If" in statement else [statement]:
                    yield name, one


def _of(resources, kind):
    return {name: one["Properties"] for name, one in resources["Resources"].items() if one["Type"] == kind}


def test_no_right_is_a_star(translated):
    found = list(_list_statements(translated))
    assert len(found) > 15
    for name, statement in found:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], name
        assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), name
        text = json.dumps(statement["Resource"])
        stars = ("/exports/*", "/stream/*", "${ScheduleGroup}/*")
        assert text.count("*") == sum(text.count(star) for star in stars), name
        assert text != '"*"', name


def test_roles_are_taken_by_aws_services_only(translated):
    for name, role in _of(translated, "AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            services = statement["Principal"]["Service"]
            assert set([services] if isinstance(services, str) else services) <= SERVICES, name


def test_functions_are_called_by_aws_services_of_this_stack_only(translated):
    for name, permission in _of(translated, "AWS::Lambda::Permission").items():
        assert permission["Principal"] in SERVICES, name
        assert "SourceArn" in permission, name


def test_every_group_of_logs_ends_and_takes_the_operators_key(translated):
    groups = _of(translated, "AWS::Logs::LogGroup")
    assert set(groups) == {"FunctionLogs", "ApiLogs"}
    for name, group in groups.items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
        assert "KmsKeyArn" in json.dumps(group["KmsKeyId"]), name


def test_every_queue_is_encrypted_and_has_dead_letters_or_an_alarm(translated):
    queues = _of(translated, "AWS::SQS::Queue")
    alarms = json.dumps(list(_of(translated, "AWS::CloudWatch::Alarm").values()))
    mappings = _of(translated, "AWS::Lambda::EventSourceMapping")
    for name, queue in queues.items():
        assert {"KmsMasterKeyId", "SqsManagedSseEnabled"} <= set(queue), name
        assert f'["{name}", "QueueName"]' in alarms, name
        if name not in {"ExportDeadLetters", "NotificationDeadLetters", "ScheduleDeadLetters"}:
            assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {
                "Fn::GetAtt": ["ExportDeadLetters", "Arn"]
            }
    readers = [mapping["FunctionName"]["Ref"] for mapping in mappings.values()]
    assert sorted(readers) == ["RunExport", "SendNotifications"]
    unsent = mappings["SendNotificationsMapping"]["DestinationConfig"]["OnFailure"]["Destination"]
    assert unsent == {"Fn::GetAtt": ["NotificationDeadLetters", "Arn"]}
    timeout = _of(translated, "AWS::Lambda::Function")["RunExport"]["Timeout"]
    assert timeout < queues["ExportQueue"]["VisibilityTimeout"]


def test_every_bucket_is_closed_encrypted_tidied_and_kept(translated):
    buckets = _of(translated, "AWS::S3::Bucket")
    policies = {
        policy["Bucket"]["Ref"]: policy for policy in _of(translated, "AWS::S3::BucketPolicy").values()
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


def test_every_table_is_protected_and_restorable(translated):
    for name, table in _of(translated, "AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is True, name
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert "SSESpecification" in table, name
        # The trail's stream alone is read: rows of exports hold filters that are nobody's news.
        assert ("StreamSpecification" in table) == (name == "AuditTable"), name


def test_in_the_vpc_is_what_reads_the_database_and_nothing_else(translated):
    functions = _of(translated, "AWS::Lambda::Function")
    readers = {name for name, one in functions.items() if "DATABASE_HOST" in one["Environment"]["Variables"]}
    assert {name for name, one in functions.items() if "VpcConfig" in one} == readers
    rights = {
        name
        for name, statement in _list_statements(translated)
        if {"secretsmanager:GetSecretValue", "rds-db:connect"} & set(statement["Action"])
    }
    assert rights == {f"{name}Role" for name in readers}


@pytest.mark.parametrize("word", ["password", "secret", "token", "key"])
def test_no_environment_holds_a_secret(translated, word):
    for name, one in _of(translated, "AWS::Lambda::Function").items():
        held = {variable for variable in one["Environment"]["Variables"] if word in variable.lower()}
        assert held <= {"DATABASE_SECRET_ARN"}, name


def test_no_parameter_has_a_password(translated):
    secret = [name for name in translated["Parameters"] if "password" in name.lower()]
    assert secret == []


def test_nothing_has_an_address_that_anybody_can_call(translated):
    kinds = {resource["Type"] for resource in translated["Resources"].values()}
    assert kinds.isdisjoint({"AWS::Lambda::Url", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"})
    for name, topic in _of(translated, "AWS::SNS::Topic").items():
        assert "KmsMasterKeyId" in topic, name
    for name, rule in _of(translated, "AWS::EC2::SecurityGroup").items():
        assert "0.0.0.0/0" not in json.dumps(rule.get("SecurityGroupIngress", [])), name


def test_every_alarm_has_its_page(root, translated):
    text = (root / "docs/alarms.md").read_text()
    pages = {page.split("\n")[0]: page for page in text.split("\n## ")[1:]}
    assert set(pages) == set(_of(translated, "AWS::CloudWatch::Alarm"))
    for name, page in pages.items():
        for word in ("**Means**", "**Look**", "**Do**"):
            assert word in page, name
