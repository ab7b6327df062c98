"""Check that the deployed stack matches the template.

MiniStack reports CREATE_COMPLETE even if it drops settings.
"""

from collections.abc import Callable, Iterator
from typing import Any

from local.stack.deploy import Cloud, DeployError, Deployment


def check(cloud: Cloud, deployment: Deployment) -> None:
    """Compare routes, authorizers, indexes, time to live, lifecycle and event sources with the template."""
    differences = [line for compare in _COMPARISONS for line in compare(cloud, deployment)]
    if differences:
        raise DeployError("The deployed stack differs from the template.\n" + "\n".join(differences))


def _compare(name: str, expected: Any, found: Any) -> Iterator[str]:
    if expected != found:
        yield f"{name}: the template has {expected}, the stack has {found}"


def _compare_routes(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    for api, _ in deployment.of_type("AWS::ApiGatewayV2::Api"):
        found = cloud.client("apigatewayv2").get_routes(ApiId=api, MaxResults="500")["Items"]
        expected = {
            route["RouteKey"]: route["AuthorizationType"]
            for _, route in deployment.of_type("AWS::ApiGatewayV2::Route")
            if deployment.resolve(route["ApiId"]) == api
        }
        yield from _compare(
            "routes", expected, {route["RouteKey"]: route["AuthorizationType"] for route in found}
        )
        if not expected:
            yield f"routes: API {api} has none"


def _compare_authorizers(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    for identifier, expected in deployment.of_type("AWS::ApiGatewayV2::Authorizer"):
        api = deployment.resolve(expected["ApiId"])
        found = cloud.client("apigatewayv2").get_authorizer(ApiId=api, AuthorizerId=identifier)
        settings = found["JwtConfiguration"]
        if not settings["Issuer"].startswith("https://") or not all(settings["Audience"]):
            yield f"authorizer {expected['Name']}: accepts tokens of {settings}"


def _compare_tables(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    client = cloud.client("dynamodb")
    for table, expected in deployment.of_type("AWS::DynamoDB::Table"):
        found = client.describe_table(TableName=table)["Table"]
        yield from _compare(
            f"indexes of {table}",
            {index["IndexName"]: index["KeySchema"] for index in expected.get("GlobalSecondaryIndexes", [])},
            {index["IndexName"]: index["KeySchema"] for index in found.get("GlobalSecondaryIndexes", [])},
        )
        ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        yield from _compare(
            f"time to live of {table}",
            expected.get("TimeToLiveSpecification", {}).get("AttributeName"),
            ttl.get("AttributeName") if ttl["TimeToLiveStatus"] == "ENABLED" else None,
        )


def _compare_buckets(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    for bucket, properties in deployment.of_type("AWS::S3::Bucket"):
        if expected := properties.get("LifecycleConfiguration"):
            found = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
            yield from _compare(
                f"lifecycle of {bucket}",
                {rule["Id"] for rule in expected["Rules"]},
                {rule["ID"] for rule in found},
            )


def _compare_event_sources(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    for identifier, expected in deployment.of_type("AWS::Lambda::EventSourceMapping"):
        found = cloud.client("lambda").get_event_source_mapping(UUID=identifier)
        yield from _compare("event source", "Enabled", found["State"])
        for key in ("BatchSize", "ScalingConfig", "FunctionResponseTypes"):
            if key in expected:
                setting = _to_numbers(deployment.resolve(expected[key]))
                yield from _compare(f"event source's {key}", setting, _to_numbers(found.get(key)))


def _to_numbers(value: Any) -> Any:
    """Return a mapping's values as numbers, because CloudFormation passes numeric parameters as text."""
    return {key: int(item) for key, item in value.items()} if isinstance(value, dict) else value


def _compare_functions(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    for name, expected in deployment.of_type("AWS::Lambda::Function"):
        found = cloud.client("lambda").get_function_configuration(FunctionName=name)
        yield from _compare(
            f"layers of {name}", len(expected.get("Layers", [])), len(found.get("Layers", []))
        )
        if not found["CodeSize"]:
            yield f"code of {name}: empty"
        reserved = cloud.client("lambda").get_function_concurrency(FunctionName=name)
        setting = deployment.resolve(expected.get("ReservedConcurrentExecutions"))
        yield from _compare(
            f"reserved concurrency of {name}",
            None if setting is None else int(setting),
            reserved.get("ReservedConcurrentExecutions"),
        )


_COMPARISONS: tuple[Callable[[Cloud, Deployment], Iterator[str]], ...] = (
    _compare_routes,
    _compare_authorizers,
    _compare_tables,
    _compare_buckets,
    _compare_event_sources,
    _compare_functions,
)
