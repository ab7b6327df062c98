"""What each function's role may do, tried with the role itself: permissions are enforced here."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from local.cloud import Cloud
from local.service import fetch
from local.stack import Stack
from tests.journey.backstage import Backstage

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}


@pytest.fixture(scope="module")
def as_role_of(stack: Stack) -> Callable[[str], Cloud]:
    """Clients with a function's rights: a role with the same policies that the tests may take."""

    def take(function: str) -> Cloud:
        role = stack.resource(f"{function}Role")
        stack.cloud.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(TRUST))
        arn = stack.cloud.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        taken = stack.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return Cloud(
            stack.cloud.endpoint, taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]
        )

    return take


def denied(act: Callable[..., Any], **arguments: object) -> bool:
    try:
        act(**arguments)
    except ClientError as refused:
        return "AccessDenied" in refused.response["Error"]["Code"]
    return False


@pytest.fixture(scope="module")
def finished(stack: Stack) -> str:
    """A file where exports' files lie."""
    key = "exports/rights/1/ct-csv.csv"
    stack.cloud.client("s3").put_object(Bucket=stack.resource("Bucket"), Key=key, Body=b"x")
    return key


READERS = {"RunExport", "PreviewExport"}
FUNCTIONS = [
    "RequestExport",
    "ListExports",
    "GetExport",
    "AbortExport",
    "DownloadExport",
    "DeleteExports",
    "GetHealth",
    "Web",
    "ListTypes",
    "PreviewExport",
    "RunExport",
    "SweepExports",
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_the_download_reads_files(
    function: str, as_role_of: Callable[[str], Cloud], backstage: Backstage, finished: str
) -> None:
    s3 = as_role_of(function).client("s3")
    assert denied(s3.get_object, Bucket=backstage.bucket, Key=finished) == (function != "DownloadExport")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_what_reads_the_database_knows_its_password(
    function: str, as_role_of: Callable[[str], Cloud], stack: Stack
) -> None:
    secrets = as_role_of(function).client("secretsmanager")
    secret = stack.resource("DatabaseSecretArn")
    assert denied(secrets.get_secret_value, SecretId=secret) == (function not in READERS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_scans_the_table_or_deletes_rows(
    function: str, as_role_of: Callable[[str], Cloud], backstage: Backstage
) -> None:
    dynamodb = as_role_of(function).client("dynamodb")
    assert denied(dynamodb.scan, TableName=backstage.table)
    assert denied(dynamodb.delete_item, TableName=backstage.table, Key={"pk": {"S": "EXPORT#x"}})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_asking_and_the_sweep_send_messages(
    function: str, as_role_of: Callable[[str], Cloud], backstage: Backstage
) -> None:
    sqs = as_role_of(function).client("sqs")
    refused = denied(sqs.send_message, QueueUrl=backstage.queue, MessageBody="{}", DelaySeconds=900)
    backstage.client("sqs").purge_queue(QueueUrl=backstage.queue)
    assert refused == (function not in {"RequestExport", "SweepExports"})


def test_the_bucket_is_private(stack: Stack, backstage: Backstage, finished: str) -> None:
    assert fetch(f"{stack.cloud.endpoint}/{backstage.bucket}/{finished}").status == 403
