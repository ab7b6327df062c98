"""Routes, authorizer, access log and people."""

import ast
import re

import pytest

from doseexport.domain.rights import SCOPES

ROUTES = {
    ("POST", "/exports"): "RequestExport",
    ("GET", "/exports"): "ListExports",
    ("GET", "/exports/{id}"): "GetExport",
    ("POST", "/exports/{id}/abort"): "AbortExport",
    ("POST", "/exports/{id}/download"): "DownloadExport",
    ("GET", "/exports/{id}/audit-trail"): "ShowAuditTrail",
    ("PATCH", "/exports/{id}"): "SetRetention",
    ("GET", "/usage"): "ShowUsage",
    ("DELETE", "/exports/{id}"): "DeleteExports",
    ("DELETE", "/exports"): "DeleteExports",
    ("GET", "/export-types"): "ListTypes",
    ("POST", "/exports/preview"): "PreviewExport",
    ("GET", "/schedules"): "ListSchedules",
    ("POST", "/schedules"): "ManageSchedules",
    ("GET", "/schedules/{id}"): "ListSchedules",
    ("PATCH", "/schedules/{id}"): "ManageSchedules",
    ("DELETE", "/schedules/{id}"): "ManageSchedules",
    ("POST", "/schedules/{id}/run"): "RequestExport",
    ("POST", "/presets"): "ManagePresets",
    ("GET", "/presets"): "ManagePresets",
    ("GET", "/presets/{id}"): "ManagePresets",
    ("PATCH", "/presets/{id}"): "ManagePresets",
    ("DELETE", "/presets/{id}"): "ManagePresets",
    ("GET", "/health"): "GetHealth",
    ("GET", "/"): "Web",
    ("GET", "/{file}"): "Web",
}
OPEN = {("GET", "/health"), ("GET", "/"), ("GET", "/{file}")}


def _events(functions, kind):
    for name, properties in functions.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == kind:
                yield name, event["Properties"]


def test_every_route_leads_to_the_function_of_its_name(functions):
    found = {(event["Method"], event["Path"]): name for name, event in _events(functions, "HttpApi")}
    assert found == ROUTES


def test_only_health_and_the_page_need_no_token(translated):
    paths = translated["Resources"]["Api"]["Properties"]["Body"]["paths"]
    security = {
        (method.upper(), path): operation["security"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert set(security) == set(ROUTES)
    assert {route for route, schemes in security.items() if schemes == [{"NONE": []}]} == OPEN
    assert all(security[route] == [{"Cognito": []}] for route in set(ROUTES) - OPEN)


def test_tokens_are_those_of_our_pool_and_our_client(source):
    authorizers = source["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]
    token = authorizers["Cognito"]["JwtConfiguration"]
    with_machine, without = token["audience"]["Fn::If"][1:]
    assert with_machine == [{"Ref": "UserPoolClient"}, {"Ref": "MachineUserPoolClient"}]
    assert without == [{"Ref": "UserPoolClient"}]
    assert "/${UserPool}" in token["issuer"]["Fn::Sub"]


def test_the_access_log_never_holds_a_path_or_a_query(source):
    text = source["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    entry = ast.literal_eval(text)
    assert entry["route"] == "$context.routeKey"
    assert not {"$context.path", "$context.protocol", "$context.extendedRequestId"} & set(entry.values())
    assert "query" not in text.lower()


def test_other_origins_may_call_from_a_browser_only_if_they_are_named(source, translated):
    condition, allowed, otherwise = source["Resources"]["Api"]["Properties"]["CorsConfiguration"]["Fn::If"]
    assert (condition, otherwise) == ("HasFrontEnds", {"Ref": "AWS::NoValue"})
    assert allowed["AllowOrigins"] == {"Fn::Split": [",", {"Ref": "FrontEndOrigins"}]}
    assert "AllowCredentials" not in allowed
    parameter = source["Parameters"]["FrontEndOrigins"]
    assert parameter["Default"] == ""
    # SAM knows nothing of conditions here, and has to pass all of it on.
    body = translated["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert set(body[1]) == {name[0].lower() + name[1:] for name in allowed}


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("FrontEndOrigins", "https://a.example", True),
        ("FrontEndOrigins", "https://a.example:8443,http://127.0.0.1:8000", True),
        ("FrontEndOrigins", "*", False),
        ("FrontEndOrigins", "https://*.example", False),
        ("FrontEndOrigins", "https://a.example/", False),
        ("FrontEndOrigins", "a.example", False),
        ("AdditionalCallbackUrls", "https://a.example/back,https://b.example/", True),
        ("AdditionalCallbackUrls", "https://a.example/*", False),
        ("AppUrl", "https://abc.execute-api.eu-west-2.amazonaws.com", True),
        ("AppUrl", "https://abc.example/", False),
        ("LoginDomainPrefix", "trust-dose-export", True),
        ("LoginDomainPrefix", "Trust.Dose", False),
    ],
)
def test_addresses_are_exact(source, name, value, is_taken):
    assert bool(re.fullmatch(source["Parameters"][name]["AllowedPattern"], value)) is is_taken


def test_calls_are_throttled(source):
    settings = source["Resources"]["Api"]["Properties"]["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"] <= 100


def test_only_an_administrator_makes_accounts(source):
    pool = source["Resources"]["UserPool"]["Properties"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def test_the_client_has_no_secret_and_betrays_no_user(source):
    client = source["Resources"]["UserPoolClient"]["Properties"]
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_passwords_are_taken_only_where_there_is_no_managed_login(source):
    condition, managed, plain = source["Resources"]["UserPoolClient"]["Properties"]["ExplicitAuthFlows"][
        "Fn::If"
    ]
    assert condition == "HasLogin"
    assert managed == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert plain == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def test_managed_login_gives_codes_for_few_scopes_and_returns_to_the_page(source):
    client = source["Resources"]["UserPoolClient"]["Properties"]
    assert client["AllowedOAuthFlows"]["Fn::If"][1] == ["code"]
    # aws.cognito.signin.user.admin would let people write the groups of their own profile.
    assert client["AllowedOAuthScopes"]["Fn::If"][1] == ["openid", "profile"]
    assert client["CallbackURLs"] == client["LogoutURLs"]
    assert client["CallbackURLs"]["Fn::If"][1]["Fn::If"][2] == [{"Fn::Sub": "${AppUrl}/"}]


def test_managed_login_has_a_style_and_the_plan_it_needs(source, resources):
    (domain,) = resources("AWS::Cognito::UserPoolDomain").values()
    (branding,) = resources("AWS::Cognito::ManagedLoginBranding").values()
    assert domain["Properties"]["ManagedLoginVersion"] == 2
    assert branding["Properties"]["ClientId"] == {"Ref": "UserPoolClient"}
    assert domain["Condition"] == branding["Condition"] == "HasLogin"
    assert source["Resources"]["UserPool"]["Properties"]["UserPoolTier"] == "ESSENTIALS"
    assert source["Parameters"]["LoginDomainPrefix"]["Default"] == ""


def test_groups_of_a_provider_are_mapped_only_if_asked_for(source):
    for name in ("ExportClaim", "AdminClaim", "PatientClaim"):
        assert source["Parameters"][name]["Default"] == ""
    for name in ("MapGroups", "MapGroupsPolicy", "MapGroupsPermission"):
        assert source["Resources"][name]["Condition"] == "MapsGroups"
    client = source["Resources"]["UserPoolClient"]["Properties"]["WriteAttributes"]["Fn::If"]
    assert client[0] == "MapsGroups"
    assert set(client[1]) - set(client[2]) == {"custom:groups"}
    trigger = source["Resources"]["UserPool"]["Properties"]["LambdaConfig"]["Fn::If"]
    assert trigger[0] == "MapsGroups"
    assert trigger[1]["PreTokenGenerationConfig"]["LambdaVersion"] == "V2_0"  # both tokens


def test_the_sign_in_trigger_changes_memberships_of_our_pool_and_nothing_else(source, functions):
    assert "Policies" not in functions["MapGroups"]
    rights = source["Resources"]["MapGroupsPolicy"]["Properties"]
    (statement,) = rights["PolicyDocument"]["Statement"]
    assert rights["Roles"] == [{"Ref": "MapGroupsRole"}]
    assert set(statement["Action"]) == {
        "cognito-idp:AdminAddUserToGroup",
        "cognito-idp:AdminRemoveUserFromGroup",
    }
    assert statement["Resource"] == {"Fn::GetAtt": ["UserPool", "Arn"]}
    caller = source["Resources"]["MapGroupsPermission"]["Properties"]
    assert (caller["Principal"], caller["SourceArn"]) == ("cognito-idp.amazonaws.com", statement["Resource"])
    assert functions["MapGroups"]["Timeout"] == 5  # Cognito waits no longer


def test_groups_are_named_as_openrem_names_them(resources):
    groups = resources("AWS::Cognito::UserPoolGroup").values()
    names = {group["Properties"]["GroupName"] for group in groups}
    assert names == {"exportgroup", "admingroup", "pidgroup"}


def test_what_looks_after_things_comes_often_and_ends_before_it_comes_again(functions):
    rhythms = {name: event["ScheduleExpression"] for name, event in _events(functions, "ScheduleV2")}
    assert rhythms == {"SweepExports": "rate(1 minute)", "ReconcileSchedules": "rate(5 minutes)"}
    assert functions["SweepExports"]["Timeout"] < 60
    assert functions["ReconcileSchedules"]["Timeout"] < 300


def test_a_program_signs_in_by_its_secret_alone_and_only_where_it_is_asked_for(source):
    machine = source["Resources"]["MachineUserPoolClient"]
    assert (machine["Condition"], source["Parameters"]["MachineClient"]["Default"]) == ("HasMachineClient", "none")
    properties = machine["Properties"]
    assert properties["GenerateSecret"] is True
    assert properties["AllowedOAuthFlows"] == ["client_credentials"]
    scopes = {scope for entry in source["Mappings"]["MachineScopes"].values() for scope in entry["Scopes"]}
    assert scopes - {"none"} == set(SCOPES)
