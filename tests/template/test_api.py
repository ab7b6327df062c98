"""Check routes, authorizer, access log, user pool and groups."""

import ast
import re

import pytest

from doseexport.domain.rights import RIGHTS_OF_SCOPES
from tests.template.rules import accepts

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
    ("POST", "/exports/preview/rows"): "PreviewExport",
    ("GET", "/suggestions"): "PreviewExport",
    ("GET", "/schedules"): "ListSchedules",
    ("POST", "/schedules"): "ManageSchedules",
    ("GET", "/schedules/{id}"): "ListSchedules",
    ("GET", "/schedules/{id}/runs"): "ListSchedules",
    ("POST", "/schedules/preview"): "ListSchedules",
    ("POST", "/schedules/{id}/preview"): "ListSchedules",
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
PUBLIC_ROUTES = {("GET", "/health"), ("GET", "/"), ("GET", "/{file}")}


def _events(functions, kind):
    for name, properties in functions.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == kind:
                yield name, event["Properties"]


def test_routes_invoke_expected_functions(functions):
    found = {(event["Method"], event["Path"]): name for name, event in _events(functions, "HttpApi")}
    assert found == ROUTES


def test_routes_need_token_except_health_and_page(translated):
    paths = translated["Resources"]["Api"]["Properties"]["Body"]["paths"]
    security = {
        (method.upper(), path): operation["security"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert set(security) == set(ROUTES)
    assert {route for route, schemes in security.items() if schemes == [{"NONE": []}]} == PUBLIC_ROUTES
    assert all(security[route] == [{"Cognito": []}] for route in set(ROUTES) - PUBLIC_ROUTES)


def test_authorizer_accepts_tokens_of_this_pool_and_its_clients(source):
    authorizers = source["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]
    token = authorizers["Cognito"]["JwtConfiguration"]
    with_machine, without = token["audience"]["Fn::If"][1:]
    assert with_machine == [{"Ref": "UserPoolClient"}, {"Ref": "MachineUserPoolClient"}]
    assert without == [{"Ref": "UserPoolClient"}]
    assert "/${UserPool}" in token["issuer"]["Fn::Sub"]


def test_access_log_contains_no_path_or_query(source):
    text = source["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    entry = ast.literal_eval(text)
    assert entry["route"] == "$context.routeKey"
    assert not {"$context.path", "$context.protocol", "$context.extendedRequestId"} & set(entry.values())
    assert "query" not in text.lower()


def test_cors_allows_only_named_origins(source, translated):
    condition, allowed, otherwise = source["Resources"]["Api"]["Properties"]["CorsConfiguration"]["Fn::If"]
    assert (condition, otherwise) == ("HasFrontEnds", {"Ref": "AWS::NoValue"})
    assert allowed["AllowOrigins"] == {"Fn::Split": [",", {"Ref": "FrontEndOrigins"}]}
    assert "AllowCredentials" not in allowed
    parameter = source["Parameters"]["FrontEndOrigins"]
    assert parameter["Default"] == ""
    # SAM does not evaluate the condition, so it must pass on every setting.
    body = translated["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert set(body[1]) == {name[0].lower() + name[1:] for name in allowed}


@pytest.mark.parametrize(
    ("name", "value", "is_accepted"),
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
def test_parameter_pattern_accepts_exact_urls_only(source, name, value, is_accepted):
    assert bool(re.fullmatch(source["Parameters"][name]["AllowedPattern"], value)) is is_accepted


def test_api_throttles_requests(source):
    settings = source["Resources"]["Api"]["Properties"]["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"] <= 100


def test_user_pool_lets_only_administrators_create_accounts(source):
    pool = source["Resources"]["UserPool"]["Properties"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def test_client_has_no_secret_and_hides_whether_users_exist(source):
    client = source["Resources"]["UserPoolClient"]["Properties"]
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_client_accepts_passwords_only_without_managed_login(source):
    condition, managed, plain = source["Resources"]["UserPoolClient"]["Properties"]["ExplicitAuthFlows"][
        "Fn::If"
    ]
    assert condition == "HasLogin"
    assert managed == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert plain == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def test_page_and_user_pool_agree_on_passwords(source, root):
    """The page refuses a weak password itself, so that no try is lost."""
    policy = source["Resources"]["UserPool"]["Properties"]["Policies"]["PasswordPolicy"]
    kinds = {name for name, is_required in policy.items() if name.startswith("Require") and is_required}
    assert kinds == {"RequireLowercase", "RequireUppercase", "RequireNumbers", "RequireSymbols"}
    static = root / "functions/web/static"
    length = policy["MinimumLength"]
    assert f"/^.{{{length},}}$/su" in (static / "sign-in-errors.js").read_text()
    assert f"at least {length} characters" in (static / "sign-in-errors.js").read_text()
    assert f"At least {length} characters" in (static / "sign-in-form.js").read_text()
    days = {3: "three days"}[policy["TemporaryPasswordValidityDays"]]
    assert days in (static / "sign-in-errors.js").read_text()


def test_sign_in_leaves_time_to_set_up_an_authenticator_app(source):
    assert (
        source["Resources"]["UserPoolClient"]["Properties"]["AuthSessionValidity"] == 15
    )  # Cognito's maximum


@pytest.mark.parametrize(
    ("rule", "prefix", "providers", "is_accepted"),
    [
        ("ProvidersNeedManagedLogin", "", ["COGNITO"], True),
        ("ProvidersNeedManagedLogin", "", ["hospital"], False),
        ("ProvidersNeedManagedLogin", "", ["COGNITO", "hospital"], False),
        ("ProvidersNeedManagedLogin", "radiology", ["hospital"], True),
        ("ManagedLoginNeedsProvider", "radiology", ["COGNITO"], True),
        ("ManagedLoginNeedsProvider", "radiology", [""], False),
        ("ManagedLoginNeedsProvider", "radiology", [], False),
    ],
)
def test_rules_refuse_providers_with_which_nobody_could_sign_in(source, rule, prefix, providers, is_accepted):
    values = {"LoginDomainPrefix": prefix, "LoginProviders": providers}
    assert accepts(source["Rules"][rule], values) is is_accepted


def test_managed_login_issues_codes_for_few_scopes_and_returns_to_page(source):
    client = source["Resources"]["UserPoolClient"]["Properties"]
    assert client["AllowedOAuthFlows"]["Fn::If"][1] == ["code"]
    # aws.cognito.signin.user.admin would let users write the groups attribute of their own profile.
    assert client["AllowedOAuthScopes"]["Fn::If"][1] == ["openid", "profile"]
    assert client["CallbackURLs"] == client["LogoutURLs"]
    assert client["CallbackURLs"]["Fn::If"][1]["Fn::If"][2] == [{"Fn::Sub": "${AppUrl}/"}]


def test_managed_login_has_style_and_required_plan(source, resources):
    (domain,) = resources("AWS::Cognito::UserPoolDomain").values()
    (branding,) = resources("AWS::Cognito::ManagedLoginBranding").values()
    assert domain["Properties"]["ManagedLoginVersion"] == 2
    assert branding["Properties"]["ClientId"] == {"Ref": "UserPoolClient"}
    assert domain["Condition"] == branding["Condition"] == "HasLogin"
    assert source["Resources"]["UserPool"]["Properties"]["UserPoolTier"] == "ESSENTIALS"
    assert source["Parameters"]["LoginDomainPrefix"]["Default"] == ""


def test_group_mapping_is_created_only_with_a_claim(source):
    for name in ("ExportClaim", "AdminClaim", "PatientClaim"):
        assert source["Parameters"][name]["Default"] == ""
    for name in ("MapGroups", "MapGroupsPolicy", "MapGroupsPermission"):
        assert source["Resources"][name]["Condition"] == "MapsGroups"
    client = source["Resources"]["UserPoolClient"]["Properties"]["WriteAttributes"]["Fn::If"]
    assert client[0] == "MapsGroups"
    assert set(client[1]) - set(client[2]) == {"custom:groups"}
    trigger = source["Resources"]["UserPool"]["Properties"]["LambdaConfig"]["Fn::If"]
    assert trigger[0] == "MapsGroups"
    assert trigger[1]["PreTokenGenerationConfig"]["LambdaVersion"] == "V2_0"  # changes access tokens too


def test_group_mapping_may_change_only_group_memberships_of_the_pool(source, functions):
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
    assert functions["MapGroups"]["Timeout"] == 5  # Cognito does not wait longer


def test_groups_have_the_names_of_openrem(resources):
    groups = resources("AWS::Cognito::UserPoolGroup").values()
    names = {group["Properties"]["GroupName"] for group in groups}
    assert names == {"exportgroup", "admingroup", "pidgroup"}


def test_scheduled_functions_end_before_their_next_run(functions):
    intervals = {name: event["ScheduleExpression"] for name, event in _events(functions, "ScheduleV2")}
    assert intervals == {
        "SweepExports": "rate(1 minute)",
        "ReconcileSchedules": "rate(5 minutes)",
        "PreviewExport": "rate(1 day)",
    }
    assert functions["SweepExports"]["Timeout"] < 60
    assert functions["ReconcileSchedules"]["Timeout"] < 300


def test_machine_client_is_optional_and_uses_client_credentials_only(source):
    machine = source["Resources"]["MachineUserPoolClient"]
    assert (machine["Condition"], source["Parameters"]["MachineClient"]["Default"]) == (
        "HasMachineClient",
        "none",
    )
    properties = machine["Properties"]
    assert properties["GenerateSecret"] is True
    assert properties["AllowedOAuthFlows"] == ["client_credentials"]
    scopes = {scope for entry in source["Mappings"]["MachineScopes"].values() for scope in entry["Scopes"]}
    assert scopes - {"none"} == set(RIGHTS_OF_SCOPES)


def test_api_url_can_be_closed(translated):
    (server,) = translated["Resources"]["Api"]["Properties"]["Body"]["servers"]
    settings = server["x-amazon-apigateway-endpoint-configuration"]
    assert settings["disableExecuteApiEndpoint"] == {"Fn::If": ["ClosesApiUrl", True, False]}


def test_mails_without_app_url_name_the_api_or_nothing(source, functions):
    condition, own, otherwise = functions["SendNotifications"]["Environment"]["Variables"]["APP_URL"][
        "Fn::If"
    ]
    assert (condition, own) == ("HasAppUrl", {"Ref": "AppUrl"})
    assert otherwise["Fn::Sub"].startswith("https://${Api}.execute-api.")
    invitation = source["Resources"]["UserPool"]["Properties"]["AdminCreateUserConfig"][
        "InviteMessageTemplate"
    ]
    text, values = invitation["EmailMessage"]["Fn::Sub"]
    assert values == {"Place": {"Fn::If": ["HasAppUrl", {"Fn::Sub": " at ${AppUrl}"}, ""]}}
    assert "{username}" in text
    assert "{####}" in text
