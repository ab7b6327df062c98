"""Deploy template.yaml to MiniStack as CloudFormation would, and set again what MiniStack drops."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]

from local.stack import build, lower
from local.stack.intrinsics import resolve
from local.stack.lower import Json

REGION = "eu-west-2"
STACK_NAME = "doseexport"
_CODE_BUCKET = "doseexport-code"
_CREATE_SECONDS = 120


class DeployError(RuntimeError):
    """The stack is not as the template says; the text names what is missing."""


class Cloud:
    """Clients with some keys; with the local stack's own, everything is allowed."""

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None = None) -> None:
        """Speak to `endpoint` as whoever has these keys."""
        self.endpoint = endpoint
        self._session = boto3.session.Session(key, secret, token, region_name=REGION)
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        # A proxy of the machine is not asked, and a link is signed as S3 wants it today.
        config = Config(
            proxies={},
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 2},
        )
        return self._session.client(service, endpoint_url=self.endpoint, config=config)


@dataclass(frozen=True)
class Deployment:
    """A deployed stack: the template that was created, and what its names became."""

    template: Json
    values: dict[str, str]
    outputs: dict[str, str]

    def of_type(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Yield physical id and properties of every resource of that type that exists."""
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == kind and name in self.values:
                yield self.values[name], resource.get("Properties", {})

    def resolve(self, value: Any) -> Any:
        """Replace references by what they stand for."""
        return resolve(value, self.template, self.values)


def deploy(cloud: Cloud, template: Path, parameters: dict[str, str], sslmode: str) -> Deployment:
    """Package, translate, create, repair and check; `template` is a SAM template."""
    source = lower.read(template)
    cloud.client("s3").create_bucket(
        Bucket=_CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    _upload_code(cloud, source, template.parent)
    lowered = lower.lower(lower.translate(source, parameters, REGION), sslmode, cloud.endpoint)
    deployment = _create(cloud, lowered, parameters)
    repair(cloud, deployment)
    return deployment


def _upload_code(cloud: Cloud, template: Json, root: Path) -> None:
    """Put every layer and function into S3, and let the template point there, as `sam package` does."""
    makers = {
        "AWS::Serverless::LayerVersion": ("ContentUri", build.layer),
        "AWS::Serverless::Function": ("CodeUri", build.function),
    }
    for name, resource in template["Resources"].items():
        if resource["Type"] in makers:
            key, make = makers[resource["Type"]]
            content = make(root / resource["Properties"][key])
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
    raise DeployError("the stack could not be created\n" + "\n".join(reasons or [stack["StackStatus"]]))


def repair(cloud: Cloud, deployment: Deployment) -> None:
    """Set what MiniStack's CloudFormation drops without a word, and what it takes for text."""
    _repair_stores(cloud, deployment)
    for api, properties in deployment.of_type("AWS::ApiGatewayV2::Api"):
        if cors := deployment.resolve(properties.get("CorsConfiguration")):
            cloud.client("apigatewayv2").update_api(ApiId=api, CorsConfiguration=cors)
    for source, properties in deployment.of_type("AWS::Lambda::EventSourceMapping"):
        if scaling := deployment.resolve(properties.get("ScalingConfig")):
            # A number that comes from a parameter stays a text, and the queue is never read.
            numbers = {key: int(value) for key, value in scaling.items()}
            cloud.client("lambda").update_event_source_mapping(UUID=source, ScalingConfig=numbers)
    for function, properties in deployment.of_type("AWS::Lambda::Function"):
        if reserved := deployment.resolve(properties.get("ReservedConcurrentExecutions")):
            cloud.client("lambda").put_function_concurrency(
                FunctionName=function, ReservedConcurrentExecutions=int(reserved)
            )


def _repair_stores(cloud: Cloud, deployment: Deployment) -> None:
    for table, properties in deployment.of_type("AWS::DynamoDB::Table"):
        if specification := properties.get("TimeToLiveSpecification"):
            cloud.client("dynamodb").update_time_to_live(
                TableName=table, TimeToLiveSpecification=deployment.resolve(specification)
            )
    for bucket, properties in deployment.of_type("AWS::S3::Bucket"):
        if lifecycle := properties.get("LifecycleConfiguration"):
            rules = [lifecycle_rule(rule) for rule in deployment.resolve(lifecycle)["Rules"]]
            cloud.client("s3").put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration={"Rules": rules}
            )


def lifecycle_rule(rule: Json) -> Json:
    """Say a CloudFormation lifecycle rule as S3's own interface does."""
    said: Json = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        said["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    for key in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if key in rule:
            said[key] = {name: int(value) for name, value in rule[key].items()}
    return said
