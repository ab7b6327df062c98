"""docs/deployer-policy.json: it suffices to deploy the template, and it reads no data."""

import copy
import json
import re
from fnmatch import fnmatchcase

import pytest

from tests.template.deployer_actions import (
    ACCOUNT,
    ACTIONS,
    EXAMPLES,
    EXAMPLES_BY_TYPE,
    WITH_BOUNDARY,
    WITHOUT_RESOURCE,
)

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


def list_examples(kind, action):
    """Return the ARNs that AWS may check this action against."""
    if action in WITHOUT_RESOURCE:
        return ["*"]
    service = EXAMPLES[action.split(":")[0]]
    return [EXAMPLES_BY_TYPE.get(kind, service), service]


def test_deployer_policy_covers_every_type_of_the_template(policy, translated):
    types = {resource["Type"] for resource in translated["Resources"].values()}
    assert types - set(ACTIONS) == set(), "add what CloudFormation needs for this type to deployer_actions.py"
    missing = [
        (kind, action)
        for kind in sorted(types)
        for action in ACTIONS[kind].split()
        if not any(allows(policy, action, arn) for arn in list_examples(kind, action))
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
        ("cognito-idp:DescribeIdentityProvider", EXAMPLES["cognito-idp"]),
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


def test_deployer_policy_fits_with_the_condition_on_a_boundary(policy):
    by_sid = {statement["Sid"]: statement for statement in policy["Statement"]}
    bounded = copy.deepcopy(by_sid.pop("RightsOfRoles"))
    assert set(bounded["Action"]) == WITH_BOUNDARY
    elsewhere = {"Statement": list(by_sid.values())}
    assert not any(allows(elsewhere, action, EXAMPLES["iam"]) for action in WITH_BOUNDARY)
    boundary = "arn:aws:iam::123456789012:policy/" + "x" * 60
    bounded["Condition"] = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    bounded["Action"].remove("iam:DeleteRolePermissionsBoundary")
    changed = {"Version": policy["Version"], "Statement": [bounded, *by_sid.values()]}
    assert len(re.sub(r"\s", "", json.dumps(changed))) <= LIMIT


def test_deployer_policy_fits_into_a_managed_policy(policy):
    assert len(re.sub(r"\s", "", json.dumps(policy))) <= LIMIT
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])
