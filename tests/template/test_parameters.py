"""Wrong parameters are refused with a sentence before anything is created: by patterns, and by rules."""

import re
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from tests.template.rules import evaluate

SECRET = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:openrem-AbCdEf"
RDS = {"DatabaseHost": "openrem.example.eu-west-2.rds.amazonaws.com", "DatabaseResourceId": "db-ABC123"}
VPC = {"VpcId": "vpc-0a1b", "SubnetIds": "subnet-0a1b,subnet-0c2d", "DatabaseSecurityGroupId": "sg-0a1b"}
ON_PREMISES = {
    "DatabaseHost": "openrem.hospital.example",
    "DatabaseSecretArn": SECRET,
    "VpcId": "vpc-0a1b",
    "SubnetIds": "subnet-0a1b",
    "DatabaseCidr": "10.20.30.40/32",
}
LOGIN = {"AppUrl": "https://dose.example.org", "LoginDomainPrefix": "hospital"}


@pytest.fixture(scope="module")
def refuse(source):
    """Return a function that gives the sentences with which CloudFormation refuses these parameters."""

    def sentences(given):
        values = {name: str(one.get("Default", "")) for name, one in source["Parameters"].items()} | given
        broken = [name for name, value in values.items() if not accepts(source["Parameters"][name], value)]
        refused = [source["Parameters"][name]["ConstraintDescription"] for name in broken]
        lists = {name for name, one in source["Parameters"].items() if one["Type"] == "CommaDelimitedList"}
        values = {name: value.split(",") if name in lists else value for name, value in values.items()}
        for rule in source["Rules"].values():
            if evaluate(rule.get("RuleCondition", True), values):
                refused += [
                    each["AssertDescription"]
                    for each in rule["Assertions"]
                    if not evaluate(each["Assert"], values)
                ]
        return refused

    return sentences


def accepts(parameter, value):
    if "AllowedValues" in parameter:
        return value in map(str, parameter["AllowedValues"])
    return re.search(parameter.get("AllowedPattern", ""), value, re.ASCII) is not None


@pytest.mark.parametrize(
    "given",
    [
        RDS | VPC,
        RDS | VPC | {"S3RouteTableIds": "rtb-0a1b"},
        RDS | VPC | {"DynamoDBRouteTableIds": "rtb-0a1b,rtb-0c2d"},
        RDS | VPC | {"DatabaseSecretArn": SECRET, "CreateSecretsEndpoint": "true"},
        RDS | VPC | {"CreateSecretsEndpoint": "true", "PseudonymGroup": "pidgroup"},
        ON_PREMISES,
        ON_PREMISES | LOGIN,
        RDS | VPC | LOGIN | {"MachineClient": "export", "ExportClaim": "Physics"},
        RDS | VPC | {"AppUrl": "https://dose.example.org", "DisableApiUrl": "true"},
        RDS | VPC | {"KmsKeyArn": "arn:aws:kms:eu-west-2:123456789012:key/0a1b-2c"},
        RDS | VPC | {"AlarmTopicArn": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms"},
        RDS | VPC | {"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/path/boundary"},
        RDS | VPC | {"MonthlyBudget": "20", "BudgetEmail": "physics@hospital.example"},
        RDS | VPC | {"TimeZone": "Europe/Amsterdam"},
    ],
)
def test_parameters_of_a_common_case_are_accepted(refuse, given):
    assert refuse(given) == []


def test_samconfig_examples_of_the_document_are_accepted(source, refuse, samconfigs):
    assert len(samconfigs) == 3
    for given in samconfigs.values():
        assert given.keys() - source["Parameters"].keys() == set()
        assert refuse(given) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (RDS | VPC | {"SubnetIds": ""}, "VpcId needs SubnetIds"),
        (RDS | VPC | {"DatabaseSecurityGroupId": ""}, "VpcId needs DatabaseSecurityGroupId, or DatabaseCidr"),
        (RDS | {"SubnetIds": "subnet-0a1b"}, "need VpcId"),
        (RDS | {"DatabaseCidr": "10.0.0.1/32", "DatabaseSecretArn": SECRET}, "need VpcId"),
        (ON_PREMISES | {"DatabaseSecurityGroupId": "sg-0a1b"}, "not both"),
        (
            ON_PREMISES | {"DatabaseSecretArn": "", "DatabaseResourceId": "db-A"},
            "DatabaseCidr needs Database",
        ),
        (VPC | {"DatabaseHost": "db"}, "Set DatabaseSecretArn, or DatabaseResourceId"),
        (RDS | VPC | {"LoginDomainPrefix": "hospital"}, "LoginDomainPrefix needs AppUrl"),
        (RDS | VPC | {"MachineClient": "export"}, "MachineClient needs LoginDomainPrefix"),
        (RDS | VPC | {"PatientClaim": "Physics"}, "Claims need LoginDomainPrefix"),
        (RDS | VPC | {"DisableApiUrl": "true"}, "DisableApiUrl needs AppUrl"),
        (RDS | VPC | {"MonthlyBudget": "20"}, "MonthlyBudget needs BudgetEmail"),
        (RDS | VPC | {"RetentionDays": "180"}, "RetentionDays must not be larger"),
        (RDS | VPC | {"DatabaseHost": "https://db.example.org"}, "DatabaseHost must be a host name"),
        (RDS | VPC | {"DatabaseHost": "db.example.org:5432"}, "DatabaseHost must be a host name"),
        (RDS | VPC | {"DatabaseHost": ""}, "DatabaseHost must be a host name"),
        (RDS | VPC | {"DatabaseResourceId": "openrem"}, "DatabaseResourceId must be"),
        (RDS | VPC | {"DatabaseSecretArn": "openrem"}, "DatabaseSecretArn must be the ARN"),
        (RDS | VPC | {"VpcId": "sg-0a1b"}, "VpcId must be"),
        (RDS | VPC | {"SubnetIds": "subnet-0a1b, subnet-0c2d"}, "SubnetIds must be"),
        (RDS | VPC | {"DatabaseSecurityGroupId": "default"}, "DatabaseSecurityGroupId must be"),
        (ON_PREMISES | {"DatabaseCidr": "10.20.30.40"}, "DatabaseCidr must be an IPv4 range"),
        (ON_PREMISES | {"DatabaseCidr": "0.0.0.0/0"}, "DatabaseCidr must be an IPv4 range"),
        (RDS | VPC | {"S3RouteTableIds": "main"}, "S3RouteTableIds must be"),
        (RDS | VPC | {"DynamoDBRouteTableIds": "rtb-0a1b;rtb-0c2d"}, "DynamoDBRouteTableIds must be"),
        (RDS | VPC | {"TimeZone": "Europe/Londn"}, "TimeZone must be a name of the IANA database"),
        (RDS | VPC | {"AppUrl": "https://dose.example.org/"}, "AppUrl must be an origin"),
        (RDS | VPC | {"KmsKeyArn": "arn:aws:kms:eu-west-2:123456789012:alias/dose"}, "not of an alias"),
        (
            RDS | VPC | {"AlarmTopicArn": "arn:aws:sns:eu-west-2:123456789012:alarms.fifo"},
            "standard SNS topic",
        ),
        (RDS | VPC | {"PermissionsBoundaryArn": "boundary"}, "PermissionsBoundaryArn must be the ARN"),
        (RDS | VPC | {"NotificationEmail": "physics"}, "NotificationEmail must be one email address"),
        (
            RDS | VPC | LOGIN | {"AdditionalCallbackUrls": "https://a b"},
            "AdditionalCallbackUrls must be URLs",
        ),
        (RDS | VPC | {"FrontEndOrigins": "https://a.example/path"}, "FrontEndOrigins must be origins"),
        (RDS | VPC | LOGIN | {"LoginDomainPrefix": "Hospital"}, "LoginDomainPrefix must consist"),
    ],
)
def test_wrong_parameters_are_refused_with_a_sentence(refuse, given, words):
    assert [sentence for sentence in refuse(given) if words in sentence] != []


def test_every_pattern_has_a_sentence(source):
    with_pattern = {name: one for name, one in source["Parameters"].items() if "AllowedPattern" in one}
    silent = [name for name, one in with_pattern.items() if name not in one.get("ConstraintDescription", "")]
    assert silent == []


def test_defaults_match_their_patterns(source):
    for name, parameter in source["Parameters"].items():
        if "AllowedPattern" in parameter and "Default" in parameter:
            assert re.search(parameter["AllowedPattern"], parameter["Default"]), name


def test_previews_reserve_no_concurrency_by_default(source):
    # Accounts whose limit is 10 cannot reserve any, and their first deployment would fail.
    assert source["Parameters"]["PreviewConcurrency"]["Default"] == 0


def test_time_zones_are_known_to_the_functions(source):
    zones = source["Parameters"]["TimeZone"]["AllowedValues"]
    assert [ZoneInfo(zone).key for zone in zones] == zones
    assert zones == [zones[0], *sorted(set(zones[1:]))]


def test_retention_rule_rejects_default_above_maximum(source):
    (assertion,) = source["Rules"]["RetentionWithinMaximum"]["Assertions"]
    days = source["Parameters"]["RetentionDays"]["AllowedValues"]
    assert days == source["Parameters"]["MaxRetentionDays"]["AllowedValues"]
    for default, maximum in product(days, days):
        values = {"RetentionDays": default, "MaxRetentionDays": maximum}
        assert evaluate(assertion["Assert"], values) is (int(default) <= int(maximum)), values
