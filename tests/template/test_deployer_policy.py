"""docs/deployer-policy.json: it suffices to deploy the template, and it reads no data."""

import json
import re
from fnmatch import fnmatchcase

import pytest

from tests.template.deployer_actions import ACCOUNT, ACTIONS, EXAMPLES, EXAMPLES_BY_TYPE

LIMIT = 6144  # characters of a managed policy, without white space


@pytest.fixture(scope="module")
def policy(root):
    return json.loads((root / "docs/deployer-policy.json").read_text())


def _list(value):
    return value if isinstance(value, list) else [value]


def allows(policy, action, arn):
    return any(
        any(fnmatchcase(action.lower(), allowed.lower()) for allowed in _list(statement["Action"]))
        and any(fnmatchcase(arn, resource) for resource in _list(statement["Resource"]))
        for statement in policy["Statement"]
    )


def test_deployer_policy_covers_every_type_of_the_template(policy, translated):
    types = {resource["Type"] for resource in translated["Resources"].values()}
    assert types - set(ACTIONS) == set(), "add what CloudFormation needs for this type to deployer_actions.py"
    missing = [
        (kind, action)
        for kind in sorted(types)
        for action in ACTIONS[kind].split()
        if not allows(policy, action, EXAMPLES_BY_TYPE.get(kind, EXAMPLES[action.split(":")[0]]))
        and not allows(policy, action, EXAMPLES[action.split(":")[0]])
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{ACCOUNT}:stack/doseexport-staging/1"),
        ("cloudformation:CreateChangeSet", "arn:aws:cloudformation:x:aws:transform/Serverless-2016-10-31"),
        ("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-a1/doseexport/x"),
        ("logs:CreateLogGroup", f"arn:aws:logs:{ACCOUNT}:log-group:/aws/vendedlogs/doseexport/api"),
        ("lambda:GetAccountSettings", "*"),
    ],
)
def test_deployer_policy_covers_what_sam_does(policy, action, arn):
    assert allows(policy, action, arn)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("dynamodb:GetItem", EXAMPLES["dynamodb"]),
        ("dynamodb:Scan", EXAMPLES["dynamodb"]),
        ("dynamodb:ExportTableToPointInTime", EXAMPLES["dynamodb"]),
        ("s3:GetObject", EXAMPLES["s3"] + "/exports/x"),
        ("s3:ListBucket", EXAMPLES["s3"]),
        ("secretsmanager:GetSecretValue", "*"),
        ("rds-db:connect", "*"),
        ("lambda:InvokeFunction", EXAMPLES["lambda"]),
        ("cognito-idp:AdminCreateUser", EXAMPLES["cognito-idp"]),
        ("cognito-idp:AdminAddUserToGroup", EXAMPLES["cognito-idp"]),
        ("logs:GetLogEvents", EXAMPLES["logs"]),
        ("logs:FilterLogEvents", EXAMPLES["logs"]),
        ("sqs:ReceiveMessage", EXAMPLES["sqs"]),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/doseexport"),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/administrator"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/administrator"),
    ],
)
def test_deployer_policy_reads_no_data_and_changes_no_other_role(policy, action, arn):
    assert not allows(policy, action, arn)


def test_deployer_policy_fits_into_a_managed_policy(policy):
    assert len(re.sub(r"\s", "", json.dumps(policy))) <= LIMIT
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])
