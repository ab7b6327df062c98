"""cfn-lint finds nothing, neither in what we write nor in what CloudFormation gets."""

import json


def test_the_source_passes_cfn_lint(run):
    assert run("cfn-lint", "template.yaml") == ""


def test_the_translated_template_passes_cfn_lint(run, translated, tmp_path):
    # Only here do circular references show, for SAM writes the API's body.
    path = tmp_path / "translated.json"
    path.write_text(json.dumps(translated))
    assert run("cfn-lint", path) == ""


def test_a_circular_reference_would_be_found(run, translated, tmp_path):
    broken = json.loads(json.dumps(translated))
    address = {"Fn::GetAtt": ["Api", "ApiEndpoint"]}
    broken["Resources"]["UserPoolClient"]["Properties"]["CallbackURLs"] = [address]
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    command = f"cfn-lint {path} || true"
    assert "E3004" in run("sh", "-c", command)


def test_the_rules_about_parameters_survive_translation(translated):
    rules = {
        "RetentionWithinMaximum",
        "VpcNeedsSecurityGroup",
        "DatabaseNeedsCredentials",
        "ManagedLoginNeedsAppUrl",
        "MachineClientNeedsManagedLogin",
        "ClaimsNeedManagedLogin",
    }
    assert set(translated["Rules"]) == rules


def test_the_template_is_under_cloudformations_limit(translated):
    # 1 MB by S3, as `sam deploy` does it; 51,200 bytes is the limit of a body given inline.
    assert len(json.dumps(translated)) < 200_000
