"""Check that cfn-lint accepts the template, as written and as CloudFormation receives it."""

import json


def test_cfn_lint_accepts_the_source(run):
    assert run("cfn-lint", "template.yaml") == ""


def test_cfn_lint_accepts_the_translated_template(run, translated, tmp_path):
    # Circular references appear only after translation, because SAM writes the body of the API.
    path = tmp_path / "translated.json"
    path.write_text(json.dumps(translated))
    assert run("cfn-lint", path) == ""


def test_cfn_lint_finds_a_circular_reference(run, translated, tmp_path):
    broken = json.loads(json.dumps(translated))
    address = {"Fn::GetAtt": ["Api", "ApiEndpoint"]}
    broken["Resources"]["UserPoolClient"]["Properties"]["CallbackURLs"] = [address]
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    command = f"cfn-lint {path} || true"
    assert "E3004" in run("sh", "-c", command)


def test_parameter_rules_survive_translation(source, translated):
    assert translated["Rules"] == source["Rules"]
    assert len(source["Rules"]) > 5


def test_translated_template_is_below_the_size_limit(translated):
    # The limit is 1 MB through S3, which `sam deploy` uses.
    assert len(json.dumps(translated)) < 200_000
