"""Routes, authorizer, access log and people."""

import ast

ROUTES = {
    ("POST", "/exports"): "RequestExport",
    ("GET", "/exports"): "ListExports",
    ("GET", "/exports/{id}"): "GetExport",
    ("POST", "/exports/{id}/abort"): "AbortExport",
    ("POST", "/exports/{id}/download"): "DownloadExport",
    ("DELETE", "/exports/{id}"): "DeleteExports",
    ("DELETE", "/exports"): "DeleteExports",
    ("GET", "/export-types"): "ListTypes",
    ("POST", "/exports/preview"): "PreviewExport",
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
    assert token["audience"] == [{"Ref": "UserPoolClient"}]
    assert "/${UserPool}" in token["issuer"]["Fn::Sub"]


def test_the_access_log_never_holds_a_path_or_a_query(source):
    text = source["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    entry = ast.literal_eval(text)
    assert entry["route"] == "$context.routeKey"
    assert not {"$context.path", "$context.protocol", "$context.extendedRequestId"} & set(entry.values())
    assert "query" not in text.lower()


def test_one_exact_origin_may_call_from_a_browser(source):
    cors = source["Resources"]["Api"]["Properties"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == [{"Ref": "PageAddress"}]
    assert source["Parameters"]["PageAddress"]["Default"] == "https://page.invalid"
    assert "AllowCredentials" not in cors


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
    assert client["ExplicitAuthFlows"] == [{"Ref": "SignInFlow"}, "ALLOW_REFRESH_TOKEN_AUTH"]
    assert source["Parameters"]["SignInFlow"]["Default"] == "ALLOW_USER_SRP_AUTH"


def test_groups_are_named_as_openrem_names_them(resources):
    groups = resources("AWS::Cognito::UserPoolGroup").values()
    names = {group["Properties"]["GroupName"] for group in groups}
    assert names == {"exportgroup", "admingroup", "pidgroup"}


def test_the_sweep_runs_every_minute(functions):
    ((name, event),) = _events(functions, "ScheduleV2")
    assert (name, event["ScheduleExpression"]) == ("SweepExports", "rate(1 minute)")
    assert functions["SweepExports"]["Timeout"] < 60
