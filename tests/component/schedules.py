"""Users in a user pool, and their schedules, for tests."""

from datetime import UTC, datetime

from doseexport.aws.dynamodb.export_indexes import Span
from doseexport.domain.rights import Caller
from tests.component.answers import create_schedule
from tests.fakes import aws_client, run

MONTHLY = {
    "name": "Monthly CT audit",
    "type": "ct-csv",
    "window": "last_month",
    "expression": "cron(0 7 1 * ? *)",
}
DECEMBER = datetime(2026, 12, 1, 7, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, 7, tzinfo=UTC)
FEBRUARY = datetime(2027, 2, 1, 7, tzinfo=UTC)


def join(services, name, *groups):
    """Create a user in these groups and return the caller that their token describes."""
    client, pool = aws_client("cognito-idp"), services.settings.user_pool_id
    user = client.admin_create_user(UserPoolId=pool, Username=name)["User"]
    for group in groups:
        if group not in {found["GroupName"] for found in client.list_groups(UserPoolId=pool)["Groups"]}:
            client.create_group(UserPoolId=pool, GroupName=group)
        client.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    sub = next(each["Value"] for each in user["Attributes"] if each["Name"] == "sub")
    return Caller(sub, name, frozenset(groups))


def leave(services, person, group):
    aws_client("cognito-idp").admin_remove_user_from_group(
        UserPoolId=services.settings.user_pool_id, Username=person.name, GroupName=group
    )


def create(services, owner, **changes):
    """Create a schedule and return it as stored."""
    shown = create_schedule(services, owner, {**MONTHLY, **changes})
    return services.schedules.load(shown["id"])


def exports_of(services, owner):
    """Return all exports of an owner, newest first."""
    page = services.indexes.read_owned(owner.id, Span("2000", "9999"), None, 1000)
    return [services.exports.load(export_id) for export_id in page.ids]


def fail(services, export, code="DISK_FULL"):
    claimed = run(services, export)
    assert services.exports.fail(export.id, claimed.attempt, code, "It failed.", services.clock())


def firing(services, schedule):
    """Return the schedule of EventBridge Scheduler, or None if there is none."""
    client, target = aws_client("scheduler"), services.settings.target
    try:
        return client.get_schedule(Name=schedule.id, GroupName=target.group)
    except client.exceptions.ResourceNotFoundException:
        return None
