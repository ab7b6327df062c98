"""Deploy template.yaml to MiniStack as CloudFormation would, and restore settings that MiniStack drops."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import botocore.loaders  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]

from local.stack import build, lower
from local.stack.intrinsics import resolve
from local.stack.lower import Json

REGION = "eu-west-2"
STACK_NAME = "doseexport"
_CODE_BUCKET = "doseexport-code"
_CREATE_SECONDS = 120


class DeployError(RuntimeError):
    """The stack could not be created or differs from the template. The text says how."""


_get_loader = cache(botocore.loaders.create_loader)


def make_session() -> Any:
    """Return a session of botocore. All sessions share the descriptions of AWS's services.

    To read these takes most of the time that it takes to make a client.
    """
    session = botocore.session.get_session()
    session.register_component("data_loader", _get_loader())
    return session


class Cloud:
    """AWS clients that connect to the local stack only, whatever the machine's own AWS settings are.

    With the stack's own keys, everything is allowed.
    """

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None = None) -> None:
        """Connect to `endpoint` with these keys."""
        self.endpoint = endpoint
        self._session = boto3.session.Session(
            key, secret, token, region_name=REGION, botocore_session=make_session()
        )
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        # Ignore the machine's proxy, and sign links with the current S3 signature version.
        config = Config(
            proxies={},
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 2},
        )
        return self._session.client(service, endpoint_url=self.endpoint, config=config)


@dataclass(frozen=True)
class Deployment:
    """A deployed stack: its template, the values of its logical names, and its outputs."""

    template: Json
    values: dict[str, str]
    outputs: dict[str, str]

    def of_type(self, resource_type: str) -> Iterator[tuple[str, Json]]:
        """Yield the physical id and the properties of every existing resource of this type."""
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == resource_type and name in self.values:
                yield self.values[name], resource.get("Properties", {})

    def resolve(self, value: Any) -> Any:
        """Return the value with its references and functions replaced."""
        return resolve(value, self.template, self.values)


def deploy(
    cloud: Cloud, template: Path, parameters: dict[str, str], sslmode: str, layers: Path
) -> Deployment:
    """Package, translate and create the SAM template, then restore what MiniStack drops.

    `layers` is the folder into which the layers are unpacked.
    """
    source = lower.read(template)
    cloud.client("s3").create_bucket(
        Bucket=_CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    _upload_code(cloud, source, template.parent, layers)
    lowered = lower.lower(lower.translate(source, parameters, REGION), sslmode, cloud.endpoint)
    deployment = _create(cloud, lowered, parameters)
    _restore_settings(cloud, deployment)
    return deployment


def _upload_code(cloud: Cloud, template: Json, root: Path, layers: Path) -> None:
    """Upload every layer and function to S3 and set their URIs in the template, as `sam package` does."""
    keys = {"AWS::Serverless::LayerVersion": "ContentUri", "AWS::Serverless::Function": "CodeUri"}
    for name, resource in template["Resources"].items():
        if key := keys.get(resource["Type"]):
            source = root / resource["Properties"][key]
            is_layer = key == "ContentUri"
            content = build.unpack_layer(source, layers / name) if is_layer else build.build_function(source)
            cloud.client("s3").put_object(Bucket=_CODE_BUCKET, Key=f"{name}.zip", Body=content)
            resource["Properties"][key] = f"s3://{_CODE_BUCKET}/{name}.zip"


def _create(cloud: Cloud, template: Json, parameters: dict[str, str]) -> Deployment:
    formation = cloud.client("cloudformation")
    declared = template.get("Parameters", {})
    body = json.dumps(template).encode()
    cloud.client("s3").put_object(Bucket=_CODE_BUCKET, Key="template.json", Body=body)
    formation.create_stack(
        StackName=STACK_NAME,
        TemplateURL=f"{cloud.endpoint}/{_CODE_BUCKET}/template.json",
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in parameters.items()
            if key in declared
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = _wait_until_created(cloud)
    values = {key: str(value["Default"]) for key, value in declared.items() if "Default" in value}
    values |= parameters
    for page in formation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME):
        for found in page["StackResourceSummaries"]:
            values[found["LogicalResourceId"]] = found["PhysicalResourceId"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Deployment(template, values, outputs)


def _wait_until_created(cloud: Cloud) -> Json:
    formation = cloud.client("cloudformation")
    deadline = time.monotonic() + _CREATE_SECONDS
    while time.monotonic() < deadline:
        stack: Json = formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return stack
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.05)
    events = formation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"] == "CREATE_FAILED"
    ]
    raise DeployError("The stack could not be created.\n" + "\n".join(reasons or [stack["StackStatus"]]))


def _restore_settings(cloud: Cloud, deployment: Deployment) -> None:
    """Set the properties that MiniStack's CloudFormation silently drops, or stores as text."""
    _restore_storage_settings(cloud, deployment)
    for api, properties in deployment.of_type("AWS::ApiGatewayV2::Api"):
        if cors := deployment.resolve(properties.get("CorsConfiguration")):
            cloud.client("apigatewayv2").update_api(ApiId=api, CorsConfiguration=cors)
    for source, properties in deployment.of_type("AWS::Lambda::EventSourceMapping"):
        if scaling := deployment.resolve(properties.get("ScalingConfig")):
            # A number from a parameter stays a text, and then MiniStack never reads the queue.
            numbers = {key: int(value) for key, value in scaling.items()}
            cloud.client("lambda").update_event_source_mapping(UUID=source, ScalingConfig=numbers)
    for function, properties in deployment.of_type("AWS::Lambda::Function"):
        if reserved := deployment.resolve(properties.get("ReservedConcurrentExecutions")):
            cloud.client("lambda").put_function_concurrency(
                FunctionName=function, ReservedConcurrentExecutions=int(reserved)
            )


def _restore_storage_settings(cloud: Cloud, deployment: Deployment) -> None:
    for table, properties in deployment.of_type("AWS::DynamoDB::Table"):
        if specification := properties.get("TimeToLiveSpecification"):
            cloud.client("dynamodb").update_time_to_live(
                TableName=table, TimeToLiveSpecification=deployment.resolve(specification)
            )
    for bucket, properties in deployment.of_type("AWS::S3::Bucket"):
        if lifecycle := properties.get("LifecycleConfiguration"):
            rules = [_make_lifecycle_rule(rule) for rule in deployment.resolve(lifecycle)["Rules"]]
            cloud.client("s3").put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration={"Rules": rules}
            )


def _make_lifecycle_rule(rule: Json) -> Json:
    """Return a CloudFormation lifecycle rule in the form of the S3 API."""
    converted: Json = {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "ExpirationInDays" in rule:
        converted["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    for key in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if key in rule:
            converted[key] = {name: int(value) for name, value in rule[key].items()}
    return converted
