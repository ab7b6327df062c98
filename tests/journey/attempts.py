"""Calls that a compromised function could try: every AWS action of the service, on every kind of resource."""

from collections.abc import Callable
from typing import Any

from local.stack.deploy import STACK_NAME
from local.stack.stack import Stack

from tests.journey.backstage import Backstage

Attempt = Callable[[Callable[[str], Any]], Any]
"""A call, given a function that makes clients (`session.client`)."""

OF_AUDIT_TABLE = " of the audit table"
OF_SAVED_REQUESTS = " of what is saved"
OF_PSEUDONYMS = " of a key of pseudonyms"
KEY_OF_PSEUDONYMS = f"{STACK_NAME}/pseudonyms/attempt"
KEY = {"pk": {"S": "EXPORT#attempt"}}


def list_attempts(stack: Stack, backstage: Backstage) -> dict[str, Attempt]:
    """Return the attempts by action. The name of one on another resource continues with that resource."""
    _make_others(backstage)
    return {
        **_on_table(backstage.table),
        **_on_further_table(backstage.audit_table, {**KEY, "sk": {"S": "attempt"}}, OF_AUDIT_TABLE),
        **_on_further_table(backstage.saved_requests_table, KEY, OF_SAVED_REQUESTS),
        **_on_bucket(backstage.bucket, "exports/attempt/1/x", ""),
        **_on_bucket(backstage.bucket, "elsewhere/x", " beside exports/"),
        **_on_bucket("another-bucket", "exports/attempt/1/x", " in another bucket"),
        **_on_queue(backstage.queue, ""),
        **_on_queue(stack.resource("ExportDeadLetters"), " of dead letters"),
        **_on_secrets(stack.resource("DatabaseSecretArn")),
        **_on_account(stack),
        "dynamodb:GetItem of another table": lambda client: client("dynamodb").get_item(
            TableName="another", Key=KEY
        ),
        "s3:ListBucket without a prefix": lambda client: client("s3").list_objects_v2(
            Bucket=backstage.bucket
        ),
    }


def _make_others(backstage: Backstage) -> None:
    backstage.client("s3").create_bucket(
        Bucket="another-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    for name in ("another", KEY_OF_PSEUDONYMS):
        backstage.client("secretsmanager").create_secret(Name=name, SecretString="{}")
    backstage.client("dynamodb").create_table(
        TableName="another",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )


def _on_table(table: str) -> dict[str, Attempt]:
    where: dict[str, Any] = {"TableName": table}

    def query(index: str) -> Attempt:
        key = {"by_owner": "owner", "by_month": "month", "by_cleanup": "cleanup"}[index]
        return lambda client: client("dynamodb").query(
            **where,
            IndexName=index,
            KeyConditionExpression="#k = :v",
            ExpressionAttributeNames={"#k": key},
            ExpressionAttributeValues={":v": {"S": "x"}},
        )

    return {
        "dynamodb:GetItem": lambda client: client("dynamodb").get_item(**where, Key=KEY),
        "dynamodb:BatchGetItem": lambda client: client("dynamodb").batch_get_item(
            RequestItems={table: {"Keys": [KEY]}}
        ),
        "dynamodb:PutItem": lambda client: client("dynamodb").put_item(**where, Item=KEY),
        "dynamodb:UpdateItem": lambda client: client("dynamodb").update_item(**where, Key=KEY),
        "dynamodb:DeleteItem": lambda client: client("dynamodb").delete_item(**where, Key=KEY),
        "dynamodb:Scan": lambda client: client("dynamodb").scan(**where),
        "dynamodb:Query of the table": lambda client: client("dynamodb").query(
            **where, KeyConditionExpression="pk = :v", ExpressionAttributeValues={":v": {"S": "x"}}
        ),
        "dynamodb:Query": query("by_owner"),
        "dynamodb:BatchWriteItem": lambda client: client("dynamodb").batch_write_item(
            RequestItems={table: [{"DeleteRequest": {"Key": KEY}}]}
        ),
        "dynamodb:DescribeTable": lambda client: client("dynamodb").describe_table(**where),
        "dynamodb:UpdateTimeToLive": lambda client: client("dynamodb").update_time_to_live(
            **where, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
        ),
    }


def _on_further_table(table: str, key: dict[str, Any], words: str) -> dict[str, Attempt]:
    where: dict[str, Any] = {"TableName": table}
    attempts: dict[str, Attempt] = {
        "dynamodb:GetItem": lambda client: client("dynamodb").get_item(**where, Key=key),
        "dynamodb:PutItem": lambda client: client("dynamodb").put_item(**where, Item=key),
        "dynamodb:UpdateItem": lambda client: client("dynamodb").update_item(**where, Key=key),
        "dynamodb:DeleteItem": lambda client: client("dynamodb").delete_item(**where, Key=key),
        "dynamodb:Scan": lambda client: client("dynamodb").scan(**where),
        "dynamodb:Query": lambda client: client("dynamodb").query(
            **where, KeyConditionExpression="pk = :v", ExpressionAttributeValues={":v": {"S": "x"}}
        ),
        "dynamodb:UpdateTimeToLive": lambda client: client("dynamodb").update_time_to_live(
            **where, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
        ),
    }
    return {f"{name}{words}": attempt for name, attempt in attempts.items()}


def _on_bucket(bucket: str, key: str, words: str) -> dict[str, Attempt]:
    where = {"Bucket": bucket, "Key": key}
    upload = {**where, "UploadId": "x"}
    attempts: dict[str, Attempt] = {
        "s3:PutObject": lambda client: client("s3").put_object(**where, Body=b"x"),
        "s3:GetObject": lambda client: client("s3").get_object(**where),
        "s3:DeleteObject": lambda client: client("s3").delete_object(**where),
        "s3:AbortMultipartUpload": lambda client: client("s3").abort_multipart_upload(**upload),
        "s3:ListMultipartUploadParts": lambda client: client("s3").list_parts(**upload),
        "s3:PutObjectAcl": lambda client: client("s3").put_object_acl(**where, ACL="public-read"),
        "s3:PutObjectTagging": lambda client: client("s3").put_object_tagging(
            **where, Tagging={"TagSet": []}
        ),
        "s3:ListBucketMultipartUploads": lambda client: client("s3").list_multipart_uploads(Bucket=bucket),
        "s3:ListBucket": lambda client: client("s3").list_objects_v2(
            Bucket=bucket, Prefix=key.rpartition("/")[0]
        ),
        "s3:PutBucketPolicy": lambda client: client("s3").put_bucket_policy(
            Bucket=bucket, Policy='{"Version": "2012-10-17", "Statement": []}'
        ),
        "s3:GetLifecycleConfiguration": lambda client: client("s3").get_bucket_lifecycle_configuration(
            Bucket=bucket
        ),
    }
    if words == " beside exports/":  # S3 lists uploads of a whole bucket, or of none
        del attempts["s3:ListBucketMultipartUploads"]
    return {f"{name}{words}": attempt for name, attempt in attempts.items()}


def _on_queue(url: str, words: str) -> dict[str, Attempt]:
    attempts: dict[str, Attempt] = {
        "sqs:SendMessage": lambda client: client("sqs").send_message(
            QueueUrl=url, MessageBody="{}", DelaySeconds=900
        ),
        "sqs:ReceiveMessage": lambda client: client("sqs").receive_message(QueueUrl=url),
        "sqs:DeleteMessage": lambda client: client("sqs").delete_message(QueueUrl=url, ReceiptHandle="x"),
        "sqs:ChangeMessageVisibility": lambda client: client("sqs").change_message_visibility(
            QueueUrl=url, ReceiptHandle="x", VisibilityTimeout=0
        ),
        "sqs:GetQueueAttributes": lambda client: client("sqs").get_queue_attributes(QueueUrl=url),
        "sqs:SetQueueAttributes": lambda client: client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": "5400"}
        ),
    }
    return {f"{name}{words}": attempt for name, attempt in attempts.items()}


def _on_secrets(secret: str) -> dict[str, Attempt]:
    return {
        "secretsmanager:GetSecretValue": lambda client: client("secretsmanager").get_secret_value(
            SecretId=secret
        ),
        "secretsmanager:GetSecretValue of another": lambda client: client("secretsmanager").get_secret_value(
            SecretId="another"
        ),
        "secretsmanager:CreateSecret": lambda client: client("secretsmanager").create_secret(
            Name="attempt", SecretString="{}"
        ),
        f"secretsmanager:GetSecretValue{OF_PSEUDONYMS}": lambda client: client(
            "secretsmanager"
        ).get_secret_value(SecretId=KEY_OF_PSEUDONYMS),
        "secretsmanager:PutSecretValue": lambda client: client("secretsmanager").put_secret_value(
            SecretId=KEY_OF_PSEUDONYMS, SecretBinary=b"x"
        ),
        "secretsmanager:DeleteSecret": lambda client: client("secretsmanager").delete_secret(
            SecretId=KEY_OF_PSEUDONYMS
        ),
        "secretsmanager:ListSecrets": lambda client: client("secretsmanager").list_secrets(),
        "secretsmanager:DescribeSecret": lambda client: client("secretsmanager").describe_secret(
            SecretId=secret
        ),
    }


def _on_account(stack: Stack) -> dict[str, Attempt]:
    pool, worker = stack.resource("UserPool"), stack.resource("RunExport")
    role = stack.resource("DownloadExportRole")
    return {
        "cognito-idp:ListUsers": lambda client: client("cognito-idp").list_users(UserPoolId=pool),
        "cognito-idp:AdminAddUserToGroup": lambda client: client("cognito-idp").admin_add_user_to_group(
            UserPoolId=pool, Username="physicist", GroupName="exportgroup"
        ),
        "cognito-idp:AdminGetUser": lambda client: client("cognito-idp").admin_get_user(
            UserPoolId=pool, Username="physicist"
        ),
        "cognito-idp:AdminDisableUser": lambda client: client("cognito-idp").admin_disable_user(
            UserPoolId=pool, Username="nobody-of-this-name"
        ),
        "scheduler:DeleteSchedule": lambda client: client("scheduler").delete_schedule(
            GroupName=stack.resource("ScheduleGroup"), Name="attempt"
        ),
        "scheduler:DeleteSchedule of another group": lambda client: client("scheduler").delete_schedule(
            GroupName="default", Name="attempt"
        ),
        "scheduler:ListSchedules": lambda client: client("scheduler").list_schedules(),
        "lambda:InvokeFunction": lambda client: client("lambda").invoke(
            FunctionName=worker, InvocationType="DryRun"
        ),
        "lambda:GetFunctionConfiguration": lambda client: client("lambda").get_function_configuration(
            FunctionName=worker
        ),
        "iam:GetRole": lambda client: client("iam").get_role(RoleName=role),
        "iam:PutRolePolicy": lambda client: client("iam").put_role_policy(
            RoleName=role, PolicyName="no-such", PolicyDocument="{}"
        ),
        "cloudformation:DescribeStacks": lambda client: client("cloudformation").describe_stacks(),
    }
