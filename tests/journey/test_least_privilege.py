"""Each function's role has exactly the rights it needs: with them it works, nothing else is allowed,
and without any one of them it does not work."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from local.stack import build, lower
from local.stack.stack import Stack

from doseexport.errors import DoseExportError
from tests.journey.attempts import OF_AUDIT_TABLE, OF_PSEUDONYMS, OF_SAVED_REQUESTS, Attempt, list_attempts
from tests.journey.backstage import Backstage
from tests.journey.happy_paths import HAPPY, UNTRIED, Scene
from tests.journey.role import Role, SharedClients, list_removals

FAILURES = (AssertionError, ClientError, DoseExportError, KeyError, TypeError)
"""What a function, or its test, ends with for lack of a right."""
FUNCTIONS = [
    name
    for name, resource in lower.read(build.ROOT / "template.yaml")["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function" and "Condition" not in resource
]


@pytest.fixture(scope="module", autouse=True)
def _undisturbed(stack: Stack) -> Iterator[None]:
    """Stop the workers, the sweep and the reconciliation of the stack itself meanwhile."""
    mapping = stack.resource("RunExportMapping")
    stack.cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    _switch_rhythms(stack, "DISABLED")
    yield
    _switch_rhythms(stack, "ENABLED")
    stack.cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)


def _switch_rhythms(stack: Stack, state: str) -> None:
    client = stack.cloud.client("scheduler")
    found = client.list_schedules(GroupName="default")["Schedules"]
    assert len(found) == 3, "the sweep, the reconciliation, and the daily call of previews"
    for each in found:
        plan = client.get_schedule(Name=each["Name"])
        names = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        unchanged = {name: plan[name] for name in names}
        client.update_schedule(**unchanged, State=state)


@pytest.fixture
def scene(backstage: Backstage) -> Iterator[Scene]:
    """Check that no export is left, for which the sweep would start a worker in other tests."""
    before = backstage.states().keys()
    made = Scene(backstage)
    yield made
    made.clear()
    # The worker also keeps which version of OpenREM it has seen.
    assert backstage.states().keys() <= {*before, "OPENREM"}


@pytest.fixture(scope="module")
def roles(stack: Stack) -> dict[str, Role]:
    session = SharedClients()
    return {function: Role(stack, function, session) for function in HAPPY}


@pytest.fixture(scope="module")
def attempts(stack: Stack, backstage: Backstage) -> dict[str, Attempt]:
    return list_attempts(stack, backstage)


def test_role_of_every_function_with_rights_is_tried(stack: Stack) -> None:
    resources = stack.deployment.template["Resources"]
    with_rights = {
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
        and resources[f"{name}Role"]["Properties"].get("Policies")
    }
    assert with_rights == set(HAPPY)


@pytest.mark.parametrize("function", HAPPY)
def test_role_works_and_without_any_one_right_does_not(
    roles: dict[str, Role], scene: Scene, function: str
) -> None:
    role = roles[function]
    removals = [
        (policy, *removal) for policy, whole in role.policies.items() for removal in list_removals(whole)
    ]
    assert removals
    for policy, removed, less in removals:
        if removed in UNTRIED:
            continue
        role.denied.clear()
        with role.without(policy, less), suppress(*FAILURES):
            HAPPY[function](role, scene)
        scene.clear()  # the sweep and the reconciliation read all rows each time
        missed = role.denied if removed.startswith("arn:") else [one for one in role.denied if one == removed]
        assert missed, f"{function} does not need {removed}"
    role.denied.clear()
    HAPPY[function](role, scene)
    assert role.denied == []


def _name_table(resource: str, backstage: Backstage) -> str:
    """What an attempt's name ends with, by the table that a statement is about."""
    if "/pseudonyms/" in resource:
        return OF_PSEUDONYMS
    if resource.endswith(f"/{backstage.audit_table}"):
        return OF_AUDIT_TABLE
    return OF_SAVED_REQUESTS if f"/{backstage.saved_requests_table}" in resource else ""


@pytest.mark.parametrize("function", HAPPY)
def test_role_allows_nothing_else(
    roles: dict[str, Role], backstage: Backstage, attempts: dict[str, Attempt], function: str
) -> None:
    role = roles[function]
    granted = {
        action + _name_table(str(one["Resource"]), backstage)
        for whole in role.policies.values()
        for one in whole["Statement"]
        for action in one["Action"]
    }
    with role.assumed():
        for name, attempt in attempts.items():
            if name not in granted:
                with pytest.raises(ClientError) as caught:
                    attempt(role.session.client)
                assert "AccessDenied" in caught.value.response["Error"]["Code"], name


def test_role_with_all_rights_could_make_every_attempt(
    backstage: Backstage, attempts: dict[str, Attempt]
) -> None:
    refused = {}
    for name, attempt in attempts.items():
        try:
            attempt(backstage.client)
        except ClientError as error:
            refused[name] = error.response["Error"]["Code"]
    assert {name: code for name, code in refused.items() if "AccessDenied" in code} == {}
